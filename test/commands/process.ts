/** `exp` as a process of its own: started from the source, killed, interrupted, its run directories compared. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { findCheckpoint } from '../../src/runs/checkpoints.ts';

export const tiny = fileURLToPath(new URL('fixtures/tiny.yaml', import.meta.url));
const bin = fileURLToPath(new URL('../../src/bin/exp.ts', import.meta.url));

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface Started {
  child: ChildProcess;
  ended: Promise<Ended>;
  /** Resolves when stderr holds the text, or the process has ended. */
  said(text: string): Promise<void>;
}

/** An empty directory to run in; removed at the end. */
export function workplace(): string {
  const directory = mkdtempSync(join(tmpdir(), 'exp-cli-'));
  made.push(directory);
  return directory;
}

const made: string[] = [];
afterAll(() => { for (const directory of made) rmSync(directory, { recursive: true, force: true }); });

/** On this Node, whichever it is: no launcher in between. */
export function start(argv: readonly string[], cwd: string, environment: Record<string, string> = {}): Started {
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), bin, ...argv], {
    cwd, env: { ...process.env, NO_COLOR: '1', EXP_NODE: 'system', ...environment }, stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => { stdout += chunk.toString(); });
  child.stderr.on('data', (chunk: Buffer) => { stderr += chunk.toString(); });
  const ended = new Promise<Ended>((resolve) => { child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr })); });
  const said = async (text: string): Promise<void> => {
    while (!stderr.includes(text) && child.exitCode === null && child.signalCode === null) await sleep(5);
  };
  return { child, ended, said };
}

export function exp(argv: readonly string[], cwd: string, environment?: Record<string, string>): Promise<Ended> {
  return start(argv, cwd, environment).ended;
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => { setTimeout(resolve, milliseconds); });
}

/** Kills the process as soon as a temporary file is being written among the checkpoints: inside a save. */
export function killInsideSave({ child }: Started, run: string): void {
  const directory = join(run, 'checkpoints');
  const tryWatching = setInterval(() => {
    if (!existsSync(directory)) return;
    clearInterval(tryWatching);
    const watcher = watch(directory, (_event, name) => { if (name?.endsWith('.tmp')) child.kill('SIGKILL'); });
    child.on('close', () => watcher.close());
  }, 1);
  child.on('close', () => clearInterval(tryWatching));
}

/** Everything of a finished run that must be equal bit for bit, as one hash a part. Wall times are left out. */
export function fingerprint(run: string): Record<string, string> {
  const { checkpoint } = findCheckpoint(join(run, 'checkpoints'));
  if (!checkpoint) throw new Error(`${run} has no checkpoint`);
  const { seconds: _, trainingSeconds: __, last, best, ...state } = checkpoint.state;
  const text = (name: string): string => readFileSync(join(run, name), 'utf8');
  const bytes = (name: string): Buffer => readFileSync(join(run, 'checkpoints', name));
  const tensors = [...checkpoint.model, ...checkpoint.optimizer].flatMap(([name, { data }]) => [name, Buffer.from(data.buffer, data.byteOffset, data.byteLength)]);
  return {
    tensors: hash(...tensors),
    state: hash(JSON.stringify({ ...state, last: { ...last, seconds: 0 }, best: { ...best, seconds: 0 } })),
    last: hash(bytes('last.safetensors')),
    best: hash(bytes('best.safetensors')),
    metrics: hash(text('metrics.csv').replace(/^(\d+,\d+),[^,]*/gm, '$1')),
    steps: hash(text('steps.jsonl')),
    predictions: hash(text('predictions.csv')),
    leftovers: readdirSync(join(run, 'checkpoints')).filter((name) => name.endsWith('.tmp')).join(),
  };
}

function hash(...parts: (string | Uint8Array)[]): string {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(part);
  return sum.digest('hex');
}
