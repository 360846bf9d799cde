/**
 * A program that lives through the whole comparison and works a round when told to. It is started with the arguments
 * FOLDER (task.ts) WORK THREADS STEPS, and perhaps a variant, prints one line of JSON when it is ready, and one for each
 * line `round` on its stdin:
 *
 *     {"ready": {"version": "PyTorch 2.13.0", "about": "eager, channels last"}}
 *     {"seconds": 0.83, "images": 2000, "loss": 1.02}
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { WorkTime } from '../src/engines/engine.ts';

export interface Contender {
  /** As in the table: `pytorch-compile`. */
  name: string;
  threads: number;
  command: string;
  argv: readonly string[];
  /** For those who do not have it. */
  install: string;
  /** `ours`; `rival`: what ours is held against; `other`: for orientation. */
  role: 'ours' | 'rival' | 'other';
  /** Too slow to take part in every round. */
  once: boolean;
}

export interface Sample {
  seconds: number;
  images: number;
  /** Mean over the round in training, over the last batch in inference: all must be computing the same thing. */
  loss: number;
  /** What this process could reach at best just before (ours only): all threads, thousand millions of operations a second. */
  peakGigaflops?: number;
  /** Where the time went, where that was asked for (ours only). */
  times?: WorkTime[];
}

export interface Running {
  contender: Contender;
  version: string;
  about: string;
  round(): Promise<Sample>;
  /** Highest resident memory so far; undefined where the system does not tell. */
  peakMebibytes(): number | undefined;
  stop(): void;
}

/** Throws, with the last line of what the program said, where it is not here or fails. */
export async function startContender(contender: Contender, environment: NodeJS.ProcessEnv): Promise<Running> {
  const child = spawn(contender.command, contender.argv, { stdio: ['pipe', 'pipe', 'pipe'], env: environment });
  const errors: string[] = [];
  child.stderr.on('data', (chunk) => errors.push(String(chunk)));
  child.on('error', (error) => errors.push(error.message)); // No such program: stdout ends.
  child.stdin.on('error', () => undefined); // It ended: the next line will not come, which tells enough.
  const nextLine = lineReader(child);
  const next = async (): Promise<string> => {
    const line = await nextLine();
    if (line === undefined) throw new Error(reasonIn(errors.join('')));
    return line;
  };
  const { ready } = JSON.parse(await next()) as { ready: { version: string; about: string } };
  return {
    contender,
    ...ready,
    async round() {
      child.stdin.write('round\n');
      return JSON.parse(await next()) as Sample;
    },
    peakMebibytes: () => peakMebibytes(child.pid),
    stop: () => void child.kill(),
  };
}

/** The last line that names an error, as Python and Node print them; else the last line. */
function reasonIn(errors: string): string {
  const lines = errors.trim().split('\n');
  return (lines.findLast((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1)) || 'it did not start';
}

/** Lines of stdout one after the other; undefined when there will be no more. */
function lineReader(child: ChildProcess): () => Promise<string | undefined> {
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  return async () => {
    const { value, done } = await lines.next();
    return done === true ? undefined : value;
  };
}

function peakMebibytes(pid: number | undefined): number | undefined {
  try {
    const kibibytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kibibytes === undefined ? undefined : Math.round(Number(kibibytes) / 1024);
  } catch {
    return undefined;
  }
}
