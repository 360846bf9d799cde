/**
 * The order of an epoch, and images written into the network's input: normalised float32, channels last, with the
 * strides that the engine's layout asks for. Runs inside compute threads: buffers are made once, and everything drawn
 * is keyed by (seed, epoch, sample), so that no thread and no order changes what is written.
 */
import type { Affine, Augmentation, Fill } from '../augmentations/augmentation.ts';
import { fills } from '../augmentations/augmentation.ts';
import { augmentationNamed } from '../augmentations/index.ts';
import type { Completed, Options } from '../common/options.ts';
import { purpose, RandomStream } from '../common/random.ts';
import type { ImageSource } from '../engines/engine.ts';
import { createWarper, type Warper } from './warp.ts';

export interface Batcher {
  /** The samples in the order in which the epoch visits them; valid until another epoch is asked for. */
  order(epoch: number): Uint32Array;
  /**
   * Writes one image: channel c of pixel (x, y) at `offset + y * rowStride + x * pixelStride + c`, strides in floats.
   * Augmentations apply in the order of the list and compose into one map, so that the image is sampled once
   * (bilinear). Where those applied fill from outside in different ways, reflect wins over edge and edge over zero:
   * who asks for no black border anywhere gets none.
   */
  fill(sample: number, epoch: number, target: Float32Array, offset: number, rowStride: number, pixelStride: number): void;
}

interface Step {
  augmentation: Augmentation;
  options: Completed<Options>;
  probability: number;
}

export function createBatcher(source: ImageSource): Batcher {
  const { channels, height, width, pixels } = source;
  const shape = { channels, height, width };
  const size = channels * height * width;
  const values = normalizedValues(source);
  const steps = source.augmentation.map(stepOf);
  const warper: Warper | undefined = steps.length > 0 ? createWarper(shape, values) : undefined;
  const random = new RandomStream(source.seed, purpose.augmentation);
  const total: Affine = { a: 1, b: 0, c: 0, d: 0, e: 1, f: 0 };
  const order = { epoch: -1, samples: new Uint32Array(source.count).map((_, index) => index) };

  /** Composes the maps of the steps drawn for this image into `total`; the fill, or undefined where none applies. */
  function composeWarps(sample: number, epoch: number): Fill | undefined {
    let strongest = -1;
    for (let position = 0; position < steps.length; position++) {
      const step = steps[position];
      random.moveTo(epoch, sample, position);
      if (step.probability < 1 && random.uniform() >= step.probability) continue;
      const { affine, fill } = step.augmentation.warp!(step.options, shape, random);
      if (strongest < 0) Object.assign(total, affine);
      else append(total, affine);
      strongest = Math.max(strongest, fills.indexOf(fill));
    }
    return strongest < 0 ? undefined : fills[strongest];
  }

  return {
    order(epoch) {
      if (source.shuffle && epoch !== order.epoch) shuffle(order.samples, source.seed, epoch);
      order.epoch = epoch;
      return order.samples;
    },
    fill(sample, epoch, target, offset, rowStride, pixelStride) {
      const first = sample * size;
      const fill = warper && composeWarps(sample, epoch);
      if (warper && fill) warper.write(pixels, first, total, fill, target, offset, rowStride, pixelStride);
      else writePlain(first, target, offset, rowStride, pixelStride);
    },
  };

  function writePlain(first: number, target: Float32Array, offset: number, rowStride: number, pixelStride: number): void {
    let from = first;
    for (let y = 0; y < height; y++) {
      const row = offset + y * rowStride;
      if (channels === 1) {
        for (let x = 0; x < width; x++) target[row + x * pixelStride] = values[pixels[from + x]];
        from += width;
      } else {
        for (let x = 0; x < width; x++) {
          for (let channel = 0; channel < channels; channel++) target[row + x * pixelStride + channel] = values[(channel << 8) | pixels[from++]];
        }
      }
    }
  }
}

/** (pixel / 255 - mean) / deviation for the 256 pixel values of each channel: [channels, 256]. */
function normalizedValues({ channels, mean, deviation }: ImageSource): Float32Array {
  return new Float32Array(channels * 256).map((_, index) => ((index & 255) / 255 - mean[index >> 8]) / deviation[index >> 8]);
}

function stepOf(entry: ImageSource['augmentation'][number]): Step {
  const augmentation = augmentationNamed(entry.type);
  if (!augmentation?.warp) throw new Error(`no augmentation "${entry.type}"`);
  return { augmentation, options: entry.options, probability: entry.probability };
}

/** `total` followed by `next`: positions go through `next` first, because maps lead from output to input. */
function append(total: Affine, next: Affine): void {
  const { a, b, c, d, e, f } = total;
  total.a = a * next.a + b * next.d;
  total.b = a * next.b + b * next.e;
  total.c = a * next.c + b * next.f + c;
  total.d = d * next.a + e * next.d;
  total.e = d * next.b + e * next.e;
  total.f = d * next.c + e * next.f + f;
}

/** Fisher and Yates, from the identity, keyed by (seed, epoch). */
function shuffle(samples: Uint32Array, seed: number, epoch: number): void {
  const random = new RandomStream(seed, purpose.shuffle, epoch);
  for (let i = 0; i < samples.length; i++) samples[i] = i;
  for (let i = samples.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const kept = samples[i];
    samples[i] = samples[j];
    samples[j] = kept;
  }
}
