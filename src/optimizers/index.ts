/** The catalogue of optimizers: one line each. */
import { adagrad } from './adagrad.ts';
import { adam, adamw } from './adam.ts';
import type { Optimizer } from './optimizer.ts';
import { rmsprop } from './rmsprop.ts';
import { sgd } from './sgd.ts';

export { withPenalty } from './penalty.ts';
export type { Penalty } from './penalty.ts';

export const optimizers: readonly Optimizer[] = [sgd, adagrad, rmsprop, adam, adamw];

const byName = new Map(optimizers.map((optimizer) => [optimizer.name, optimizer]));

export function optimizerNamed(name: string): Optimizer | undefined {
  return byName.get(name);
}
