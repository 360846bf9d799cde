/** What can be told of images in memory: how often each class comes, means and deviations of the channels, repeated images. */
import { createHash } from 'node:crypto';
import { sizeOf } from '../common/shape.ts';
import type { Shape } from '../common/shape.ts';
import type { Split } from './dataset.ts';

/** [classes] */
export function countClasses({ labels }: Split, classes: number): number[] {
  const counts = Array.from({ length: classes }, () => 0);
  for (const label of labels) counts[label]++;
  return counts;
}

/** Over all pixels of all images, on the scale of value / 255, one number a channel: what `normalize` takes. */
export function channelStatistics({ pixels }: Split, { channels }: Shape): { mean: number[]; std: number[] } {
  const histograms = Array.from({ length: channels }, () => new Float64Array(256)); // exact: counts are whole numbers
  for (let at = 0; at < pixels.length;) {
    for (let channel = 0; channel < channels; channel++) histograms[channel][pixels[at++]]++;
  }
  const count = pixels.length / channels;
  const mean = histograms.map((histogram) => histogram.reduce((sum, times, value) => sum + times * value, 0) / count);
  const variance = histograms.map((histogram, channel) => histogram.reduce((sum, times, value) => sum + times * (value - mean[channel]) ** 2, 0) / count);
  return { mean: mean.map((value) => value / 255), std: variance.map((value) => Math.sqrt(value) / 255) };
}

/** How many images of `others` are, pixel by pixel, among those of `split`: such test images test nothing but memory. */
export function countRepeated(split: Split, others: Split, shape: Shape): number {
  const known = new Set(digestsOf(split, shape));
  return digestsOf(others, shape).filter((digest) => known.has(digest)).length;
}

function digestsOf({ pixels, count }: Split, shape: Shape): string[] {
  const size = sizeOf(shape);
  return Array.from({ length: count }, (_, index) => createHash('sha1').update(pixels.subarray(index * size, (index + 1) * size)).digest('base64'));
}
