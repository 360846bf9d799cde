/** Max pooling over windows of the image. */
import { defineLayer } from './layer.ts';
import { checkPool, lowerPool, poolOptions, poolWindow } from './pooling.ts';

export const maxpool = defineLayer({
  name: 'maxpool',
  summary: 'Max pooling: keeps the largest value of each window; among equal ones the first takes the gradient.',
  options: poolOptions,
  main: 'kernel',
  check(options, inputs) {
    checkPool(options, inputs);
  },
  lower(options, [input]) {
    return [lowerPool('max', options, true, input)];
  },
  window(options) {
    return poolWindow(options);
  },
  examples: [
    { options: { kernel: 2 }, inputs: [{ channels: 3, height: 6, width: 4 }] },
    { options: { kernel: 2 }, inputs: [{ channels: 9, height: 5, width: 7 }] },
    { options: { kernel: 2, ceil: true }, inputs: [{ channels: 2, height: 5, width: 7 }] },
    { options: { kernel: 3, stride: 1, padding: 1 }, inputs: [{ channels: 4, height: 4, width: 5 }] },
    { options: { kernel: 3, stride: 2, padding: 'same' }, inputs: [{ channels: 2, height: 6, width: 7 }] },
    { options: { kernel: [1, 3], stride: [2, 1], padding: [0, 1] }, inputs: [{ channels: 2, height: 5, width: 4 }] },
    { options: { kernel: 3, stride: 2, padding: 1, ceil: true }, inputs: [{ channels: 8, height: 6, width: 8 }] },
    { options: { kernel: 1, stride: 2 }, inputs: [{ channels: 3, height: 5, width: 5 }] },
  ],
});
