/** Local response normalisation, as AlexNet had it: each value is held against its neighbours in other channels. */
import { integer, number } from '../common/options.ts';
import { defineLayer } from './layer.ts';

export const lrn = defineLayer({
  name: 'lrn',
  summary: 'Local response normalisation: x / (k + alpha / size · Σ x²)^beta, the sum over `size` neighbouring channels (alpha / size as in PyTorch).',
  source: 'Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural networks", NIPS 2012, section 3.3',
  options: {
    size: integer({ about: 'Number of neighbouring channels, the channel itself in the middle; of an even number one more lies before it.', default: 5, minimum: 1, maximum: 255 }),
    alpha: number({ about: 'Weight of the mean square; the paper\'s alpha is this divided by `size`.', default: 1e-4, minimum: 0 }),
    beta: number({ about: 'The exponent.', default: 0.75, minimum: 0 }),
    k: number({ about: 'Added to the sum, against division by zero; the paper has 2.', default: 1, exclusiveMinimum: 0 }),
  },
  main: 'size',
  lower({ size, alpha, beta, k }) {
    return [{ op: 'localResponseNormalization', size, alpha, beta, k }];
  },
  examples: [
    { options: {}, inputs: [{ channels: 7, height: 2, width: 3 }] },
    { options: { size: 3, alpha: 1.5, beta: 0.6, k: 2 }, inputs: [{ channels: 16, height: 3, width: 2 }] },
    { options: { size: 4, alpha: 0.8, beta: 1 }, inputs: [{ channels: 18, height: 2, width: 2 }] },
    { options: { size: 21, alpha: 2 }, inputs: [{ channels: 5, height: 1, width: 1 }] },
  ],
});
