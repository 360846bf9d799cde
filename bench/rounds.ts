/**
 * The comparison itself: contenders work in turn, A B C, C B A, A B C ..., so that what the machine does meanwhile, and
 * whether it gets faster or slower, falls on all of them alike. Before every sample one core is timed.
 */
import type { Running, Sample } from './contender.ts';
import { calibrate } from './machine.ts';

export interface Round extends Sample {
  /** Of the machine at this moment: see `calibrate`. */
  calibration: number;
}

export interface Result {
  running: Running;
  /** The first round warms up, compiles where there is something to compile, and is not counted. */
  warmUp?: Round;
  /** By number; those that work once have only the first. */
  rounds: Round[];
  peakMebibytes?: number;
  /** Why it was left out. */
  failure?: string;
}

/** Threads of some libraries go on spinning for a while after their work. */
const quietMilliseconds = 300;

export async function compare(contending: readonly Running[], count: number, report: (line: string) => void): Promise<Result[]> {
  const results: Result[] = contending.map((running) => ({ running, rounds: [] }));
  for (let round = -1; round < count; round++) {
    report(round < 0 ? 'warming up' : `round ${round + 1} of ${count}`);
    for (const result of round % 2 === 0 ? results : results.toReversed()) {
      const { contender } = result.running;
      if (result.failure !== undefined || (contender.once && round > 0)) continue;
      try {
        const sample = await sampleOf(result.running);
        if (round < 0) result.warmUp = sample;
        else result.rounds.push(sample);
      } catch (error) {
        result.failure = (error as Error).message;
      }
    }
  }
  for (const result of results) result.peakMebibytes = result.running.peakMebibytes();
  return results;
}

async function sampleOf(running: Running): Promise<Round> {
  await new Promise((resolve) => setTimeout(resolve, quietMilliseconds));
  const calibration = calibrate();
  return { ...(await running.round()), calibration };
}
