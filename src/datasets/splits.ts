/**
 * What the image datasets have in common: how many images are taken, what is held back for validation, how pixels are
 * normalised, and the buffers that threads share. Pixels are [count, height, width, channels], 0..255.
 */
import { createHash } from 'node:crypto';
import { either, integer, optional } from '../common/options.ts';
import { UserError } from '../common/problem.ts';
import { type Shape, sizeOf } from '../common/shape.ts';
import type { CountedFacts, LoadedDataset, Split } from './dataset.ts';

/** One number for all channels or one per channel, on the scale of value / 255. */
export interface Normalization {
  mean: number | number[];
  std: number | number[];
}

const perChannel = (number: object): object => ({ anyOf: [{ type: 'number', ...number }, { type: 'array', items: { type: 'number', ...number }, minItems: 1, maxItems: 64 }] });

/** The options that every dataset of images takes, `trainCount` and `testCount` being how many there are. */
export const splitOptions = (trainCount: number, testCount: number) => ({
  validation: integer({ about: 'Training images held back, from the end, to choose the best epoch by. 0: the test images choose it, which is said wherever it is shown.', default: 0, minimum: 0, maximum: trainCount }),
  train_count: integer({ about: 'How many of the training images to use (the first ones), those for validation included.', default: trainCount, minimum: 1, maximum: trainCount }),
  test_count: integer({ about: 'How many of the test images to use (the first ones).', default: testCount, minimum: 1, maximum: testCount }),
  normalize: optional(either<Normalization>([{
    type: 'object',
    properties: {
      mean: { ...perChannel({}), description: 'Subtracted; one number, or one per channel.' },
      std: { ...perChannel({ exclusiveMinimum: 0 }), description: 'Divided by; one number, or one per channel.' },
    },
    required: ['mean', 'std'],
    additionalProperties: false,
  }], { about: 'Pixels reach the network as (value / 255 - mean) / std. Without it: value / 255.' })),
});

/** The completed values of `splitOptions`. */
export interface SplitOptions {
  validation: number;
  train_count: number;
  test_count: number;
  normalize?: Normalization;
}

/** Facts about a dataset cut to size. Refuses a validation split that leaves nothing to train on. */
export function factsOf(dataset: string, shape: Shape, classNames: readonly string[], options: SplitOptions): CountedFacts {
  checkSplitOptions(dataset, shape, options);
  return { shape, classes: classNames.length, classNames, trainCount: options.train_count - options.validation, testCount: options.test_count };
}

/** Refuses what contradicts itself; `train_count` undefined: not known. */
export function checkSplitOptions(dataset: string, shape: Shape, options: { validation: number; train_count: number | undefined; normalize?: Normalization }): void {
  if (options.train_count !== undefined && options.validation >= options.train_count) {
    throw new UserError({
      code: 'nothing-to-train-on',
      message: `validation: ${options.validation} leaves none of the ${options.train_count} training images to train on`,
      fix: `choose less than ${options.train_count}`,
      path: `dataset.${dataset}.validation`,
    });
  }
  for (const part of ['mean', 'std'] as const) {
    const values = options.normalize?.[part];
    if (Array.isArray(values) && values.length !== shape.channels) {
      throw new UserError({
        code: 'wrong-channels',
        message: `${part} has ${values.length} numbers, the images have ${shape.channels} channel${shape.channels === 1 ? '' : 's'}`,
        fix: 'give one number, or one per channel',
        path: `dataset.${dataset}.normalize.${part}`,
      });
    }
  }
}

/** Room for `count` images in memory that threads can share. */
export function createSplit(shape: Shape, count: number): Split {
  return {
    pixels: new Uint8Array(new SharedArrayBuffer(count * sizeOf(shape))),
    labels: new Int32Array(new SharedArrayBuffer(count * Int32Array.BYTES_PER_ELEMENT)),
    count,
  };
}

/** The images [from, to) of a split, in the same memory. */
function part(split: Split, shape: Shape, from: number, to: number): Split {
  const size = sizeOf(shape);
  return { pixels: split.pixels.subarray(from * size, to * size), labels: split.labels.subarray(from, to), count: to - from };
}

/** Training images without the last `validation` of them, which become a split of their own; everything in the same memory. */
export function cutSplits(facts: CountedFacts, train: Split, test: Split): Pick<LoadedDataset, 'train' | 'test' | 'validation'> {
  if (facts.trainCount === train.count) return { train, test };
  return { train: part(train, facts.shape, 0, facts.trainCount), test, validation: part(train, facts.shape, facts.trainCount, train.count) };
}

/** SHA-256 of the pixels followed by the labels, for the record of a run. */
export function hashOf(split: Split): string {
  const labels = new Uint8Array(split.labels.buffer, split.labels.byteOffset, split.labels.byteLength);
  return createHash('sha256').update(split.pixels).update(labels).digest('hex');
}
