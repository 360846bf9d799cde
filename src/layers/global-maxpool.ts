/** The largest value of each channel over the whole image: [channels, height, width] → [channels, 1, 1]. */
import { defineLayer } from './layer.ts';

export const globalMaxpool = defineLayer({
  name: 'global_maxpool',
  summary: 'Global max pooling: one number per channel, its largest over the image; among equal ones the first takes the gradient.',
  options: {},
  lower(_options, [{ height, width }]) {
    return [
      {
        op: 'pool',
        kind: 'max',
        kernel: [height, width],
        stride: [1, 1],
        padding: { top: 0, left: 0, bottom: 0, right: 0 },
        countPadding: false,
        ceilOverhang: [0, 0],
      },
    ];
  },
  window(_options, [{ height, width }]) {
    return { kernel: [height, width], stride: [1, 1], dilation: [1, 1] };
  },
  examples: [
    { options: {}, inputs: [{ channels: 5, height: 3, width: 4 }] },
    { options: {}, inputs: [{ channels: 16, height: 1, width: 7 }] },
  ],
});
