/**
 * Training speed beside that of peers, in one run on one machine: every contender lives through the whole comparison and
 * trains a round in turn (A B C A B C ...), so that what the machine does meanwhile falls on all of them.
 *
 *     npm run bench -- [--network deepconvnet] [--rounds 8] [--steps 20] [--threads 2] [--json]
 */
import { realpathSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { startContender } from './contender.ts';
import type { Contender, Running } from './contender.ts';
import { calibrate, describeMachine, median, systemNode } from './machine.ts';

const { values: options } = parseArgs({
  options: {
    network: { type: 'string', default: 'deepconvnet' },
    rounds: { type: 'string', default: '8' },
    steps: { type: 'string', default: '20' },
    threads: { type: 'string', default: `${Math.min(2, availableParallelism())}` },
    json: { type: 'boolean', default: false },
  },
});
const { network, threads, steps } = options;
const python = process.env['EXP_PYTHON'] ?? 'python3';
/** Threads of some libraries go on spinning for a while after their work. */
const quietMilliseconds = 300;

const tsx = ['--import', 'tsx'];
const ours = ['bench/ours.ts', `configs/${network}.yaml`, threads, steps];
const pytorch = 'pip install torch==2.13.0 --index-url https://download.pytorch.org/whl/cpu; EXP_PYTHON names another Python';
const contenders: Contender[] = [
  { name: 'exp', command: process.execPath, argv: [...tsx, ...ours], install: 'npm ci', ours: true },
  { name: 'pytorch, nchw', command: python, argv: ['bench/peers/pytorch.py', network, threads, steps, 'nchw'], install: pytorch, ours: false },
  { name: 'pytorch, channels last', command: python, argv: ['bench/peers/pytorch.py', network, threads, steps, 'channels_last'], install: pytorch, ours: false },
];
// Where the system has another Node than the one that came with the install: `exp` must be usable there too.
const older = systemNode();
if (older !== undefined && realpathSync(older) !== realpathSync(process.execPath)) {
  contenders.splice(1, 0, { ...contenders[0], name: 'exp, system Node', command: older });
}

interface Round {
  imagesPerSecond: number;
  loss: number;
  calibration: number;
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);
if (loadavg()[0] > 0.5) say(`the machine is busy (load ${loadavg()[0].toFixed(1)}): contenders that wait for all their threads suffer most; measure on a quiet one`);
const running = (await Promise.all(contenders.map((contender) => startContender(contender, say)))).filter((each) => each !== undefined);
if (!running.some(({ contender }) => contender.ours)) throw new Error('exp itself did not start');
const rounds = await compare(running, Number(options.rounds));
for (const each of running) each.stop();
if (options.json) console.log(JSON.stringify(asJson(running, rounds), undefined, 2));
else show(running, rounds);

/** Rounds by contender; the first of each warms up and is not counted. */
async function compare(contending: readonly Running[], count: number): Promise<Round[][]> {
  const results: Round[][] = contending.map(() => []);
  for (let round = -1; round < count; round++) {
    for (const [i, each] of contending.entries()) {
      await new Promise((resolve) => setTimeout(resolve, quietMilliseconds));
      const calibration = calibrate();
      const { seconds, images, loss } = await each.round();
      if (round >= 0) results[i].push({ imagesPerSecond: images / seconds, loss, calibration });
    }
  }
  return results;
}

function best(of: readonly Round[]): number {
  return Math.max(...of.map((round) => round.imagesPerSecond));
}

/** Median over the rounds of our speed divided by that of the fastest peer in the same round. */
function ratioToPeers(contending: readonly Running[], results: readonly Round[][], which: number): number | undefined {
  const peers = results.filter((_, i) => !contending[i].contender.ours);
  if (peers.length === 0) return undefined;
  return median(results[which].map((round, n) => round.imagesPerSecond / Math.max(...peers.map((peer) => peer[n].imagesPerSecond))));
}

function show(contending: readonly Running[], results: readonly Round[][]): void {
  const calibrations = results.flat().map((round) => round.calibration);
  console.log(`${network}, training, ${threads} threads, ${options.rounds} interleaved rounds of ${steps} steps\n${describeMachine()}`);
  console.log(`calibration (one core): best ${Math.max(...calibrations).toFixed(0)}, median ${median(calibrations).toFixed(0)}, worst ${Math.min(...calibrations).toFixed(0)} million steps/s`);
  const table = new Table({ head: ['', 'version', 'images/s best', 'median', 'worst', '× fastest peer, median of rounds', 'loss at the end'], style: { head: [], border: [] } });
  for (const [i, { contender, version }] of contending.entries()) {
    const speeds = results[i].map((round) => round.imagesPerSecond);
    const ratio = contender.ours ? ratioToPeers(contending, results, i) : undefined;
    table.push([
      contender.name, version, best(results[i]).toFixed(0), median(speeds).toFixed(0), Math.min(...speeds).toFixed(0), ratio?.toFixed(2) ?? '', results[i].at(-1)!.loss.toFixed(3),
    ]);
  }
  console.log(table.toString());
  for (const { contender, about } of contending) console.log(`${contender.name}: ${about}`);
}

function asJson(contending: readonly Running[], results: readonly Round[][]): unknown {
  return {
    network, threads: Number(threads), steps: Number(steps), machine: describeMachine(),
    contenders: contending.map(({ contender, version, about }, i) => ({
      name: contender.name, version, about, best: best(results[i]), median: median(results[i].map((round) => round.imagesPerSecond)),
      ...(contender.ours && { ratioToFastestPeer: ratioToPeers(contending, results, i) }), rounds: results[i],
    })),
  };
}
