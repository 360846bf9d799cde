/** The contract of a dataset: what is known without data, and how to load it into memory. */
import type { Completed, Options } from '../common/options.ts';
import type { Shape } from '../common/shape.ts';

export interface DatasetFacts {
  shape: Shape;
  classes: number;
  classNames: readonly string[];
  trainCount: number;
  testCount: number;
}

/** One split in memory: pixels [count, height, width, channels] 0..255 in a SharedArrayBuffer. */
export interface Split {
  pixels: Uint8Array;
  labels: Int32Array;
  count: number;
}

export interface LoadedDataset extends DatasetFacts {
  train: Split;
  test: Split;
  /** Present where the entry asks for `validation: N`: taken from the end of the training images. */
  validation?: Split;
  /** Hash by file or generator, for run.json. */
  hashes: Record<string, string>;
  /** What is really trained on: `mnist`, or `synthetic-digits` where the configured data could not be had. */
  actual: string;
  /** Said loudly: why the data is not what the configuration names. */
  substitution?: string;
}

export interface LoadContext {
  /** Directories to look in, in order: EXP_DATA_DIR, then the cache. */
  dataDirectory?: string;
  cacheDirectory: string;
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
  /** Known without data; undefined fields where only the data tells. */
  facts(options: Completed<O>): DatasetFacts;
  load(options: Completed<O>, context: LoadContext): Promise<LoadedDataset>;
}

export function defineDataset<const O extends Options>(dataset: Dataset<O>): Dataset {
  return dataset as unknown as Dataset;
}
