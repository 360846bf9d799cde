/** Convolution: the cross-correlation of deep learning, over an image [channels, height, width]. */
import { boolean, countOrClasses, required, toPair } from '../common/options.ts';
import type { Pair } from '../common/shape.ts';
import { defineLayer } from './layer.ts';
import { checkWindowFits, padding, resolvePadding, windowSizes } from './window.ts';

export const conv = defineLayer({
  name: 'conv',
  summary: 'Convolution: every filter looks through a small window that slides over the image.',
  source: 'LeCun et al., "Backpropagation applied to handwritten zip code recognition", Neural Computation 1989',
  options: {
    filters: required(countOrClasses({ about: 'Number of filters: the channels of the output, or `classes`.' })),
    kernel: windowSizes({ about: 'Size of the window in cells: a number, or [height, width].', default: 3 }),
    stride: windowSizes({ about: 'Cells from one window to the next: a number, or [vertical, horizontal].', default: 1 }),
    padding: padding(
      'Zeros around the image, in cells on each side: a number, [vertical, horizontal], `same` (the output has the size of input / stride, rounded up) or `valid` (none).',
    ),
    dilation: windowSizes({ about: 'Distance of neighbouring cells inside the window: 2 leaves one out between them.', default: 1 }),
    bias: boolean({ about: 'Whether a number per filter is added; useless before batch normalisation.', default: true }),
  },
  main: 'filters',

  check(options, [input]) {
    const { kernel, dilation, padding: surround } = geometry(options, input);
    checkWindowFits(input, kernel, surround, dilation);
  },

  parameters(options, [input]) {
    const filters = Number(options.filters);
    const [height, width] = toPair(options.kernel);
    const weight = {
      name: 'weight',
      shape: [filters, input.channels, height, width],
      start: { fanIn: input.channels * height * width, fanOut: filters * height * width },
      trained: true,
      decay: true,
    };
    const bias = { name: 'bias', shape: [filters], start: { fill: 0 }, trained: true, decay: false };
    return options.bias ? [weight, bias] : [weight];
  },

  lower(options, [input]) {
    return [{ op: 'convolution', filters: Number(options.filters), ...geometry(options, input), groups: 1, bias: options.bias }];
  },

  multiplyAdds(options, [input], output) {
    const [height, width] = toPair(options.kernel);
    return output.channels * output.height * output.width * input.channels * height * width;
  },

  window(options) {
    return { kernel: toPair(options.kernel), stride: toPair(options.stride), dilation: toPair(options.dilation) };
  },

  examples: [
    { options: { filters: 3 }, inputs: [{ channels: 2, height: 6, width: 5 }] },
    { options: { filters: 9, padding: 1 }, inputs: [{ channels: 8, height: 5, width: 7 }] },
    { options: { filters: 4, kernel: 5, padding: 'same' }, inputs: [{ channels: 1, height: 7, width: 6 }] },
    { options: { filters: 4, kernel: 3, stride: 2, padding: 'same' }, inputs: [{ channels: 3, height: 6, width: 7 }] },
    { options: { filters: 5, kernel: [1, 4], stride: [2, 1], padding: [0, 2] }, inputs: [{ channels: 2, height: 5, width: 6 }] },
    { options: { filters: 16, kernel: 1, bias: false }, inputs: [{ channels: 17, height: 3, width: 3 }] },
    { options: { filters: 3, kernel: 3, dilation: 2, padding: 2 }, inputs: [{ channels: 2, height: 7, width: 6 }] },
    { options: { filters: 3, kernel: 3, dilation: [1, 3], stride: [1, 2], padding: 'valid' }, inputs: [{ channels: 2, height: 4, width: 9 }] },
    { options: { filters: 8, kernel: 2, stride: 3, padding: 1 }, inputs: [{ channels: 4, height: 8, width: 8 }] },
  ],
});

type Geometry = Parameters<typeof resolvePadding>;
interface WindowOptions {
  kernel: number | [number, number];
  stride: number | [number, number];
  dilation: number | [number, number];
  padding: Geometry[0];
}

function geometry(options: WindowOptions, input: Geometry[1]): { kernel: Pair; stride: Pair; dilation: Pair; padding: ReturnType<typeof resolvePadding> } {
  const kernel = toPair(options.kernel);
  const stride = toPair(options.stride);
  const dilation = toPair(options.dilation);
  return { kernel, stride, dilation, padding: resolvePadding(options.padding, input, kernel, stride, dilation) };
}
