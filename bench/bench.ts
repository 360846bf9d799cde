/**
 * Speed and memory beside those of peers, in one run on one machine: every contender is a process that lives through the
 * whole comparison, computes the same network on the same images, and takes turns with the others. See bench/README.md.
 *
 *     npm run bench -- --network vgg --work training,inference --rounds 8
 */
import { rmSync } from 'node:fs';
import type { Comparison } from './comparison.ts';
import { startContender } from './contender.ts';
import type { Contender, Running } from './contender.ts';
import { environmentFor, listContenders, ours } from './contenders.ts';
import type { Lineup } from './contenders.ts';
import { layerTimes } from './layers.ts';
import type { LayerTime } from './layers.ts';
import { describeLoad, describeMachine } from './machine.ts';
import { parseOptions, usage } from './options.ts';
import type { Options } from './options.ts';
import { comparisonAsJson, describeComparison, describeLayers } from './report.ts';
import { compare } from './rounds.ts';
import { writeTask } from './task.ts';
import type { Task } from './task.ts';
import type { WorkName } from './work.ts';

/** Multiply-adds of a round: about half a second of training on two cores. */
const roundBudget = 50e9;

const report = (line: string): void => void process.stderr.write(`${line}\n`);

const options = readOptions();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1)); // Contenders end with their stdin.
const load = describeLoad();
if (load !== undefined) report(load);
const comparisons: Comparison[] = [];
for (const name of options.networks) {
  const { task, folder } = writeTask(name);
  process.once('exit', () => rmSync(folder, { recursive: true }));
  for (const work of options.works) {
    const comparison = await measure(task, folder, work);
    comparisons.push(comparison);
    if (options.json) continue;
    console.log(`\n${describeComparison(comparison, describeMachine(), options.rounds)}`);
    if (options.layers) console.log(`\n${describeLayers(comparison)}`);
  }
}
if (options.json) console.log(JSON.stringify({ machine: describeMachine(), rounds: options.rounds, comparisons: comparisons.map(comparisonAsJson) }, undefined, 2));

function readOptions(): Options {
  try {
    return parseOptions(process.argv.slice(2));
  } catch (error) {
    report(`${(error as Error).message}\n${usage}`);
    process.exit(2);
  }
}

async function measure(task: Task, folder: string, work: WorkName): Promise<Comparison> {
  const steps = options.steps ?? Math.max(1, Math.round(roundBudget / (task.batch * task.multiplyAdds[work])));
  const lineup: Lineup = { folder, network: task.name, work, steps, threads: options.threads, nodes: options.nodes, peers: options.peers };
  const leftOut: Comparison['leftOut'] = [];
  const running = await startAll(listContenders(lineup), leftOut);
  try {
    report(`${task.name}, ${work}: ${running.map(({ contender }) => contender.name).join('; ')}`);
    const results = await compare(running, options.rounds, report);
    for (const { failure, running: { contender } } of results) if (failure !== undefined) leftOut.push({ ...contender, reason: failure });
    return { task, work, steps, results, leftOut, layers: await timeLayers(lineup) };
  } finally {
    for (const each of running) each.stop();
  }
}

/** One after the other: some take all processors while they start. */
async function startAll(contenders: readonly Contender[], leftOut: Comparison['leftOut']): Promise<Running[]> {
  const running: Running[] = [];
  for (const contender of contenders) {
    try {
      running.push(await startContender(contender, environmentFor(contender)));
    } catch (error) {
      if (contender.role === 'ours') throw error;
      leftOut.push({ ...contender, reason: (error as Error).message });
    }
  }
  return running;
}

/** A process of its own, after the comparison: timing every kernel call takes time itself. The second round counts. */
async function timeLayers(lineup: Lineup): Promise<LayerTime[]> {
  const contender = ours(lineup, lineup.nodes[0], lineup.threads.at(-1)!, true);
  const running = await startContender(contender, environmentFor(contender));
  await running.round();
  const { times = [] } = await running.round();
  running.stop();
  return layerTimes(times, lineup.work, lineup.steps);
}
