/** Dropout of whole channels, and of whole images: both the identity outside training. */
import { number } from '../common/options.ts';
import { defineLayer } from './layer.ts';

export const spatialDropout = defineLayer({
  name: 'spatial_dropout',
  summary: 'Spatial dropout: in training each channel of an image becomes 0 with probability `rate`, the others are scaled by 1 / (1 - rate).',
  source: 'Tompson et al., "Efficient object localization using convolutional networks", CVPR 2015, section 3.2',
  options: {
    rate: number({ about: 'Probability that a channel is dropped (0 to below 1).', default: 0.5, minimum: 0, exclusiveMaximum: 1 }),
  },
  main: 'rate',
  random: true,
  lower({ rate }) {
    return [{ op: 'dropout', rate, unit: 'channel' }];
  },
  examples: [
    { options: {}, inputs: [{ channels: 19, height: 4, width: 3 }] },
    { options: { rate: 0.2 }, inputs: [{ channels: 6, height: 2, width: 2 }] },
  ],
});

export const stochasticDepth = defineLayer({
  name: 'stochastic_depth',
  summary: 'Stochastic depth: in training all of an image becomes 0 with probability `rate`, else it is scaled by 1 / (1 - rate). Stands at the end of a residual body.',
  source: 'Huang et al., "Deep networks with stochastic depth", ECCV 2016, section 3',
  options: {
    rate: number({ about: 'Probability that the body is passed over (0 to below 1).', default: 0.1, minimum: 0, exclusiveMaximum: 1 }),
  },
  main: 'rate',
  random: true,
  lower({ rate }) {
    return [{ op: 'dropout', rate, unit: 'sample' }];
  },
  examples: [
    { options: { rate: 0.5 }, inputs: [{ channels: 5, height: 3, width: 4 }] },
    { options: { rate: 0.3 }, inputs: [{ channels: 17, height: 1, width: 1 }] },
  ],
});
