/**
 * What is compared: a program that lives through the whole comparison and trains one round when told to. It prints one
 * line of JSON when it is ready, and one for each line `round` on its stdin:
 *
 *     {"ready": {"name": "pytorch", "version": "2.13.0", "about": "eager, channels last"}}
 *     {"seconds": 0.83, "images": 2000, "loss": 1.02}
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface Contender {
  /** As in the table: `pytorch, channels last`. */
  name: string;
  command: string;
  argv: readonly string[];
  /** For those who do not have it. */
  install: string;
  /** Compared with itself only (a reference version of ours), never counted as a peer. */
  ours: boolean;
}

export interface Sample {
  seconds: number;
  images: number;
  /** Mean loss over the round: both must be learning the same thing. */
  loss: number;
}

export interface Running {
  contender: Contender;
  version: string;
  about: string;
  round(): Promise<Sample>;
  stop(): void;
}

/** Starts a contender; undefined, with the reason told to `report`, where it is not here or fails. */
export async function startContender(contender: Contender, report: (line: string) => void): Promise<Running | undefined> {
  const child = spawn(contender.command, contender.argv, { stdio: ['pipe', 'pipe', 'pipe'] });
  const errors: string[] = [];
  child.stderr.on('data', (chunk) => errors.push(String(chunk)));
  const nextLine = lineReader(child);
  const first = await nextLine();
  if (first === undefined) {
    report(`${contender.name}: not here (${contender.install})\n  ${errors.join('').trim().split('\n').at(-1) ?? ''}`);
    return undefined;
  }
  const { ready } = JSON.parse(first) as { ready: { version: string; about: string } };
  return {
    contender,
    ...ready,
    async round() {
      child.stdin.write('round\n');
      const line = await nextLine();
      if (line === undefined) throw new Error(`${contender.name} broke off: ${errors.join('')}`);
      return JSON.parse(line) as Sample;
    },
    stop: () => void child.kill(),
  };
}

/** Lines of stdout one after the other; undefined when there will be no more. */
function lineReader(child: ChildProcess): () => Promise<string | undefined> {
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  child.on('error', () => undefined); // No such program: stdout ends, which tells enough.
  return async () => {
    const { value, done } = await lines.next();
    return done === true ? undefined : value;
  };
}
