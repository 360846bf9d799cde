/** Softmax with cross-entropy: the mean over the batch, and its gradient. */
import type { LossPrimitive } from '../../layers/primitives.ts';
import type { FeatureMaps } from './operation.ts';

/**
 * With p = softmax(z), n classes, smoothing s and the target t = (1 - s) one-hot + s / n: loss = -Σ t log p,
 * d loss / d z = p - t; both divided by the number of images. With weights w of the classes: loss = -Σ w t log p,
 * d loss / d z = p Σ w t - w t; both divided by Σ w over the images' labels (torch.nn.CrossEntropyLoss).
 */
export function lossAndGradient({ labelSmoothing, classWeights }: LossPrimitive, logits: FeatureMaps, labels: ArrayLike<number>): { loss: number; gradient: FeatureMaps } {
  const classes = logits.shape.channels;
  const weightOf = (label: number): number => classWeights?.[label] ?? 1;
  const total = Array.from(labels).reduce((sum, label) => sum + weightOf(label), 0);
  const gradient = new Float64Array(logits.data.length);
  let loss = 0;
  for (let image = 0; image < logits.count; image++) {
    const z = logits.data.subarray(image * classes, (image + 1) * classes);
    const largest = Math.max(...z);
    const logSum = largest + Math.log(z.reduce((sum, value) => sum + Math.exp(value - largest), 0));
    const targets = Array.from(z, (_, label) => weightOf(label) * ((label === labels[image] ? 1 - labelSmoothing : 0) + labelSmoothing / classes));
    const share = targets.reduce((sum, target) => sum + target, 0);
    z.forEach((value, label) => {
      loss -= (targets[label] * (value - logSum)) / total;
      gradient[image * classes + label] = (Math.exp(value - logSum) * share - targets[label]) / total;
    });
  }
  return { loss, gradient: { ...logits, data: gradient } };
}
