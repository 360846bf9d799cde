/** Average pooling over windows of the image. */
import { boolean } from '../common/options.ts';
import { defineLayer } from './layer.ts';
import { checkPool, lowerPool, poolOptions, poolWindow } from './pooling.ts';

export const avgpool = defineLayer({
  name: 'avgpool',
  summary: 'Average pooling: the mean of each window.',
  options: {
    ...poolOptions,
    count_padding: boolean({ about: 'Whether cells of the padding count, as zeros, in the mean.', default: true }),
  },
  main: 'kernel',
  check(options, inputs) {
    checkPool(options, inputs);
  },
  lower(options, [input]) {
    return [lowerPool('average', options, options.count_padding, input)];
  },
  window(options) {
    return poolWindow(options);
  },
  examples: [
    { options: { kernel: 2 }, inputs: [{ channels: 3, height: 6, width: 4 }] },
    { options: { kernel: 2, ceil: true }, inputs: [{ channels: 9, height: 5, width: 7 }] },
    { options: { kernel: 3, stride: 1, padding: 1 }, inputs: [{ channels: 4, height: 4, width: 5 }] },
    { options: { kernel: 3, stride: 1, padding: 1, count_padding: false }, inputs: [{ channels: 2, height: 4, width: 5 }] },
    { options: { kernel: 3, stride: 2, padding: 1, ceil: true }, inputs: [{ channels: 2, height: 6, width: 8 }] },
    { options: { kernel: 3, stride: 2, padding: 1, ceil: true, count_padding: false }, inputs: [{ channels: 8, height: 6, width: 8 }] },
    { options: { kernel: [2, 3], stride: [1, 2], padding: 'same', count_padding: false }, inputs: [{ channels: 2, height: 5, width: 6 }] },
  ],
});
