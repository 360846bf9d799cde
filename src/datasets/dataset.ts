/** The contract of a dataset: what is known without data, and how to load it into memory. */
import type { Completed, Options } from '../common/options.ts';
import type { Shape } from '../common/shape.ts';

export interface DatasetFacts {
  shape: Shape;
  classes: number;
  /** Numbers, where only the data tells the names and it is not there. */
  classNames: readonly string[];
  /** Undefined where only the data tells and it is not there. */
  trainCount: number | undefined;
  testCount: number | undefined;
}

/** Facts with all counts known. */
export interface CountedFacts extends DatasetFacts {
  trainCount: number;
  testCount: number;
}

/** One split in memory: pixels [count, height, width, channels] 0..255 in a SharedArrayBuffer. */
export interface Split {
  pixels: Uint8Array;
  labels: Int32Array;
  count: number;
}

export interface LoadedDataset extends CountedFacts {
  train: Split;
  test: Split;
  /** Present where the entry asks for `validation: N`: taken from the end of the training images. */
  validation?: Split;
  /** Hash by file or generator, for run.json. */
  hashes: Record<string, string>;
  /** Where the images were found: a path, or how they were made. For people. */
  found?: string;
  /** What is really trained on: `mnist`, or `synthetic-digits` where the configured data could not be had. */
  actual: string;
  /** Said loudly: why the data is not what the configuration names. */
  substitution?: string;
}

/** Directories to look in, in order: EXP_DATA_DIR, then the cache. */
export interface DataLocations {
  dataDirectory?: string;
  cacheDirectory: string;
}

export interface LoadContext extends DataLocations {
  seed: number;
  /** One line for a person: a download's progress. */
  report(message: string): void;
  signal?: AbortSignal;
  /** How long download servers may stay silent before all of them are given up, in milliseconds. Default 10,000. */
  patienceMilliseconds?: number;
}

export interface Dataset<O extends Options = Options> {
  name: string;
  summary: string;
  options: O;
  main?: keyof O & string;
  source?: string;
  /** Known without reading images: from the options, or from the names of files. Throws UserError where it cannot be told. */
  facts(options: Completed<O>, locations: DataLocations): DatasetFacts;
  load(options: Completed<O>, context: LoadContext): Promise<LoadedDataset>;
}

export function defineDataset<const O extends Options>(dataset: Dataset<O>): Dataset {
  return dataset as unknown as Dataset;
}
