/** The command line of `npm run bench`, checked. */
import { realpathSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { peerNames } from './contenders.ts';
import { systemNode } from './machine.ts';
import { networkNames } from './task.ts';
import type { WorkName } from './work.ts';

export interface Options {
  networks: string[];
  works: WorkName[];
  rounds: number;
  /** Absent: as many as take about half a second. */
  steps?: number;
  threads: number[];
  nodes: string[];
  /** Absent: all that are sensible. */
  peers?: string[];
  layers: boolean;
  json: boolean;
}

export const usage = `npm run bench -- [options]
  --network LIST   ${networkNames().join(', ')}, or all (deepconvnet)
  --work LIST      training, inference (training)
  --rounds N       counted rounds (8)
  --steps N        steps a round (as many as take about half a second)
  --threads LIST   each contender once for every number (2, or 1 where there is but one processor)
  --nodes LIST     paths of Node for exp (the one that came with the install, and the system's)
  --peers LIST     ${peerNames.join(', ')}; beginnings will do; none
  --layers         the time of every layer and pass too
  --json           everything as JSON`;

/** Throws an Error that says what is wrong. */
export function parseOptions(argv: readonly string[]): Options {
  const list = { type: 'string', multiple: true } as const;
  const { values } = parseArgs({
    args: [...argv],
    options: {
      network: list, work: list, threads: list, nodes: list, peers: list, rounds: { type: 'string', default: '8' }, steps: { type: 'string' },
      layers: { type: 'boolean', default: false }, json: { type: 'boolean', default: false },
    },
  });
  const networks = parts(values.network) ?? ['deepconvnet'];
  return {
    networks: networks.includes('all') ? networkNames() : networks.map((name) => oneOf('--network', name, networkNames())),
    works: (parts(values.work) ?? ['training']).map((name) => oneOf('--work', name, ['training', 'inference'] as const)),
    rounds: count('--rounds', values.rounds),
    ...(values.steps !== undefined && { steps: count('--steps', values.steps) }),
    threads: (parts(values.threads) ?? [String(Math.min(2, availableParallelism()))]).map((each) => count('--threads', each)),
    nodes: parts(values.nodes) ?? defaultNodes(),
    peers: parts(values.peers)?.filter((name) => name !== 'none').map((name) => {
      if (!peerNames.some((peer) => peer.startsWith(name))) throw new Error(`--peers: there is no ${name}; there are: ${peerNames.join(', ')}`);
      return name;
    }),
    layers: values.layers, json: values.json,
  };
}

/** Where the system has another Node than the one that came with the install: `exp` must be usable there too. */
function defaultNodes(): string[] {
  const older = systemNode();
  return older !== undefined && realpathSync(older) !== realpathSync(process.execPath) ? [process.execPath, older] : [process.execPath];
}

function parts(given: readonly string[] | undefined): string[] | undefined {
  return given?.flatMap((each) => each.split(',')).map((each) => each.trim()).filter((each) => each !== '');
}

function oneOf<Name extends string>(option: string, name: string, names: readonly Name[]): Name {
  const found = names.find((each) => each === name);
  if (found === undefined) throw new Error(`${option}: there is no ${name}; there are: ${names.join(', ')}`);
  return found;
}

function count(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${option}: ${text} is no whole number above 0`);
  return value;
}
