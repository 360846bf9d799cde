/**
 * The contract of an optimizer: its update rule for one element as expressions, from which kernels and the float64
 * reference are derived. Inputs of the expressions: `p` (parameter), `g` (gradient, after clipping), the names in
 * `state`, and the names in `scalars`.
 */
import type { Expression } from '../common/expression.ts';
import type { Completed, Options } from '../common/options.ts';

export interface Optimizer<O extends Options = Options> {
  name: string;
  summary: string;
  options: O;
  source?: string;
  /** State per parameter element, zero at the start: `first_moment`. */
  state(options: Completed<O>): readonly string[];
  /** Numbers that are the same for every element of a step. `lr` is the scheduled rate, `step` counts from 1; `decays` is 1 where weight decay applies to the parameter, else 0. */
  scalars(options: Completed<O>, step: { lr: number; step: number; decays: 0 | 1 }): Record<string, number>;
  /** New values by name: `p` and each state. Earlier assignments are not seen by later ones: refer to `let`-like expressions directly. */
  update(options: Completed<O>): Record<string, Expression>;
}

export function defineOptimizer<const O extends Options>(optimizer: Optimizer<O>): Optimizer {
  return optimizer;
}
