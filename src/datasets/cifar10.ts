/**
 * CIFAR-10: 50,000 + 10,000 colour photographs of 32×32 in ten classes (Krizhevsky, 2009). Found as class folders in an
 * archive `cifar10-images.tar.gz` in EXP_DATA_DIR, else as its authors' binary version there, in the cache or downloaded.
 * The record tells them apart: image files that were compressed as JPEG are not quite the same pictures. Where neither can
 * be had, `offline` names what to train on instead, and the substitution is kept in what is returned.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { choice, either, optional } from '../common/options.ts';
import { type Problem, runFailure } from '../common/problem.ts';
import { cifar10Archive, findCifar10, readCifar10 } from './cifar10-binary.ts';
import { defineDataset, type LoadContext, type LoadedDataset } from './dataset.ts';
import { imageFolder } from './image-folder.ts';
import { random } from './random.ts';
import { createSplit, cutSplits, factsOf, type SplitOptions, splitOptions } from './splits.ts';

const shape = { channels: 3, height: 32, width: 32 };
const classNames = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];
const imagesName = 'cifar10-images.tar.gz';

export const cifar10 = defineDataset({
  name: 'cifar10',
  summary: 'CIFAR-10: 50,000 training and 10,000 test images of 3×32×32, 10 classes.',
  source: 'Krizhevsky: Learning multiple layers of features from tiny images, 2009; the archive is checked by SHA-256, its authors publish the MD5 c32a1d4ab5d03f1284b67883e8d87530',
  options: {
    offline: optional(choice(['random'], { about: 'What to train on where CIFAR-10 cannot be had: noise of the same shape, which only tries the network and its speed. Said loudly and kept in the record. Without it the run stops.' })),
    mirrors: either<string[]>(
      [{ type: 'array', items: { type: 'string', pattern: '^https?://' }, minItems: 1, maxItems: 16 }],
      { about: `Where to download from, in order: addresses of the folder that holds ${cifar10Archive.name}.`, default: ['https://www.cs.toronto.edu/~kriz/'] },
    ),
    ...splitOptions(50_000, 10_000),
  },
  facts(options) {
    return factsOf('cifar10', shape, classNames, options);
  },
  async load({ mirrors, offline, ...options }, context) {
    const facts = factsOf('cifar10', shape, classNames, options);
    const images = context.dataDirectory === undefined ? undefined : join(context.dataDirectory, imagesName);
    if (images !== undefined && existsSync(images)) {
      const loaded = await imageFolder.load({ ...options, path: images, size: 32, channels: 3, fit: 'crop', classes: classNames }, context);
      return { ...loaded, actual: 'cifar10-images' };
    }
    const found = await findCifar10(mirrors, context);
    if ('problem' in found) return substitute(found.problem, offline, options, context);
    const [train, test] = [createSplit(shape, options.train_count), createSplit(shape, options.test_count)];
    await readCifar10(found.packed, train, test);
    return { ...facts, ...cutSplits(facts, train, test), hashes: { [cifar10Archive.name]: cifar10Archive.sha256 }, found: found.found, actual: 'cifar10' };
  },
});

/** Trains on what the configuration names for this case; without such a line, the problem stops the run. */
async function substitute(problem: Problem, offline: 'random' | undefined, options: SplitOptions, context: LoadContext): Promise<LoadedDataset> {
  if (offline === undefined) throw runFailure(problem);
  const loaded = await random.load({ ...options, shape: [3, 32, 32], classes: classNames.length, seed: 1 }, context);
  return { ...loaded, substitution: `${problem.message}; training on random noise instead, from which nothing can be learnt` };
}
