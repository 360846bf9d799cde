/**
 * Where a thread's time goes: seconds by slot, in memory that the engine reads. One slot for every kernel call of the two
 * programs, then one for each kind of work around them.
 */
import type { Pass } from './program.ts';

export const surroundings = ['batches', 'clear', 'start', 'finish', 'reduce', 'update', 'derive', 'wait'] as const;
export type Surrounding = (typeof surroundings)[number];

/** A kernel call that is timed by itself. Plain data. */
export interface TimedCall {
  layer: string;
  pass: Pass;
  kernel: string;
  phase: number;
  /** The exported function that runs it, with the parameters of a phase function. */
  function: string;
  slot: number;
  /** Of the whole operation, at its first call. */
  work?: Work;
}

/** What an operation computes for one image. */
export interface Work {
  method: string;
  /** Multiply-adds of the direct method, and those that this method makes. */
  multiplyAdds: number;
  executed: number;
}

export class Stopwatch {
  private last = 0;

  /** `seconds`: absent where nothing is timed. `calls`: how many slots come before the surroundings. */
  constructor(private readonly seconds: Float64Array | undefined, private readonly calls: number) {}

  get running(): boolean {
    return this.seconds !== undefined;
  }

  start(): void {
    if (this.seconds) this.last = performance.now();
  }

  /** The time since the last lap belongs to this slot. */
  lap(slot: Surrounding | number): void {
    if (!this.seconds) return;
    const now = performance.now();
    this.seconds[typeof slot === 'number' ? slot : this.calls + surroundings.indexOf(slot)] += (now - this.last) / 1000;
    this.last = now;
  }
}
