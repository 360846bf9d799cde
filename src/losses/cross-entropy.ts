/** Softmax and cross-entropy in one, on logits. */
import { either, number, optional } from '../common/options.ts';
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
    class_weights: optional(either<number[]>([{ type: 'array', items: { type: 'number', minimum: 0 }, minItems: 2 }], {
      about: 'How much each class counts, one number a class: rare classes more. The mean is over the weights of the labels. Absent: all alike.',
    })),
  },
  check({ class_weights: weights }, classes) {
    if (weights === undefined) return undefined;
    const option = 'class_weights';
    if (weights.length !== classes) return { option, message: `has ${weights.length} numbers, but there are ${classes} classes`, fix: 'give one number for each class, in the order of the labels' };
    if (weights.every((weight) => weight === 0)) return { option, message: 'is 0 for every class: there is nothing to learn', fix: 'give the classes that count a weight above 0' };
    return undefined;
  },
  lower({ label_smoothing: labelSmoothing, class_weights: classWeights }) {
    return { op: 'softmaxCrossEntropy', labelSmoothing, ...(classWeights === undefined ? {} : { classWeights }) };
  },
});
