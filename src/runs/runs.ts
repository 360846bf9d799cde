/** Reading runs: what lies in a directory, its status (derived, never stored), lists of runs. Reads small files only. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ownerState } from './owner.ts';
import { readRecord } from './record.ts';
import type { RunRecord } from './record.ts';
import { readSummary } from './summary.ts';
import type { Summary } from './summary.ts';

/** `damaged`: a run's directory without a readable record (also: begun this instant). */
export type Status = 'running' | 'completed' | 'interrupted' | 'failed' | 'diverged' | 'damaged';

export interface Run {
  path: string;
  /** The directory's name. */
  id: string;
  status: Status;
  record?: RunRecord;
  summary?: Summary;
}

/** Undefined where the directory is no run. */
export function readRun(path: string): Run | undefined {
  const record = readRecord(path);
  if (!record && !looksLikeRun(path)) return undefined;
  return { path, id: basename(path), status: statusOf(path, record), record, summary: readSummary(path) };
}

/** The runs in a directory, oldest first; none where the directory is absent. */
export function listRuns(root: string): Run[] {
  const names = existsSync(root) ? readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name) : [];
  const runs = names.map((name) => readRun(join(root, name))).filter((run) => run !== undefined);
  return runs.sort((a, b) => compareText(startOf(a), startOf(b)) || compareText(a.id, b.id));
}

function statusOf(path: string, record: RunRecord | undefined): Status {
  if (record?.ended) return record.ended.outcome;
  const owner = ownerState(path);
  if (owner === 'alive' || owner === 'elsewhere') return 'running';
  return record ? 'interrupted' : 'damaged';
}

function looksLikeRun(path: string): boolean {
  return existsSync(join(path, 'checkpoints')) || existsSync(join(path, 'owner.json'));
}

/** Without a record the directory's own time must do. */
function startOf(run: Run): string {
  return run.record?.started ?? new Date(statSync(run.path).birthtimeMs).toISOString();
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
