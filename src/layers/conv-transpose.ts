/** Transposed convolution: the gradient of a convolution to its input as a layer, which makes images larger. */
import { boolean, countOrClasses, required, sizes, toPair } from '../common/options.ts';
import type { Completed } from '../common/options.ts';
import { checkGroups, convolutionParameters, groupsOption, slidingOptions } from './convolution.ts';
import { defineLayer, ShapeProblem } from './layer.ts';
import { outputShape } from './primitives.ts';
import type { PrimitiveOf } from './primitives.ts';
import { describePair, windowSizes } from './window.ts';

const cells = { minimum: 0, maximum: 1024, default: 0 };
const transposedOptions = {
  filters: required(countOrClasses({ about: 'Number of filters: the channels of the output, or `classes`.' })),
  kernel: slidingOptions.kernel,
  stride: windowSizes({ about: 'Cells of the output from one window to the next: a number, or [vertical, horizontal].', default: 1 }),
  padding: sizes({ about: 'Cells cut off each side of the output: a number, or [vertical, horizontal].', ...cells }),
  output_padding: sizes({ about: 'Rows and columns added at the bottom and the right, to choose among the sizes that a stride leaves open: a number, or [height, width].', ...cells }),
  dilation: slidingOptions.dilation,
  groups: groupsOption,
  bias: boolean({ about: 'Whether a number per filter is added; useless before batch normalisation.', default: true }),
};
type TransposedOptions = Completed<typeof transposedOptions>;

export const convTranspose = defineLayer({
  name: 'conv_transpose',
  summary: 'Transposed convolution: every cell is spread over a window of the output; with a stride the image grows by it.',
  source: 'Zeiler et al., "Deconvolutional networks", CVPR 2010; Dumoulin and Visin, "A guide to convolution arithmetic", 2016, section 4',
  options: transposedOptions,
  main: 'filters',

  check(options, [input]) {
    checkGroups(options.groups, input.channels, Number(options.filters));
    checkOutputPadding(options);
    const { height, width } = outputShape(transposed(options), [input]);
    if (height >= 1 && width >= 1) return;
    throw new ShapeProblem(`its padding of ${describePair(toPair(options.padding))} leaves nothing of the output`, 'padding', 'set padding: 0');
  },

  parameters(options, [input]) {
    const filters = Number(options.filters);
    return convolutionParameters(options, input.channels, filters / options.groups, filters);
  },

  lower(options) {
    return [transposed(options)];
  },

  multiplyAdds(options, [input], output) {
    const [height, width] = toPair(options.kernel);
    return input.channels * input.height * input.width * (output.channels / options.groups) * height * width;
  },

  /** Several output cells lie between two input cells: the stride is a fraction. */
  window(options) {
    const [kernel, stride, dilation] = [toPair(options.kernel), toPair(options.stride), toPair(options.dilation)];
    const seen = (axis: 0 | 1): number => Math.floor((dilation[axis] * (kernel[axis] - 1)) / stride[axis]) + 1;
    return { kernel: [seen(0), seen(1)], stride: [1 / stride[0], 1 / stride[1]], dilation: [1, 1] };
  },

  examples: [
    { options: { filters: 3 }, inputs: [{ channels: 2, height: 4, width: 5 }] },
    { options: { filters: 5, kernel: 4, stride: 2, padding: 1 }, inputs: [{ channels: 3, height: 3, width: 4 }] },
    { options: { filters: 4, kernel: 3, stride: 2, padding: 1, output_padding: 1, bias: false }, inputs: [{ channels: 17, height: 3, width: 2 }] },
    { options: { filters: 6, kernel: [2, 3], stride: [3, 2], padding: [0, 1], output_padding: [2, 0] }, inputs: [{ channels: 4, height: 2, width: 3 }] },
    { options: { filters: 3, kernel: 3, dilation: 2, padding: 1 }, inputs: [{ channels: 2, height: 3, width: 3 }] },
    { options: { filters: 8, kernel: 2, stride: 2, groups: 4 }, inputs: [{ channels: 12, height: 2, width: 3 }] },
    { options: { filters: 16, kernel: 3, stride: 2, groups: 16 }, inputs: [{ channels: 16, height: 3, width: 2 }] },
  ],
});

function transposed(options: TransposedOptions): PrimitiveOf<'transposedConvolution'> {
  const [vertical, horizontal] = toPair(options.padding);
  return {
    op: 'transposedConvolution',
    filters: Number(options.filters),
    kernel: toPair(options.kernel),
    stride: toPair(options.stride),
    dilation: toPair(options.dilation),
    padding: { top: vertical, left: horizontal, bottom: vertical, right: horizontal },
    outputPadding: toPair(options.output_padding),
    groups: options.groups,
    bias: options.bias,
  };
}

/** As in PyTorch: more would be rows that no window can reach. */
function checkOutputPadding({ output_padding: added, stride, dilation }: TransposedOptions): void {
  const [given, steps, spreads] = [toPair(added), toPair(stride), toPair(dilation)];
  const most: [number, number] = [Math.max(steps[0], spreads[0]) - 1, Math.max(steps[1], spreads[1]) - 1];
  if (given[0] <= most[0] && given[1] <= most[1]) return;
  throw new ShapeProblem(`${describePair(given)} is not smaller than both stride and dilation`, 'output_padding', `set output_padding to at most ${describePair(most)}`);
}
