/** Larger images without weights: every cell repeated. */
import { toPair } from '../common/options.ts';
import { defineLayer } from './layer.ts';
import { windowSizes } from './window.ts';

export const upsample = defineLayer({
  name: 'upsample',
  summary: 'Makes the image larger by whole factors: every cell is repeated (nearest neighbour).',
  options: {
    factor: windowSizes({ about: 'How many times each cell is repeated: a number, or [downwards, to the right].', default: 2 }),
  },
  main: 'factor',
  lower(options) {
    return [{ op: 'upsample', factor: toPair(options.factor) }];
  },
  /** Several output cells lie between two input cells: the stride is a fraction. */
  window(options) {
    const [vertical, horizontal] = toPair(options.factor);
    return { kernel: [1, 1], stride: [1 / vertical, 1 / horizontal], dilation: [1, 1] };
  },
  examples: [
    { options: {}, inputs: [{ channels: 3, height: 2, width: 3 }] },
    { options: { factor: [3, 1] }, inputs: [{ channels: 17, height: 2, width: 2 }] },
    { options: { factor: [1, 4] }, inputs: [{ channels: 1, height: 3, width: 1 }] },
  ],
});
