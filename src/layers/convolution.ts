/** What the convolutions have in common: options, parameters and lowering. */
import { toPair } from '../common/options.ts';
import type { Completed } from '../common/options.ts';
import type { Pair, Padding, Shape } from '../common/shape.ts';
import type { Parameter } from './layer.ts';
import { padding, resolvePadding, windowSizes } from './window.ts';

export const slidingOptions = {
  kernel: windowSizes({ about: 'Size of the window in cells: a number, or [height, width].', default: 3 }),
  stride: windowSizes({ about: 'Cells from one window to the next: a number, or [vertical, horizontal].', default: 1 }),
  padding: padding(
    'Zeros around the image, in cells on each side: a number, [vertical, horizontal], `same` (the output has the size of input / stride, rounded up) or `valid` (none).',
  ),
  dilation: windowSizes({ about: 'Distance of neighbouring cells inside the window: 2 leaves one out between them.', default: 1 }),
};

export function convolutionGeometry(options: Completed<typeof slidingOptions>, input: Shape): { kernel: Pair; stride: Pair; dilation: Pair; padding: Padding } {
  const kernel = toPair(options.kernel);
  const stride = toPair(options.stride);
  const dilation = toPair(options.dilation);
  return { kernel, stride, dilation, padding: resolvePadding(options.padding, input, kernel, stride, dilation) };
}

/** `channels`: those that a filter sees. The fans are counted as PyTorch does, over all filters. */
export function convolutionParameters({ kernel, bias: biased }: { kernel: number | [number, number]; bias: boolean }, filters: number, channels: number): Parameter[] {
  const [height, width] = toPair(kernel);
  const weight = {
    name: 'weight',
    shape: [filters, channels, height, width],
    start: { fanIn: channels * height * width, fanOut: filters * height * width },
    trained: true,
    decay: true,
  };
  const bias = { name: 'bias', shape: [filters], start: { fill: 0 }, trained: true, decay: false };
  return biased ? [weight, bias] : [weight];
}
