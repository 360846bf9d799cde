/** Hyperbolic tangent, element by element. */
import { input, tanh as hyperbolicTangent } from '../common/expression.ts';
import { defineLayer } from './layer.ts';

export const tanh = defineLayer({
  name: 'tanh',
  summary: 'Hyperbolic tangent of x, between -1 and 1.',
  options: {},
  lower() {
    return [{ op: 'map', name: 'tanh', expression: hyperbolicTangent(input('x')) }];
  },
  examples: [{ options: {}, inputs: [{ channels: 3, height: 4, width: 5 }] }],
});
