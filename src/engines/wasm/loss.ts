/**
 * Softmax and cross-entropy of one image, in float64 with our own exp and log. With label smoothing s and n classes the
 * target is (1 - s) one-hot + s / n (Szegedy et al., "Rethinking the Inception architecture", 2016, section 7).
 */
import { exp, log } from '../../common/math.ts';

export interface ImageLoss {
  loss: number;
  prediction: number;
  /** Of the prediction. */
  probability: number;
}

/** Reads `classes` logits at `at`; writes gradient · `scale` to `gradientAt` where that is not negative. Fills `result`. */
export function softmaxCrossEntropy(floats: Float32Array, at: number, gradientAt: number, classes: number, label: number, smoothing: number, scale: number, result: ImageLoss): void {
  let best = 0;
  for (let i = 1; i < classes; i++) if (floats[at + i] > floats[at + best]) best = i;
  const highest = floats[at + best];
  let sum = 0, all = 0;
  for (let i = 0; i < classes; i++) {
    sum += exp(floats[at + i] - highest);
    all += floats[at + i] - highest;
  }
  const logSum = log(sum);
  result.prediction = best;
  result.probability = 1 / sum;
  result.loss = logSum - (1 - smoothing) * (floats[at + label] - highest) - (smoothing / classes) * all;
  if (gradientAt < 0) return;
  for (let i = 0; i < classes; i++) {
    const target = (i === label ? 1 - smoothing : 0) + smoothing / classes;
    floats[gradientAt + i] = (exp(floats[at + i] - highest) / sum - target) * scale;
  }
}
