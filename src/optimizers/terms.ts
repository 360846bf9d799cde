/** Options and expressions that several optimizers share. */
import { add, input, multiply } from '../common/expression.ts';
import type { Expression } from '../common/expression.ts';
import { number } from '../common/options.ts';
import type { Option } from '../common/options.ts';

export const learningRate = (value: number): Option<number> =>
  number({ about: 'Learning rate: how far a step goes along the gradient. The schedule multiplies it.', default: value, minimum: 0 });

export const weightDecay = (about: string, value = 0): Option<number> => number({ about, default: value, minimum: 0 });

export const l2Decay = 'L2 penalty: this times the parameter is added to its gradient. Not for biases and normalisation.';

/** The gradient with the L2 penalty. The scalar is 0 where decay does not apply; without decay it is left out altogether. */
export function penalisedGradient(decay: number): Expression {
  return decay === 0 ? input('g') : add(input('g'), multiply(input('decay'), input('p')));
}

/** base^exponent for a whole exponent, by squaring: the same bits everywhere. */
export function wholePower(base: number, exponent: number): number {
  let result = 1;
  for (let square = base, rest = exponent; rest > 0; rest = Math.floor(rest / 2), square *= square) {
    if (rest % 2 === 1) result *= square;
  }
  return result;
}
