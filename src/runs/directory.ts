/** Run directories: `runs/deepconvnet-003`, numbered and created exclusively, so that no two runs share one. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { naming, syncDirectory } from '../common/durable.ts';
import { nodeFileSystem } from '../common/file-system.ts';
import type { FileSystem } from '../common/file-system.ts';
import { UserError } from '../common/problem.ts';
import { takeOwnership } from './owner.ts';

/** The names of the files of a run. */
export const runFile = {
  config: 'config.yaml',
  source: 'config.source.yaml',
  overrides: 'overrides.yaml',
  metrics: 'metrics.csv',
  steps: 'steps.jsonl',
  summary: 'summary.json',
  log: 'log.txt',
  predictions: 'predictions.csv',
} as const;

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const runPattern = /^(.+)-(\d{3,})$/;

/** Creates `root/NAME-NNN` with the next free number and owns it. Returns its path. */
export function createRunDirectory(root: string, name: string, files: FileSystem = nodeFileSystem): string {
  checkName(name);
  naming(root, () => mkdirSync(root, { recursive: true }));
  for (let number = nextNumber(root, name, files); ; number++) {
    const path = join(root, `${name}-${String(number).padStart(3, '0')}`);
    if (naming(path, () => createExclusively(path, files))) {
      naming(path, () => {
        takeOwnership(path);
        files.makeDirectory(join(path, 'checkpoints'));
        syncDirectory(root, files);
      });
      return path;
    }
  }
}

function checkName(name: string): void {
  if (namePattern.test(name)) return;
  throw new UserError({
    code: 'run-name',
    message: `"${name}" cannot name a run`,
    fix: 'use letters, digits, dots, dashes and underscores, beginning with a letter or a digit, at most 100',
  });
}

function createExclusively(path: string, files: FileSystem): boolean {
  try {
    files.makeDirectory(path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function nextNumber(root: string, name: string, files: FileSystem): number {
  const numbers = naming(root, () => files.list(root)).map((entry) => runPattern.exec(entry)).filter((match) => match?.[1] === name).map((match) => Number(match?.[2]));
  return Math.max(0, ...numbers) + 1;
}
