/** Experiments for tests, written to a folder of their own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { examineExperiment, loadExperiment } from '../../src/config/index.ts';
import type { LoadedExperiment } from '../../src/config/index.ts';
import type { Problem } from '../../src/common/problem.ts';

const folder = mkdtempSync(join(tmpdir(), 'exp-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

export const small = `
dataset: mnist
model:
  layers:
    - conv: { filters: 8, kernel: 3 }
    - relu
    - conv: { filters: 16 }
    - maxpool: 2
    - { dense: 20, name: hidden }
    - dense: classes
train:
  epochs: 2
  optimizer: { sgd: { lr: 0.1, momentum: 0.9 } }
`;

export function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

export function load(text: string, overrides: string[] = [], environment: Record<string, string> = {}): LoadedExperiment {
  return loadExperiment({ file: write('experiment.yaml', text), overrides, environment });
}

/** Processor time of this process: what else the machine does matters less to it than to a clock. */
export function processorMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** `LINE:COLUMN message (fix)` of every problem; `-:` for the command line. */
export function complaints(text: string, overrides: string[] = [], environment: Record<string, string> = {}): string[] {
  return examineExperiment({ file: write('experiment.yaml', text), overrides, environment }).problems.map(describe);
}

function describe({ where, message, fix }: Problem): string {
  const place = where?.file === 'command line' ? `-:${where.column}` : `${where?.line}:${where?.column}`;
  return `${place} ${message} (${fix})`;
}
