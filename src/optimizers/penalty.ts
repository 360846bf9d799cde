/** L1 and L2 penalties on the parameters, for any optimizer: they are added to the gradient that it sees, not to the reported loss. */
import { add, input, multiply, select, substitute } from '../common/expression.ts';
import type { Optimizer } from './optimizer.ts';

export interface Penalty {
  l1: number;
  l2: number;
}

/**
 * The optimizer with g + l1 sign(p) + l2 p in place of the gradient g, where weight decay applies to the parameter: the slope of
 * l1 Σ |p| + l2 / 2 Σ p². At 0 the sign is 0.
 */
export function withPenalty(optimizer: Optimizer, penalty: Penalty | undefined): Optimizer {
  if (penalty === undefined) return optimizer;
  const sign = select(input('p'), 0, 1, select(0, input('p'), -1, 0));
  const gradient = add(input('g'), add(multiply(input('penalty_l1'), sign), multiply(input('penalty_l2'), input('p'))));
  return {
    ...optimizer,
    scalars: (options, step) => ({ ...optimizer.scalars(options, step), penalty_l1: penalty.l1 * step.decays, penalty_l2: penalty.l2 * step.decays }),
    update: (options) => Object.fromEntries(Object.entries(optimizer.update(options)).map(([name, value]) => [name, substitute(value, 'g', gradient)])),
  };
}
