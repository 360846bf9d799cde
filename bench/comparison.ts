/** One comparison (a network, a kind of work, all contenders): what was measured, and what follows from it. */
import type { LayerTime } from './layers.ts';
import { executedOf } from './layers.ts';
import type { Result, Round } from './rounds.ts';
import { ratioByRound, spread } from './summary.ts';
import type { Spread } from './summary.ts';
import type { Task } from './task.ts';
import { gigaflops } from './work.ts';
import type { WorkName } from './work.ts';

export interface Comparison {
  task: Task;
  work: WorkName;
  steps: number;
  results: Result[];
  /** Contenders that did not start or broke off. */
  leftOut: { name: string; threads: number; reason: string; install: string }[];
  /** Of our first contender. */
  layers?: LayerTime[];
}

export interface Standing {
  name: string;
  threads: number;
  version: string;
  about: string;
  imagesPerSecond: Spread;
  /** To the fastest of PyTorch and TensorFlow with as many threads in the same round. */
  ratioToRival?: Spread;
  /** To itself on the fewest threads in the same round. */
  ratioToItself?: Spread & { threads: number };
  /** Median; `direct`: as the layers are defined, whatever the method. `executed`, `peak`: ours only. */
  gigaflops: { direct: number; executed?: number; peak?: number; shareOfPeak?: number };
  peakMebibytes?: number;
  loss: { first?: number; last: number };
  rounds: Round[];
}

export function standings(comparison: Comparison): Standing[] {
  return comparison.results.filter(({ rounds, failure }) => rounds.length > 0 && failure === undefined).map((result) => standing(result, comparison));
}

function standing(result: Result, { results, task, work, layers }: Comparison): Standing {
  const { running: { contender, version, about }, rounds, warmUp, peakMebibytes } = result;
  const usable = results.filter((each) => each.failure === undefined);
  const rivals = usable.filter(({ running }) => running.contender.role === 'rival' && running.contender.threads === contender.threads);
  const same = usable.filter(({ running }) => running.contender.name === contender.name);
  const fewest = same.reduce((a, b) => (b.running.contender.threads < a.running.contender.threads ? b : a));
  const speeds = speedsOf(result), imagesPerSecond = spread(speeds);
  return {
    name: contender.name, threads: contender.threads, version, about, imagesPerSecond,
    ratioToRival: ratioByRound(speeds, rivals.map(speedsOf)),
    ...(fewest !== result && { ratioToItself: { ...ratioByRound(speeds, [speedsOf(fewest)])!, threads: fewest.running.contender.threads } }),
    gigaflops: {
      direct: gigaflops(task.multiplyAdds[work], imagesPerSecond.median),
      ...(contender.role === 'ours' && layers && ofPeak(rounds, speeds, executedOf(layers))),
    },
    peakMebibytes, loss: { first: warmUp?.loss, last: rounds.at(-1)!.loss }, rounds,
  };
}

function speedsOf({ rounds }: Result): number[] {
  return rounds.map(({ images, seconds }) => images / seconds);
}

/** The share is taken in each round, from what was reached and what could be just before. */
function ofPeak(rounds: readonly Round[], speeds: readonly number[], executedPerImage: number): Partial<Standing['gigaflops']> {
  const executed = speeds.map((speed) => gigaflops(executedPerImage, speed));
  const peaks = rounds.map((round) => round.peakGigaflops ?? Number.NaN);
  return { executed: spread(executed).median, peak: spread(peaks).median, shareOfPeak: ratioByRound(executed, [peaks])?.median };
}
