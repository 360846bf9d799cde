/** The catalogue of datasets, what is known of one without its data, and how to load one. Adding a dataset is a file and a line here. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Entry } from '../common/entry.ts';
import { UserError } from '../common/problem.ts';
import type { Dataset, DatasetFacts, DataLocations, LoadContext, LoadedDataset } from './dataset.ts';
import { cifar10 } from './cifar10.ts';
import { imageFolder } from './image-folder.ts';
import { mnist } from './mnist.ts';
import { random } from './random.ts';
import { syntheticDigits } from './synthetic-digits.ts';

export const datasets: readonly Dataset[] = [mnist, syntheticDigits, cifar10, imageFolder, random];

export function datasetNamed(name: string): Dataset | undefined {
  return datasets.find((each) => each.name === name);
}

/** Shape, classes and counts, known without reading any image. Throws UserError where the options contradict each other or the data. */
export function datasetFacts(entry: Entry, locations: DataLocations = dataLocations(process.env)): DatasetFacts {
  return known(entry.type).facts(entry.options, locations);
}

/** Reads, downloads or generates the images. Throws UserError where they cannot be had. */
export function loadDataset(entry: Entry, context: LoadContext): Promise<LoadedDataset> {
  return known(entry.type).load(entry.options, context);
}

/**
 * The same dataset cut to its first training images, and with as few others as can be: every dataset of images takes
 * these options, and its first images do not depend on how many follow.
 */
export function withFirstImages(entry: Entry, count: number): Entry {
  return { ...entry, options: { ...entry.options, train_count: count, test_count: 1, validation: 0 } };
}

/** Where data is looked for, by the environment: EXP_DATA_DIR, then the cache (XDG_CACHE_HOME/exp, else ~/.cache/exp). */
export function dataLocations(environment: Readonly<Record<string, string | undefined>>): DataLocations {
  const cache = environment.XDG_CACHE_HOME || join(homedir(), '.cache');
  return { ...(environment.EXP_DATA_DIR ? { dataDirectory: environment.EXP_DATA_DIR } : {}), cacheDirectory: join(cache, 'exp') };
}

function known(name: string): Dataset {
  const dataset = datasetNamed(name);
  if (!dataset) {
    throw new UserError({ code: 'unknown-dataset', message: `there is no dataset "${name}"`, fix: `there are: ${datasets.map((each) => each.name).join(', ')}`, path: 'dataset' });
  }
  return dataset;
}
