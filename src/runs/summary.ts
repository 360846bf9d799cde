/** `summary.json`: the figures of a run, after every epoch. Metric names as in metrics.csv; accuracies are fractions, seconds of wall time. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeDurably } from '../common/durable.ts';
import type { FileSystem } from '../common/file-system.ts';
import { isRecord, toJson } from '../common/json.ts';
import type { EpochMetrics, TrainingState } from '../training/state.ts';
import { runFile } from './directory.ts';
import type { RunRecord } from './record.ts';

export interface Summary {
  /** Finished and planned. */
  epoch: number;
  epochs: number;
  last?: EpochMetrics;
  best?: EpochMetrics;
  /** The split on which the best epoch was chosen. */
  best_chosen_on: 'validation' | 'test';
  seconds: number;
  /** Of training, evaluation not counted. */
  images_per_second: number;
  parameters: number;
  /** For one image, forward. */
  multiply_adds: number;
  /** What was really trained on. */
  dataset: string;
  /** Why that is not what the configuration names. */
  substitution?: string;
}

export function summarize(state: TrainingState, record: RunRecord, chosenOn: 'validation' | 'test'): Summary {
  return {
    epoch: state.epoch,
    epochs: record.experiment.train.epochs,
    last: state.last,
    best: state.best,
    best_chosen_on: chosenOn,
    seconds: state.seconds,
    images_per_second: state.trainingSeconds > 0 ? state.trainedImages / state.trainingSeconds : 0,
    parameters: record.network.parameters,
    multiply_adds: record.network.multiply_adds,
    dataset: record.data.actual,
    ...(record.data.substitution !== undefined && { substitution: record.data.substitution }),
  };
}

export function writeSummary(directory: string, summary: Summary, files?: FileSystem): void {
  writeDurably(join(directory, runFile.summary), `${toJson(summary, 2)}\n`, files);
}

/** Undefined where there is none yet, or none that can be read. */
export function readSummary(directory: string): Summary | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(join(directory, runFile.summary), 'utf8'));
    return isSummary(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isSummary(value: unknown): value is Summary {
  return isRecord(value) && typeof value['epoch'] === 'number' && typeof value['parameters'] === 'number'
    && [value['last'], value['best']].every((each) => each === undefined || isRecord(each));
}
