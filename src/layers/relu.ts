/** Rectified linear unit, element by element. */
import { input, max } from '../common/expression.ts';
import { defineLayer } from './layer.ts';

export const relu = defineLayer({
  name: 'relu',
  summary: 'Rectified linear unit: max(x, 0). Its derivative at 0 is 0, as in PyTorch.',
  source: 'Nair and Hinton, "Rectified linear units improve restricted Boltzmann machines", ICML 2010',
  options: {},
  lower() {
    return [{ op: 'map', name: 'relu', expression: max(input('x'), 0) }];
  },
  examples: [
    { options: {}, inputs: [{ channels: 3, height: 5, width: 3 }] },
    { options: {}, inputs: [{ channels: 10, height: 1, width: 1 }] },
  ],
});
