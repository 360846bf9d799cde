/** The work between two phases of a step: batch statistics and their gradients, from the shards' sums, in float64 and in a fixed order. */
import type { Finale, Frozen } from './program.ts';

export interface MemoryViews { floats: Float32Array; doubles: Float64Array }

/** `images`: of the whole batch. */
export function runFinale(finale: Finale, views: MemoryViews, shards: number, images: number): void {
  if (finale.kind === 'batchStatistics') batchStatistics(finale, views, shards, images);
  else batchGradient(finale, views, shards, images);
}

/** Σ over the shards of one of the two sums of a channel: sums[block][2][16]. */
function total(views: MemoryViews, sums: number, stride: number, shards: number, which: 0 | 1, channel: number): number {
  const at = (sums >> 3) + (channel >> 4) * 32 + which * 16 + (channel & 15);
  let sum = 0;
  for (let shard = 0; shard < shards; shard++) sum += views.doubles[at + (shard * stride) / 8];
  return sum;
}

/** With d = x - running mean: mean = running mean + Σd / n, variance = Σd² / n - (Σd / n)²; running statistics move by `momentum`, with the unbiased variance (n / (n - 1)). */
function batchStatistics(f: Extract<Finale, { kind: 'batchStatistics' }>, views: MemoryViews, shards: number, images: number): void {
  const { floats } = views;
  const count = images * f.pixels;
  for (let c = 0; c < f.channels; c++) {
    const shift = total(views, f.sums, f.sumsStride, shards, 0, c) / count;
    const mean = floats[f.runningMean / 4 + c] + shift;
    const variance = Math.max(0, total(views, f.sums, f.sumsStride, shards, 1, c) / count - shift * shift);
    const inverse = 1 / Math.sqrt(variance + f.epsilon);
    const scale = floats[f.weight / 4 + c] * inverse;
    floats[f.scaleShift / 4 + c] = scale;
    floats[f.scaleShift / 4 + f.physical + c] = floats[f.bias / 4 + c] - mean * scale;
    floats[f.statistics / 4 + c] = mean;
    floats[f.statistics / 4 + f.physical + c] = inverse;
    const unbiased = count > 1 ? (variance * count) / (count - 1) : variance;
    floats[f.runningMean / 4 + c] = (1 - f.momentum) * floats[f.runningMean / 4 + c] + f.momentum * mean;
    floats[f.runningVariance / 4 + c] = (1 - f.momentum) * floats[f.runningVariance / 4 + c] + f.momentum * unbiased;
  }
}

/**
 * With x̂ = (x - mean) · inverse, n values a channel, g the gradient to the result (Ioffe and Szegedy, 2015, section 3):
 * dbias = Σg, dweight = Σ g x̂, dx = weight · inverse · (g - Σg / n - x̂ Σ(g x̂) / n) = a g + b x + c.
 */
function batchGradient(f: Extract<Finale, { kind: 'batchGradient' }>, views: MemoryViews, shards: number, images: number): void {
  const { floats } = views;
  const count = images * f.pixels;
  for (let c = 0; c < f.channels; c++) {
    const mean = floats[f.statistics / 4 + c], inverse = floats[f.statistics / 4 + f.physical + c];
    const sum = total(views, f.sums, f.sumsStride, shards, 0, c);
    // Σ g d, d = x - mean.
    const product = total(views, f.sums, f.sumsStride, shards, 1, c) * inverse;
    floats[f.biasGradient / 4 + c] = sum;
    floats[f.weightGradient / 4 + c] = product;
    const a = floats[f.weight / 4 + c] * inverse;
    const b = (-a * inverse * product) / count;
    floats[f.coefficients / 4 + c] = a;
    floats[f.coefficients / 4 + f.physical + c] = b;
    floats[f.coefficients / 4 + 2 * f.physical + c] = (-a * sum) / count - b * mean;
  }
}

/** Scale and shift for inference, from the running statistics. */
export function freeze(f: Frozen, { floats }: MemoryViews): void {
  for (let c = 0; c < f.channels; c++) {
    const scale = floats[f.weight / 4 + c] / Math.sqrt(floats[f.runningVariance / 4 + c] + f.epsilon);
    floats[f.scaleShift / 4 + c] = scale;
    floats[f.scaleShift / 4 + f.physical + c] = floats[f.bias / 4 + c] - floats[f.runningMean / 4 + c] * scale;
  }
}
