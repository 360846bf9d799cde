/** Joins a split of a dataset with what the experiment says about reading it. */
import type { Entry } from '../common/entry.ts';
import type { AugmentationEntry } from '../config/experiment.ts';
import type { LoadedDataset, Split } from '../datasets/dataset.ts';
import type { Normalization } from '../datasets/splits.ts';
import type { ImageSource } from '../engines/engine.ts';

/** Plain data around the split's shared memory, so that compute threads read it in place. `entry` is the experiment's dataset entry. */
export function imageSource(
  split: Split,
  dataset: Pick<LoadedDataset, 'shape'>,
  entry: Entry,
  how: { augmentation: readonly AugmentationEntry[]; shuffle: boolean; seed: number },
): ImageSource {
  const { channels, height, width } = dataset.shape;
  const normalize = entry.options.normalize as Normalization | undefined;
  const perChannel = (value: number | readonly number[]): number[] => Array.from({ length: channels }, (_, index) => (typeof value === 'number' ? value : value[index]));
  return {
    pixels: split.pixels,
    labels: split.labels,
    count: split.count,
    channels,
    height,
    width,
    mean: perChannel(normalize?.mean ?? 0),
    deviation: perChannel(normalize?.std ?? 1),
    ...how,
  };
}
