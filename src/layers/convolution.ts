/** What the convolutions have in common: options, parameters and lowering. */
import { integer, toPair } from '../common/options.ts';
import type { Completed } from '../common/options.ts';
import type { Pair, Padding, Shape } from '../common/shape.ts';
import { ShapeProblem } from './layer.ts';
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

export const groupsOption = integer({
  about: 'Channels and filters are cut into so many groups; a filter sees the channels of its own group alone. Both must be divisible by it.',
  default: 1,
  minimum: 1,
  maximum: 1 << 20,
});

export function checkGroups(groups: number, channels: number, filters: number): void {
  for (const [what, count] of [['channels', channels], ['filters', filters]] as const) {
    if (count % groups === 0) continue;
    const divisor = [groups - 1, groups + 1].find((each) => each > 1 && channels % each === 0 && filters % each === 0);
    const fix = divisor === undefined ? 'choose groups that divide both the channels and the filters' : `set groups: ${divisor}`;
    throw new ShapeProblem(`${count} ${what} cannot be cut into ${groups} equal groups`, 'groups', fix);
  }
}

export function convolutionGeometry(options: Completed<typeof slidingOptions>, input: Shape): { kernel: Pair; stride: Pair; dilation: Pair; padding: Padding } {
  const kernel = toPair(options.kernel);
  const stride = toPair(options.stride);
  const dilation = toPair(options.dilation);
  return { kernel, stride, dilation, padding: resolvePadding(options.padding, input, kernel, stride, dilation) };
}

/** `channels`: those that a filter sees. The fans are counted from the weight's shape, as PyTorch does. */
export function convolutionParameters({ kernel, bias: biased }: { kernel: number | [number, number]; bias: boolean }, filters: number, channels: number, biases = filters): Parameter[] {
  const [height, width] = toPair(kernel);
  const weight = {
    name: 'weight',
    shape: [filters, channels, height, width],
    start: { fanIn: channels * height * width, fanOut: filters * height * width },
    trained: true,
    decay: true,
  };
  const bias = { name: 'bias', shape: [biases], start: { fill: 0 }, trained: true, decay: false };
  return biased ? [weight, bias] : [weight];
}
