/** Exponential linear unit: negative values level off at -alpha. */
import { exp, input, multiply, select, subtract } from '../common/expression.ts';
import { number } from '../common/options.ts';
import { defineLayer } from './layer.ts';

export const elu = defineLayer({
  name: 'elu',
  summary: 'Exponential linear unit: x where it is positive, else `alpha` (exp(x) - 1).',
  source: 'Clevert, Unterthiner and Hochreiter, "Fast and accurate deep network learning by exponential linear units", ICLR 2016',
  options: {
    alpha: number({ about: 'Where very negative values end: at -alpha.', default: 1, minimum: 0 }),
  },
  main: 'alpha',
  lower({ alpha }) {
    const x = input('x');
    return [{ op: 'map', name: 'elu', expression: select(x, 0, x, multiply(alpha, subtract(exp(x), 1))) }];
  },
  examples: [
    { options: {}, inputs: [{ channels: 3, height: 4, width: 5 }] },
    { options: { alpha: 0.3 }, inputs: [{ channels: 9, height: 3, width: 1 }] },
  ],
});
