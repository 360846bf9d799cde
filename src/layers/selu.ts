/** Scaled exponential linear unit: keeps mean 0 and variance 1 from layer to layer. */
import { exp, input, multiply, select, subtract } from '../common/expression.ts';
import { defineLayer } from './layer.ts';

/** Of equation 14 in the paper: the fixed point of mean and variance under normally distributed inputs. */
const alpha = 1.6732632423543772, scale = 1.0507009873554805;

export const selu = defineLayer({
  name: 'selu',
  summary: 'Scaled exponential linear unit: 1.0507 x where x is positive, else 1.7581 (exp(x) - 1). Wants LeCun initialisation.',
  source: 'Klambauer, Unterthiner, Mayr and Hochreiter, "Self-normalizing neural networks", NeurIPS 2017, equation 2',
  options: {},
  lower() {
    const x = input('x');
    return [{ op: 'map', name: 'selu', expression: select(x, 0, multiply(scale, x), multiply(scale * alpha, subtract(exp(x), 1))) }];
  },
  examples: [{ options: {}, inputs: [{ channels: 3, height: 4, width: 5 }] }],
});
