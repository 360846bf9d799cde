/** Noise with random labels, of any shape: to try a network or to time it without data. Nothing can be learnt from it but by heart. */
import { either, integer, required } from '../common/options.ts';
import type { Completed } from '../common/options.ts';
import { philox, purpose } from '../common/random.ts';
import type { Shape } from '../common/shape.ts';
import { defineDataset } from './dataset.ts';
import type { CountedFacts, Split } from './dataset.ts';
import { createSplit, cutSplits, factsOf, hashOf, splitOptions } from './splits.ts';

const describedOptions = {
  shape: required(either<[number, number, number]>(
    [{ type: 'array', items: { type: 'integer', minimum: 1, maximum: 4096 }, minItems: 3, maxItems: 3 }],
    { about: 'Channels, height and width of the images, e.g. [3, 32, 32].' },
  )),
  classes: integer({ about: 'Number of classes.', default: 10, minimum: 2, maximum: 100_000 }),
  seed: integer({ about: 'Other seeds give other images.', default: 1, minimum: 0, maximum: 0xffffffff }),
  ...splitOptions(1_000_000, 1_000_000),
  train_count: integer({ about: 'Number of training images, those for validation included.', default: 1000, minimum: 1, maximum: 1_000_000 }),
  test_count: integer({ about: 'Number of test images.', default: 200, minimum: 1, maximum: 1_000_000 }),
};

export const random = defineDataset({
  name: 'random',
  summary: 'Noise with random labels, of any shape: to try or to time a network without data.',
  options: describedOptions,
  main: 'shape',
  facts: countedFacts,
  async load(options) {
    const facts = countedFacts(options);
    const train = createNoise(facts.shape, options.train_count, options.classes, options.seed, 0);
    const test = createNoise(facts.shape, options.test_count, options.classes, options.seed, 1);
    return { ...facts, ...cutSplits(facts, train, test), hashes: { train: hashOf(train), test: hashOf(test) }, found: 'made by a generator', actual: 'random' };
  },
});

function countedFacts(options: Completed<typeof describedOptions>): CountedFacts {
  const [channels, height, width] = options.shape;
  const classNames = Array.from({ length: options.classes }, (_, index) => String(index));
  return factsOf('random', { channels, height, width }, classNames, options);
}

function createNoise(shape: Shape, count: number, classes: number, seed: number, which: 0 | 1): Split {
  const split = createSplit(shape, count);
  const words = new Uint32Array(4);
  for (let at = 0, draw = 0; at < split.pixels.length; at += 16, draw++) {
    philox(draw, which, 0, 0, seed, purpose.synthetic, words);
    for (let i = 0; i < 16 && at + i < split.pixels.length; i++) split.pixels[at + i] = (words[i >> 2] >>> (8 * (i & 3))) & 255;
  }
  for (let i = 0; i < count; i++) {
    philox(i, which, 1, 0, seed, purpose.synthetic, words);
    split.labels[i] = words[0] % classes;
  }
  return split;
}
