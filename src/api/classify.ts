/** From pixels to classes with probabilities. */
import type { Entry } from '../common/entry.ts';
import { exp } from '../common/math.ts';
import { sizeOf } from '../common/shape.ts';
import type { Shape } from '../common/shape.ts';
import { imageSource } from '../data/index.ts';
import { datasetFacts } from '../datasets/index.ts';
import type { RunModel } from './run-model.ts';

export interface Ranked {
  /** Index of the class. */
  class: number;
  name: string;
  probability: number;
}

/** For every image ([height, width, channels], 0..255) all classes, the most probable first. */
export async function classifyPixels({ engine, network, experiment }: Pick<RunModel, 'engine' | 'network' | 'experiment'>, images: readonly Uint8Array[]): Promise<Ranked[][]> {
  const inputs = normalizePixels(images, network.input, experiment.dataset);
  const outputs = await engine.forward(inputs, images.length);
  const logits = outputs.get('output')?.data ?? new Float32Array();
  const names = datasetFacts(experiment.dataset).classNames;
  return images.map((_, index) => rank(logits.subarray(index * network.classes, (index + 1) * network.classes), names));
}

/** [count, channels, height, width] as the network reads them: (pixel / 255 - mean) / deviation. `entry`: the experiment's dataset. */
export function normalizePixels(images: readonly Uint8Array[], shape: Shape, entry: Entry): Float32Array {
  const { channels, height, width } = shape;
  const none = { pixels: new Uint8Array(), labels: new Int32Array(), count: 0 };
  const { mean, deviation } = imageSource(none, { shape }, entry, { augmentation: [], shuffle: false, seed: 0 });
  const inputs = new Float32Array(images.length * sizeOf(shape));
  images.forEach((pixels, image) => {
    for (let channel = 0; channel < channels; channel++) {
      for (let cell = 0; cell < height * width; cell++) {
        inputs[(image * channels + channel) * height * width + cell] = (pixels[cell * channels + channel] / 255 - mean[channel]) / deviation[channel];
      }
    }
  });
  return inputs;
}

/** Softmax: exp(logit - largest) / sum. */
function rank(logits: Float32Array, names: readonly string[]): Ranked[] {
  const largest = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const weights = Array.from(logits, (logit) => exp(logit - largest));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight, index) => ({ class: index, name: names[index] ?? String(index), probability: weight / sum })).sort((a, b) => b.probability - a.probability);
}
