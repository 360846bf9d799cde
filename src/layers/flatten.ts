/** [channels, height, width] → a vector in that order. `dense` does it by itself. */
import { defineLayer } from './layer.ts';

export const flatten = defineLayer({
  name: 'flatten',
  summary: 'Makes a vector of the image: channels, then rows, then columns. Implied before `dense`.',
  options: {},
  lower() {
    return [{ op: 'flatten' }];
  },
  window(_options, [input]) {
    return { kernel: [input.height, input.width], stride: [1, 1], dilation: [1, 1] };
  },
  examples: [{ options: {}, inputs: [{ channels: 3, height: 2, width: 5 }] }],
});
