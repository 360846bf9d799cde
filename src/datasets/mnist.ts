/**
 * MNIST: 60,000 + 10,000 handwritten digits of 28×28 (LeCun, Cortes, Burges). Found in EXP_DATA_DIR or the cache, else
 * downloaded on first use; what is read is always checked by SHA-256. Where it cannot be had, `offline` names what to
 * train on instead, and the substitution is kept in what is returned.
 */
import { either, choice, optional } from '../common/options.ts';
import { type Problem, runFailure } from '../common/problem.ts';
import { defineDataset, type LoadContext, type LoadedDataset, type Split } from './dataset.ts';
import { checkLabels, parseIdx } from './idx.ts';
import { findMnist, type MnistFile, type MnistFiles, mnistFiles } from './mnist-files.ts';
import { createSplit, cutSplits, factsOf, splitOptions } from './splits.ts';
import { syntheticDigits } from './synthetic-digits.ts';

const shape = { channels: 1, height: 28, width: 28 };
const classNames = Array.from({ length: 10 }, (_, digit) => String(digit));

export const mnist = defineDataset({
  name: 'mnist',
  summary: 'The MNIST digits: 60,000 training and 10,000 test images of 1×28×28, 10 classes.',
  source: 'LeCun, Cortes, Burges: The MNIST database of handwritten digits',
  options: {
    offline: optional(choice(['synthetic-digits'], { about: 'What to train on where MNIST cannot be had; said loudly and kept in the record. Without it the run stops.' })),
    mirrors: either<string[]>(
      [{ type: 'array', items: { type: 'string', pattern: '^https?://' }, minItems: 1, maxItems: 16 }],
      {
        about: 'Where to download from, in order: addresses of the folder that holds train-images-idx3-ubyte.gz and the three other files.',
        default: ['https://ossci-datasets.s3.amazonaws.com/mnist/', 'https://storage.googleapis.com/cvdf-datasets/mnist/'],
      },
    ),
    ...splitOptions(60_000, 10_000),
  },
  facts(options) {
    return factsOf('mnist', shape, classNames, options);
  },
  async load(options, context) {
    const facts = factsOf('mnist', shape, classNames, options);
    const found = await findMnist(options.mirrors, context);
    if ('problem' in found) return substitute(found.problem, options, context);
    const train = parseSplit(found.files, 'train-images', 'train-labels', options.train_count);
    const test = parseSplit(found.files, 'test-images', 'test-labels', options.test_count);
    const hashes = Object.fromEntries(Object.entries(mnistFiles).map(([name, file]) => [name, file.sha256]));
    return { ...facts, ...cutSplits(facts, train, test), hashes, found: found.found, actual: 'mnist' };
  },
});

function parseSplit(files: MnistFiles, images: MnistFile, labels: MnistFile, count: number): Split {
  const pixels = parseIdx(files[images], 3, images), classes = parseIdx(files[labels], 1, labels);
  checkLabels(classes.values, classNames.length, labels);
  const split = createSplit(shape, count);
  split.pixels.set(pixels.values.subarray(0, split.pixels.length));
  split.labels.set(classes.values.subarray(0, count));
  return split;
}

type Substitutable = Parameters<typeof factsOf>[3] & { offline?: 'synthetic-digits' };

/** Trains on what the configuration names for this case; without such a line, the problem stops the run. */
async function substitute(problem: Problem, options: Substitutable, context: LoadContext): Promise<LoadedDataset> {
  if (options.offline === undefined) throw runFailure(problem);
  const { train_count, test_count, validation, normalize } = options;
  const loaded = await syntheticDigits.load({ train_count, test_count, validation, normalize, seed: 1 }, context);
  return { ...loaded, substitution: `${problem.message}; training on synthetic-digits instead` };
}
