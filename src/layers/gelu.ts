/** Gaussian error linear unit: x times the probability that a standard normal number is below it. */
import { add, erf, input, multiply, tanh } from '../common/expression.ts';
import type { Expression } from '../common/expression.ts';
import { choice } from '../common/options.ts';
import { defineLayer } from './layer.ts';

export const gelu = defineLayer({
  name: 'gelu',
  summary: 'Gaussian error linear unit: x Φ(x), with Φ the distribution function of the normal distribution.',
  source: 'Hendrycks and Gimpel, "Gaussian error linear units", 2016, section 2',
  options: {
    approximate: choice(['none', 'tanh'], { about: '`none` is exact; `tanh` is the approximation of the paper, which some published networks use.', default: 'none' }),
  },
  lower({ approximate }) {
    return [{ op: 'map', name: approximate === 'tanh' ? 'gelu_tanh' : 'gelu', expression: approximate === 'tanh' ? approximated(input('x')) : exact(input('x')) }];
  },
  examples: [
    { options: {}, inputs: [{ channels: 3, height: 4, width: 5 }] },
    { options: { approximate: 'tanh' }, inputs: [{ channels: 3, height: 4, width: 5 }] },
  ],
});

/** x/2 (1 + erf(x / √2)) */
function exact(x: Expression): Expression {
  return multiply(multiply(0.5, x), add(1, erf(multiply(Math.SQRT1_2, x))));
}

/** x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))) */
function approximated(x: Expression): Expression {
  const inner = add(x, multiply(0.044715, multiply(x, multiply(x, x))));
  return multiply(multiply(0.5, x), add(1, tanh(multiply(Math.sqrt(2 / Math.PI), inner))));
}
