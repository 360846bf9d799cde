/** The contract of a learning-rate schedule: a factor of the optimizer's `lr` for every step. Warm-up is applied by `index.ts` before any of them. */
import type { Completed, Options } from '../common/options.ts';

/** Where training stands. `position` in epochs, fractions included: step 3 of 600 in epoch 2 is 2.005. */
export interface Moment {
  position: number;
  epochs: number;
  stepsPerEpoch: number;
}

export interface Schedule<O extends Options = Options> {
  name: string;
  summary: string;
  options: O;
  main?: keyof O & string;
  source?: string;
  /** lr(moment) / lr, not negative. */
  factor(options: Completed<O>, moment: Moment): number;
}

export function defineSchedule<const O extends Options>(schedule: Schedule<O>): Schedule {
  return schedule as unknown as Schedule;
}
