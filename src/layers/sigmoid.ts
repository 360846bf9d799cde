/** Logistic sigmoid, and its product with the value itself. */
import { add, divide, exp, input, negate } from '../common/expression.ts';
import { defineLayer } from './layer.ts';

export const sigmoid = defineLayer({
  name: 'sigmoid',
  summary: 'Logistic sigmoid: 1 / (1 + exp(-x)), between 0 and 1.',
  options: {},
  lower() {
    return [{ op: 'map', name: 'sigmoid', expression: divide(1, add(1, exp(negate(input('x'))))) }];
  },
  examples: [
    { options: {}, inputs: [{ channels: 3, height: 4, width: 5 }] },
    { options: {}, inputs: [{ channels: 17, height: 1, width: 1 }] },
  ],
});

export const silu = defineLayer({
  name: 'silu',
  summary: 'Sigmoid linear unit, also called swish: x times the sigmoid of x.',
  source: 'Elfwing, Uchibe and Doya, "Sigmoid-weighted linear units", Neural Networks 2018; Ramachandran, Zoph and Le, "Searching for activation functions", 2017',
  options: {},
  lower() {
    const x = input('x');
    return [{ op: 'map', name: 'silu', expression: divide(x, add(1, exp(negate(x)))) }];
  },
  examples: [{ options: {}, inputs: [{ channels: 3, height: 4, width: 5 }] }],
});
