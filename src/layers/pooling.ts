/** What max and average pooling have in common: options, checks and lowering. */
import { boolean, optional, required, toPair } from '../common/options.ts';
import type { Completed } from '../common/options.ts';
import type { Pair, Shape } from '../common/shape.ts';
import { ShapeProblem } from './layer.ts';
import type { PrimitiveOf } from './primitives.ts';
import { ceilOverhang, checkWindowFits, describePair, padding, resolvePadding, windowSizes } from './window.ts';

export const poolOptions = {
  kernel: required(windowSizes({ about: 'Size of the window in cells: a number, or [height, width].' })),
  stride: optional(windowSizes({ about: 'Cells from one window to the next: a number, or [vertical, horizontal]. Without it: the kernel.' })),
  padding: padding(
    'Cells around the image, on each side: a number, [vertical, horizontal], `same` (the output has the size of input / stride, rounded up) or `valid` (none). At most half the kernel.',
  ),
  ceil: boolean({ about: 'Whether a last window that overhangs the image counts, rather than being left out.', default: false }),
};

type PoolOptions = Completed<typeof poolOptions>;

export function lowerPool(kind: 'max' | 'average', options: PoolOptions, countPadding: boolean, input: Shape): PrimitiveOf<'pool'> {
  const { kernel, stride } = poolWindow(options);
  const surround = resolvePadding(options.padding, input, kernel, stride);
  const overhang: Pair = options.ceil
    ? [
        ceilOverhang(input.height, kernel[0], stride[0], surround.top, surround.bottom),
        ceilOverhang(input.width, kernel[1], stride[1], surround.left, surround.right),
      ]
    : [0, 0];
  const padded = { ...surround, bottom: surround.bottom + overhang[0], right: surround.right + overhang[1] };
  return { op: 'pool', kind, kernel, stride, padding: padded, countPadding, ceilOverhang: overhang };
}

export function checkPool(options: PoolOptions, inputs: readonly Shape[]): void {
  const input = inputs[0];
  const { kernel, stride } = poolWindow(options);
  const surround = resolvePadding(options.padding, input, kernel, stride);
  checkWindowFits(input, kernel, surround);
  // A window that lies in the padding alone would have no largest value.
  if (options.padding !== 'same' && (surround.top * 2 > kernel[0] || surround.left * 2 > kernel[1])) {
    throw new ShapeProblem(
      `${describePair([surround.top, surround.left])} is more than half of the ${describePair(kernel)} kernel`,
      'padding',
      `set padding to at most ${Math.floor(Math.min(kernel[0], kernel[1]) / 2)}`,
    );
  }
}

export function poolWindow(options: PoolOptions): { kernel: Pair; stride: Pair; dilation: Pair } {
  const kernel = toPair(options.kernel);
  return { kernel, stride: options.stride === undefined ? kernel : toPair(options.stride), dilation: [1, 1] };
}
