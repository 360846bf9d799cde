/** A run killed again and again and resumed each time, to its end. */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { readRun } from '../../src/runs/runs.ts';
import { fingerprint, killInsideSave, start, tiny, sleep, workplace } from './process.ts';

export type Kill = { afterMilliseconds: number } | 'inside a save';

/** Runs until it completes; the first starts are killed, one by one, as `kills` says. Returns the fingerprint and how many kills struck while training. */
export async function runThroughKills(overrides: readonly string[], kills: readonly Kill[]): Promise<{ fingerprint: Record<string, string>; struck: number }> {
  const directory = workplace();
  const run = join(directory, 'runs', 'tiny-001');
  let struck = 0;
  for (const kill of kills) {
    const started = start(argumentsFor(run, overrides), directory);
    if (kill === 'inside a save') killInsideSave(started, run);
    else {
      await started.said('\nrun ');
      await sleep(kill.afterMilliseconds);
      started.child.kill('SIGKILL');
    }
    const { code, signal, stderr } = await started.ended;
    if (signal === 'SIGKILL') struck++;
    else expect({ code, stderr }).toMatchObject({ code: 0 });
    // A kill may also strike when everything has been written.
    if (code === 0 || readRun(run)?.status === 'completed') return { fingerprint: fingerprint(run), struck };
    // Before its record was written there is nothing to resume: a person starts again.
    if (!existsSync(join(run, 'run.json'))) rmSync(run, { recursive: true, force: true });
  }
  const { code, stderr } = await start(argumentsFor(run, overrides), directory).ended;
  expect(code, stderr).toBe(0);
  return { fingerprint: fingerprint(run), struck };
}

function argumentsFor(run: string, overrides: readonly string[]): string[] {
  return existsSync(join(run, 'run.json')) ? ['resume', 'tiny-001', '--threads', '2'] : ['run', tiny, ...overrides, '--threads', '2'];
}
