/** The mean of each channel over the whole image: [channels, height, width] → [channels, 1, 1]. */
import type { Pair, Shape } from '../common/shape.ts';
import { defineLayer } from './layer.ts';

export const globalAvgpool = defineLayer({
  name: 'global_avgpool',
  summary: 'Global average pooling: one number per channel, its mean over the image.',
  source: 'Lin, Chen and Yan, "Network in network", ICLR 2014, section 3.2',
  options: {},
  lower(_options, [input]) {
    return [
      {
        op: 'pool',
        kind: 'average',
        kernel: wholeImage(input),
        stride: [1, 1],
        padding: { top: 0, left: 0, bottom: 0, right: 0 },
        countPadding: false,
        ceilOverhang: [0, 0],
      },
    ];
  },
  window(_options, [input]) {
    return { kernel: wholeImage(input), stride: [1, 1], dilation: [1, 1] };
  },
  examples: [
    { options: {}, inputs: [{ channels: 5, height: 3, width: 4 }] },
    { options: {}, inputs: [{ channels: 16, height: 7, width: 7 }] },
  ],
});

const wholeImage = (shape: Shape): Pair => [shape.height, shape.width];
