/** Inverted dropout: the identity outside training. */
import { number } from '../common/options.ts';
import { defineLayer } from './layer.ts';

export const dropout = defineLayer({
  name: 'dropout',
  summary: 'Dropout: in training each value becomes 0 with probability `rate`, the others are scaled by 1 / (1 - rate).',
  source: 'Srivastava et al., "Dropout", JMLR 2014',
  options: {
    rate: number({ about: 'Probability that a value is dropped (0 to below 1).', default: 0.5, minimum: 0, exclusiveMaximum: 1 }),
  },
  main: 'rate',
  random: true,
  lower(options) {
    return [{ op: 'dropout', rate: options.rate, unit: 'element' }];
  },
  examples: [
    { options: {}, inputs: [{ channels: 20, height: 1, width: 1 }] },
    { options: { rate: 0.2 }, inputs: [{ channels: 9, height: 4, width: 3 }] },
    { options: { rate: 0 }, inputs: [{ channels: 4, height: 1, width: 1 }] },
  ],
});
