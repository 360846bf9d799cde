/** The contract of a loss. */
import type { Completed, Options } from '../common/options.ts';
import type { LossPrimitive } from '../layers/primitives.ts';

export interface LossProblem {
  /** `class_weights` */
  option: string;
  message: string;
  fix: string;
}

export interface Loss<O extends Options = Options> {
  name: string;
  summary: string;
  options: O;
  source?: string;
  /** What does not fit a dataset of so many classes. */
  check?(options: Completed<O>, classes: number): LossProblem | undefined;
  lower(options: Completed<O>): LossPrimitive;
}

export function defineLoss<const O extends Options>(loss: Loss<O>): Loss {
  return loss;
}
