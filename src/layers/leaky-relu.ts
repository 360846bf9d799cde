/** Leaky rectifier: negative values keep a small slope. */
import { input, multiply, select } from '../common/expression.ts';
import { number } from '../common/options.ts';
import { defineLayer } from './layer.ts';

export const leakyRelu = defineLayer({
  name: 'leaky_relu',
  summary: 'Leaky rectifier: x where it is positive, else `slope` times x.',
  source: 'Maas, Hannun and Ng, "Rectifier nonlinearities improve neural network acoustic models", ICML 2013',
  options: {
    slope: number({ about: 'What is kept of negative values.', default: 0.01, minimum: 0 }),
  },
  main: 'slope',
  lower({ slope }) {
    const x = input('x');
    return [{ op: 'map', name: 'leaky_relu', expression: select(x, 0, x, multiply(slope, x)) }];
  },
  examples: [
    { options: {}, inputs: [{ channels: 3, height: 4, width: 5 }] },
    { options: { slope: 0.2 }, inputs: [{ channels: 17, height: 1, width: 1 }] },
  ],
});
