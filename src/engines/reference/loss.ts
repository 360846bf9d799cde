/** Softmax with cross-entropy: the mean over the batch, and its gradient. */
import type { LossPrimitive } from '../../layers/primitives.ts';
import type { FeatureMaps } from './operation.ts';

/**
 * With p = softmax(z), n classes, smoothing s and the target t = (1 - s) one-hot + s / n: loss = -Σ t log p,
 * d loss / d z = p - t; both divided by the number of images.
 */
export function lossAndGradient({ labelSmoothing }: LossPrimitive, logits: FeatureMaps, labels: ArrayLike<number>): { loss: number; gradient: FeatureMaps } {
  const classes = logits.shape.channels;
  const gradient = new Float64Array(logits.data.length);
  let loss = 0;
  for (let image = 0; image < logits.count; image++) {
    const z = logits.data.subarray(image * classes, (image + 1) * classes);
    const largest = Math.max(...z);
    const logSum = largest + Math.log(z.reduce((sum, value) => sum + Math.exp(value - largest), 0));
    z.forEach((value, label) => {
      const target = (label === labels[image] ? 1 - labelSmoothing : 0) + labelSmoothing / classes;
      loss -= (target * (value - logSum)) / logits.count;
      gradient[image * classes + label] = (Math.exp(value - logSum) - target) / logits.count;
    });
  }
  return { loss, gradient: { ...logits, data: gradient } };
}
