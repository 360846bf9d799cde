/** Rectified linear unit that is cut at 6, element by element. */
import { input, max, min } from '../common/expression.ts';
import { defineLayer } from './layer.ts';

export const relu6 = defineLayer({
  name: 'relu6',
  summary: 'Rectified linear unit cut at 6: min(max(x, 0), 6). Its derivative at 0 and at 6 is 0, as in PyTorch.',
  source: 'Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks", CVPR 2018, section 4',
  options: {},
  lower() {
    return [{ op: 'map', name: 'relu6', expression: min(max(input('x'), 0), 6) }];
  },
  examples: [
    { options: {}, inputs: [{ channels: 3, height: 5, width: 3 }] },
    { options: {}, inputs: [{ channels: 17, height: 1, width: 1 }] },
  ],
});
