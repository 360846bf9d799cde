/**
 * Handwriting-like digits of our own, 28×28 as MNIST's, for where MNIST cannot be had: strokes drawn with a pen whose
 * slant, size, thickness and hand differ from image to image. The same seed gives the same bytes on every machine.
 */
import { integer } from '../common/options.ts';
import { defineDataset, type Split } from './dataset.ts';
import { createDigitPainter, digitSize } from './digits/paint.ts';
import { createSplit, cutSplits, factsOf, hashOf, splitOptions } from './splits.ts';

const shape = { channels: 1, height: digitSize, width: digitSize };
const classNames = Array.from({ length: 10 }, (_, digit) => String(digit));

/** Where the test images begin in the generator's numbering: no training image is ever one of them. */
const testFrom = 1 << 24;

export const syntheticDigits = defineDataset({
  name: 'synthetic-digits',
  summary: 'Handwriting-like digits made by a generator: 60,000 training and 10,000 test images of 1×28×28, 10 classes, in seconds and without a network.',
  options: {
    seed: integer({ about: 'Other seeds give other images. Not the seed of the experiment: runs with different seeds train on the same data.', default: 1, minimum: 0, maximum: 0xffffffff }),
    ...splitOptions(60_000, 10_000),
  },
  facts(options) {
    return factsOf('synthetic-digits', shape, classNames, options);
  },
  async load(options, context) {
    const facts = factsOf('synthetic-digits', shape, classNames, options);
    const train = await createDigits(options.seed, 0, options.train_count, context.signal);
    const test = await createDigits(options.seed, testFrom, options.test_count, context.signal);
    return { ...facts, ...cutSplits(facts, train, test), hashes: { train: hashOf(train), test: hashOf(test) }, found: 'made by a generator', actual: 'synthetic-digits' };
  },
});

/** The images numbered [from, from + count). Lets signals and the screen have their turn a few times a second. */
async function createDigits(seed: number, from: number, count: number, signal?: AbortSignal): Promise<Split> {
  const split = createSplit(shape, count);
  const paint = createDigitPainter(seed);
  const size = digitSize * digitSize;
  for (let i = 0; i < count; i++) {
    split.labels[i] = paint(from + i, split.pixels.subarray(i * size, (i + 1) * size));
    if (i % 2000 === 1999) {
      await new Promise(setImmediate);
      signal?.throwIfAborted();
    }
  }
  return split;
}
