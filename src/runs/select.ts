/**
 * Which runs a person means: a path, a pattern (`runs/*`, also where the shell did not expand it), a name, the unique
 * beginning of one, a number from `exp ls`, `latest` or `best`.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../common/problem.ts';
import { nearestName } from '../config/words.ts';
import { expandPattern, isPattern } from './pattern.ts';
import { listRuns, readRun } from './runs.ts';
import type { Run } from './runs.ts';

/** All that the words select, each run once, in their order. Throws UserError naming every word that selects nothing. */
export function selectRuns(words: readonly string[], root: string): Run[] {
  const all = lazily(() => listRuns(root));
  const problems: UserError[] = [];
  const chosen = new Map<string, Run>();
  // What the shell makes of `runs/*` holds runs/README.md as well.
  const meant = words.length > 1 ? words.filter((word) => !isFile(word)) : words;
  for (const word of meant) {
    try {
      for (const run of selectByWord(word, root, all)) chosen.set(run.path, run);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push(error);
    }
  }
  if (problems.length > 0) throw new UserError(problems.flatMap((error) => error.problems));
  return [...chosen.values()];
}

/** Exactly one. */
export function selectRun(word: string, root: string): Run {
  const runs = selectRuns([word], root);
  if (runs.length === 1) return runs[0];
  throw new UserError({ code: 'several-runs', message: `"${word}" selects ${runs.length} runs where one is needed`, fix: describeSome(runs) });
}

function selectByWord(word: string, root: string, all: () => Run[]): Run[] {
  if (isDirectory(word)) {
    const run = readRun(word.replace(/(?<=.)\/+$/, ''));
    if (run) return [run];
    const inside = listRuns(word);
    if (inside.length > 0) return inside;
  }
  if (isPattern(word)) return selectByPattern(word, root);
  if (word === 'latest') return [all().at(-1) ?? refuse(word, root, all())];
  if (word === 'best') return [bestOf(all()) ?? refuse(word, root, all())];
  if (/^\d+$/.test(word) && Number(word) >= 1 && Number(word) <= all().length) return [all()[Number(word) - 1]];
  return [selectByName(word, all()) ?? refuse(word, root, all())];
}

function selectByName(word: string, all: readonly Run[]): Run | undefined {
  const exact = all.find((run) => run.id === word);
  if (exact) return exact;
  const beginning = all.filter((run) => run.id.startsWith(word));
  if (beginning.length <= 1) return beginning[0];
  throw new UserError({ code: 'several-runs', message: `"${word}" is the beginning of ${beginning.length} runs`, fix: describeSome(beginning) });
}

/** Relative to where we are, else inside the directory of runs. */
function selectByPattern(pattern: string, root: string): Run[] {
  for (const each of [pattern, join(root, pattern)]) {
    const runs = expandPattern(each).map((path) => readRun(path)).filter((run) => run !== undefined);
    if (runs.length > 0) return runs;
  }
  throw new UserError({ code: 'no-run', message: `"${pattern}" selects no run`, fix: 'exp ls shows the runs that there are' });
}

/** The best test accuracy; of equal ones the earlier. */
function bestOf(all: readonly Run[]): Run | undefined {
  const accuracy = (run: Run): number => run.summary?.best?.['test/accuracy'] ?? -1;
  return all.filter((run) => accuracy(run) >= 0).reduce<Run | undefined>((best, run) => (best && accuracy(best) >= accuracy(run) ? best : run), undefined);
}

function refuse(word: string, root: string, all: readonly Run[]): never {
  if (all.length === 0) {
    throw new UserError({ code: 'no-run', message: `"${word}" is no run, and ${root} holds none`, fix: 'exp run configs/quickstart.yaml makes one; --out DIR names another directory of runs' });
  }
  const near = nearestName(word, all.map((run) => run.id));
  throw new UserError({ code: 'no-run', message: `"${word}" is no run`, fix: near ? `did you mean ${near}?` : `${root} holds ${describeSome(all)}` });
}

function describeSome(runs: readonly Run[]): string {
  const shown = runs.slice(-5).map((run) => run.id).join(', ');
  return runs.length > 5 ? `..., ${shown} (exp ls shows all ${runs.length})` : shown;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function lazily<T>(compute: () => T): () => T {
  let value: { of: T } | undefined;
  return () => (value ??= { of: compute() }).of;
}
