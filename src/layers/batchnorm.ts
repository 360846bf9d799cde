/** Batch normalisation per channel. Keeps running statistics for evaluation, as PyTorch does. */
import { number } from '../common/options.ts';
import { defineLayer } from './layer.ts';

export const batchnorm = defineLayer({
  name: 'batchnorm',
  summary: 'Batch normalisation: each channel to mean 0 and variance 1 over the batch, then scaled and shifted by learned numbers.',
  source: 'Ioffe and Szegedy, "Batch normalization", ICML 2015, algorithm 1',
  options: {
    momentum: number({ about: 'Share of the new batch in the running statistics (0 to 1).', default: 0.1, minimum: 0, maximum: 1 }),
    epsilon: number({ about: 'Added to the variance, against division by zero.', default: 1e-5, exclusiveMinimum: 0, maximum: 1 }),
  },
  needsWholeBatch: true,

  parameters(_options, [input]) {
    const shape = [input.channels];
    return [
      { name: 'weight', shape, start: { fill: 1 }, trained: true, decay: false },
      { name: 'bias', shape, start: { fill: 0 }, trained: true, decay: false },
      { name: 'running_mean', shape, start: { fill: 0 }, trained: false, decay: false },
      { name: 'running_var', shape, start: { fill: 1 }, trained: false, decay: false },
    ];
  },

  lower(options) {
    return [{ op: 'batchNormalization', epsilon: options.epsilon, momentum: options.momentum }];
  },

  examples: [
    { options: {}, inputs: [{ channels: 3, height: 4, width: 5 }] },
    { options: { momentum: 0.3, epsilon: 1e-3 }, inputs: [{ channels: 9, height: 3, width: 3 }] },
    { options: {}, inputs: [{ channels: 6, height: 1, width: 1 }] },
  ],
});
