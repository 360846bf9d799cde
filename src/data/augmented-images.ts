/** What training makes of an image, to be looked at: by the very code that fills batches, as bytes again. */
import { sizeOf } from '../common/shape.ts';
import type { AugmentationEntry } from '../config/experiment.ts';
import type { LoadedDataset } from '../datasets/dataset.ts';
import { createBatcher } from './batches.ts';
import { imageSource } from './source.ts';

export interface AugmentedRequest {
  dataset: Pick<LoadedDataset, 'shape' | 'train'>;
  augmentation: readonly AugmentationEntry[];
  seed: number;
  /** Indices of training images. */
  samples: readonly number[];
  /** From 0, as the batcher counts. */
  epochs: readonly number[];
}

/** A row for each sample: the original, then the image of each epoch; [height, width, channels], 0..255. */
export function augmentedImages({ dataset: { shape, train }, augmentation, seed, samples, epochs }: AugmentedRequest): Uint8Array[][] {
  const size = sizeOf(shape);
  const { channels, width } = shape;
  // Without normalisation: value / 255, which bytes are made of again.
  const unchanged = { type: '', options: {} };
  const batcher = createBatcher(imageSource(train, { shape }, unchanged, { augmentation, shuffle: false, seed }));
  const target = new Float32Array(size);
  return samples.map((sample) => [
    train.pixels.slice(sample * size, (sample + 1) * size),
    ...epochs.map((epoch) => {
      batcher.fill(sample, epoch, target, 0, width * channels, channels);
      return Uint8Array.from(target, (value) => Math.round(Math.min(1, Math.max(0, value)) * 255));
    }),
  ]);
}
