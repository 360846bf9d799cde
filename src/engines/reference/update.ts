/** One step of an optimizer on one tensor, in float64, by evaluating its expressions. */
import { evaluate } from '../../common/expression.ts';
import type { Optimizer } from '../../optimizers/optimizer.ts';

export interface ParameterState {
  p: Float64Array;
  /** By name: `first_moment`. */
  state: Record<string, Float64Array>;
}

/** The tensor and its state after a step along the gradient `g`. `step` counts from 1. */
export function updateParameter(
  optimizer: Optimizer,
  options: Record<string, unknown>,
  before: ParameterState,
  g: ArrayLike<number>,
  moment: { lr: number; step: number; decays: 0 | 1 },
): ParameterState {
  const scalars = optimizer.scalars(options, moment);
  const names = optimizer.state(options);
  const update = optimizer.update(options);
  const inputsAt = (i: number): Record<string, number> => ({
    ...scalars,
    p: before.p[i],
    g: g[i],
    ...Object.fromEntries(names.map((name) => [name, before.state[name][i]])),
  });
  const assign = (name: string): Float64Array => before.p.map((_, i) => evaluate(update[name], inputsAt(i)));
  return { p: assign('p'), state: Object.fromEntries(names.map((name) => [name, assign(name)])) };
}
