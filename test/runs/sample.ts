/** Records, summaries and whole run directories made up for tests. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { LayerEntry } from '../../src/config/experiment.ts';
import type { PlainExperiment, RunRecord } from '../../src/runs/record.ts';
import { configHash } from '../../src/runs/record.ts';
import type { Summary } from '../../src/runs/summary.ts';

/** In memory where the system has such a place, because these tests sync thousands of files; removed at the end. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'exp-runs-'));
  made.push(directory);
  return directory;
}

const made: string[] = [];
afterAll(() => { for (const directory of made) rmSync(directory, { recursive: true, force: true }); });

export const conv = (filters: number, padding = 1): LayerEntry => ({ type: 'conv', options: { filters, kernel: 3, stride: 1, padding, bias: true } });
export const relu: LayerEntry = { type: 'relu', options: {} };
export const dense = (units: number | 'classes'): LayerEntry => ({ type: 'dense', options: { units, bias: true } });

export function sampleExperiment(change: (experiment: PlainExperiment) => void = () => {}): PlainExperiment {
  const experiment: PlainExperiment = {
    name: 'tiny',
    seed: 1,
    dataset: { type: 'random', options: { train_count: 95, test_count: 50 } },
    model: { initializer: { type: 'he', options: {} }, layers: [conv(16), relu, conv(16), relu, conv(32), relu, conv(32, 2), relu, dense(50), dense('classes')], heads: {} },
    augmentation: [],
    train: {
      epochs: 3, batch_size: 10, loss: { type: 'cross_entropy', options: { label_smoothing: 0 } },
      optimizer: { type: 'adam', options: { lr: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } },
      schedule: { type: 'constant', options: { warmup_epochs: 0, warmup_steps: 0 } },
    },
  };
  change(experiment);
  return experiment;
}

export function sampleRecord(change: Partial<RunRecord> = {}): RunRecord {
  const experiment = change.experiment ?? sampleExperiment();
  return {
    version: 1, id: 'tiny-001', command: ['exp', 'run', 'tiny.yaml'], seed: experiment.seed, started: '2026-01-01T10:00:00.000Z', resumed: [],
    host: { name: 'here', processor: 'a processor', cores: 2, memory_bytes: 1e9 }, versions: { exp: '0.1.0', node: '24.0.0', v8: '13' },
    engine: { name: 'fake', numerics: 'fake', details: {}, threads: 2 }, data: { configured: experiment.dataset.type, actual: experiment.dataset.type },
    network: { layers: 10, parameters: 1234, multiply_adds: 5678 }, identity: { config: configHash(experiment), data: { random: 'abc' }, numerics: 'fake' },
    experiment, ...change,
  };
}

export function sampleSummary(change: Partial<Summary> = {}): Summary {
  const last = { epoch: 3, step: 30, seconds: 1.5, lr: 0.001, 'train/loss': 0.1, 'train/accuracy': 0.97, 'test/loss': 0.05, 'test/accuracy': 0.98 };
  const best = { ...last, epoch: 2, step: 20, 'test/accuracy': 0.985 };
  return { epoch: 3, epochs: 3, last, best, best_chosen_on: 'test', seconds: 83, images_per_second: 8120, parameters: 1234, multiply_adds: 5678, dataset: 'random', ...change };
}

const ended = { at: '2026-01-01T10:02:00.000Z', outcome: 'completed' } as const;

/** A run's small files, as `exp ls` and `exp compare` read them. Returns its path. */
export function makeRun(root: string, id: string, record: Partial<RunRecord> = {}, summary: Partial<Summary> | 'none' = {}): string {
  const path = join(root, id);
  mkdirSync(join(path, 'checkpoints'), { recursive: true });
  writeFileSync(join(path, 'run.json'), JSON.stringify(sampleRecord({ id, ended, ...record })));
  if (summary !== 'none') writeFileSync(join(path, 'summary.json'), JSON.stringify(sampleSummary(summary)));
  return path;
}
