/**
 * What threads share beside the WebAssembly memory: a barrier, the shards' claims, progress, and requests to stop. A thread
 * first spins (a futex round trip costs 15 to 26 µs, a phase often less), then sleeps; it never waits without a time limit,
 * so that the death of one thread is noticed by the others.
 */

const cell = { arrived: 0, turn: 1, stop: 2, aborted: 3, steps: 4, images: 5, correct: 6, next: 7, claims: 16 } as const;
/** About a tenth of a millisecond: waking a thread that sleeps costs a quarter of that. */
const spinTurns = 60_000;
const sleepMs = 1000;

export interface ControlBuffers { words: SharedArrayBuffer; doubles: SharedArrayBuffer }

/** `doubles`: loss so far, then one number per chunk of the parameters. */
export function createControl(chunks: number): ControlBuffers {
  return { words: new SharedArrayBuffer(4 * 64), doubles: new SharedArrayBuffer(8 * (1 + chunks)) };
}

export class Control {
  private readonly words: Int32Array;
  readonly doubles: Float64Array;
  /** Seconds spent waiting. */
  private ticket = 0;

  constructor(buffers: ControlBuffers, private readonly threads: number) {
    this.words = new Int32Array(buffers.words);
    this.doubles = new Float64Array(buffers.doubles);
  }

  /** Returns when all threads are here. The last to arrive runs `last` before anyone goes on. */
  barrier(last?: () => void): void {
    const turn = Atomics.load(this.words, cell.turn);
    if (Atomics.add(this.words, cell.arrived, 1) === this.threads - 1) {
      last?.();
      Atomics.store(this.words, cell.arrived, 0);
      Atomics.add(this.words, cell.turn, 1);
      Atomics.notify(this.words, cell.turn);
      return;
    }
    for (let i = 0; i < spinTurns; i++) if (Atomics.load(this.words, cell.turn) !== turn) return;
    while (Atomics.load(this.words, cell.turn) === turn) {
      if (this.aborted) throw new Error('another thread has failed');
      Atomics.wait(this.words, cell.turn, turn, sleepMs);
    }
  }

  /** Whether this thread may take the shard in this round; all threads count rounds alike. */
  claim(shard: number, round: number): boolean {
    return Atomics.compareExchange(this.words, cell.claims + shard, round - 1, round) === round - 1;
  }

  /** The number of the next round of claims; every thread calls it once for each round. */
  nextRound(): number {
    return ++this.ticket;
  }

  /** Takes the next piece of work of an evaluation. */
  takeNext(): number {
    return Atomics.add(this.words, cell.next, 1);
  }

  begin(): void {
    Atomics.store(this.words, cell.next, 0);
    this.publish({ steps: 0, images: 0, loss: 0, correct: 0 });
  }

  publish(progress: { steps: number; images: number; loss: number; correct: number }): void {
    Atomics.store(this.words, cell.steps, progress.steps);
    Atomics.store(this.words, cell.images, progress.images);
    Atomics.store(this.words, cell.correct, progress.correct);
    this.doubles[0] = progress.loss;
  }

  progress(): { steps: number; images: number; loss: number; correct: number } {
    return {
      steps: Atomics.load(this.words, cell.steps), images: Atomics.load(this.words, cell.images),
      correct: Atomics.load(this.words, cell.correct), loss: this.doubles[0],
    };
  }

  get stopWanted(): boolean { return Atomics.load(this.words, cell.stop) === 1; }
  set stopWanted(wanted: boolean) { Atomics.store(this.words, cell.stop, wanted ? 1 : 0); }
  get aborted(): boolean { return Atomics.load(this.words, cell.aborted) === 1; }

  abort(): void {
    Atomics.store(this.words, cell.aborted, 1);
    Atomics.notify(this.words, cell.turn);
  }
}
