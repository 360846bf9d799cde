/**
 * Options and arithmetic shared by layers that slide a window over an image: convolution and pooling.
 * Sizes are in cells: [height, width].
 */
import { either, sizes, toPair } from '../common/options.ts';
import type { About, Option } from '../common/options.ts';
import type { Padding, Pair, Shape } from '../common/shape.ts';
import { ShapeProblem } from './layer.ts';
import { windowCount } from './primitives.ts';

/** No useful window is larger; the bound keeps products of sizes far from 2^53. */
const largestWindow = 1024;

export type PaddingOption = number | [number, number] | 'same' | 'valid';

/** A number of cells at least 1, or `[height, width]`. */
export const windowSizes = (about: About<number>): Option<number | [number, number]> =>
  sizes({ minimum: 1, maximum: largestWindow, ...about });

/** Cells on each side, `[vertical, horizontal]`, `same` or `valid`. */
export const padding = (about: string): Option<PaddingOption> => {
  const cells = { type: 'integer', minimum: 0, maximum: largestWindow };
  return either<PaddingOption>(
    [cells, { type: 'array', items: cells, minItems: 2, maxItems: 2 }, { type: 'string', enum: ['same', 'valid'] }],
    { about, default: 0 },
  );
};

/**
 * The zeros around the image that a padding option stands for. `same`: as many as make the output's size the input's
 * divided by the stride, rounded up; the odd one at the bottom and the right.
 */
export function resolvePadding(option: PaddingOption, input: Shape, kernel: Pair, stride: Pair, dilation: Pair = [1, 1]): Padding {
  if (option === 'valid') return { top: 0, left: 0, bottom: 0, right: 0 };
  if (option === 'same') {
    const [top, bottom] = samePadding(input.height, kernel[0], stride[0], dilation[0]);
    const [left, right] = samePadding(input.width, kernel[1], stride[1], dilation[1]);
    return { top, left, bottom, right };
  }
  const [vertical, horizontal] = toPair(option);
  return { top: vertical, left: horizontal, bottom: vertical, right: horizontal };
}

function samePadding(size: number, kernel: number, stride: number, dilation: number): [before: number, after: number] {
  const count = Math.ceil(size / stride);
  const total = Math.max(0, (count - 1) * stride + dilation * (kernel - 1) + 1 - size);
  const before = Math.floor(total / 2);
  return [before, total - before];
}

/** Cells that `ceil` adds at the end of an axis so that a last, overhanging window fits (it must begin inside the image or its leading padding, as in PyTorch). */
export function ceilOverhang(size: number, kernel: number, stride: number, before: number, after: number): number {
  const free = size + before + after - kernel;
  let count = Math.ceil(free / stride) + 1;
  if ((count - 1) * stride >= size + before) count--;
  return Math.max(0, (count - 1) * stride - free);
}

/** Throws where not even one window fits into the padded image. */
export function checkWindowFits(input: Shape, kernel: Pair, surround: Padding, dilation: Pair = [1, 1]): void {
  const rows = windowCount(input.height, kernel[0], 1, surround.top, surround.bottom, dilation[0]);
  const columns = windowCount(input.width, kernel[1], 1, surround.left, surround.right, dilation[1]);
  if (rows >= 1 && columns >= 1) return;
  const spread = dilation[0] > 1 || dilation[1] > 1;
  const reach: Pair = [dilation[0] * (kernel[0] - 1) + 1, dilation[1] * (kernel[1] - 1) + 1];
  const window = spread ? `${describePair(kernel)} with dilation ${describePair(dilation)} spans ${describePair(reach)} and` : describePair(kernel);
  const padded = surround.top + surround.bottom + surround.left + surround.right > 0 ? ' (padding included)' : '';
  const size: Pair = [input.height + surround.top + surround.bottom, input.width + surround.left + surround.right];
  throw new ShapeProblem(`${window} does not fit its ${describePair(size)} input${padded}`, 'kernel', 'set padding: same');
}

/** `3×3` */
export function describePair(pair: Pair): string {
  return `${pair[0]}×${pair[1]}`;
}
