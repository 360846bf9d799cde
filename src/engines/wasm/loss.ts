/**
 * Softmax and cross-entropy of one image, in float64 with our own exp and log. With label smoothing s and n classes the
 * target t is (1 - s) one-hot + s / n (Szegedy et al., "Rethinking the Inception architecture", 2016, section 7). With weights
 * w of the classes the loss is -Σ w t log p, the gradient p Σ w t - w t.
 */
import { exp, log } from '../../common/math.ts';

export interface ImageLoss {
  loss: number;
  prediction: number;
  /** Of the prediction. */
  probability: number;
}

export interface LossOptions {
  classes: number;
  labelSmoothing: number;
  /** One a class; absent: all 1. */
  classWeights?: readonly number[];
}

/** Reads the logits at `at`; writes gradient · `scale` to `gradientAt` where that is not negative. Fills `result`. */
export function softmaxCrossEntropy(floats: Float32Array, at: number, gradientAt: number, options: LossOptions, label: number, scale: number, result: ImageLoss): void {
  const { classes, labelSmoothing, classWeights: weights } = options;
  let best = 0;
  for (let i = 1; i < classes; i++) if (floats[at + i] > floats[at + best]) best = i;
  const highest = floats[at + best];
  // Σ exp(z - highest), Σ w (z - highest), Σ w.
  let sum = 0, all = 0, allWeights = 0;
  for (let i = 0; i < classes; i++) {
    const weight = weights === undefined ? 1 : weights[i];
    sum += exp(floats[at + i] - highest);
    all += weight * (floats[at + i] - highest);
    allWeights += weight;
  }
  const logSum = log(sum);
  const ofLabel = (1 - labelSmoothing) * (weights === undefined ? 1 : weights[label]), ofEach = labelSmoothing / classes;
  // Σ w t
  const share = weights === undefined ? 1 : ofLabel + ofEach * allWeights;
  result.prediction = best;
  result.probability = 1 / sum;
  result.loss = share * logSum - ofLabel * (floats[at + label] - highest) - ofEach * all;
  if (gradientAt < 0) return;
  for (let i = 0; i < classes; i++) {
    const target = (i === label ? ofLabel : 0) + (weights === undefined ? ofEach : ofEach * weights[i]);
    floats[gradientAt + i] = ((exp(floats[at + i] - highest) / sum) * share - target) * scale;
  }
}

/** What the losses of some images are divided by: their number, or the sum of their labels' weights, in the given order. */
export function lossDivisor({ classWeights }: LossOptions, images: number, labelOf: (image: number) => number): number {
  if (classWeights === undefined) return images;
  let sum = 0;
  for (let image = 0; image < images; image++) sum += classWeights[labelOf(image)];
  return sum;
}
