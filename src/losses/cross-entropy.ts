/** Softmax and cross-entropy in one, on logits. */
import { number } from '../common/options.ts';
import { defineLoss } from './loss.ts';

export const crossEntropy = defineLoss({
  name: 'cross_entropy',
  summary: 'Softmax of the logits, then minus the logarithm of the probability given to the label; the mean over the batch.',
  source: 'label smoothing: Szegedy et al., "Rethinking the Inception architecture", CVPR 2016, section 7',
  options: {
    label_smoothing: number({
      about: 'Share of the target that is spread evenly over all classes (0 to below 1).',
      default: 0,
      minimum: 0,
      exclusiveMaximum: 1,
    }),
  },
  lower(options) {
    return { op: 'softmaxCrossEntropy', labelSmoothing: options.label_smoothing };
  },
});
