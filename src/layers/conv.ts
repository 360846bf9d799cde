/** Convolution: the cross-correlation of deep learning, over an image [channels, height, width]. */
import { boolean, countOrClasses, required, toPair } from '../common/options.ts';
import { checkGroups, convolutionGeometry, convolutionParameters, groupsOption, slidingOptions } from './convolution.ts';
import { defineLayer } from './layer.ts';
import { checkWindowFits } from './window.ts';

export const conv = defineLayer({
  name: 'conv',
  summary: 'Convolution: every filter looks through a small window that slides over the image.',
  source: 'LeCun et al., "Backpropagation applied to handwritten zip code recognition", Neural Computation 1989',
  options: {
    filters: required(countOrClasses({ about: 'Number of filters: the channels of the output, or `classes`.' })),
    ...slidingOptions,
    groups: groupsOption,
    bias: boolean({ about: 'Whether a number per filter is added; useless before batch normalisation.', default: true }),
  },
  main: 'filters',

  check(options, [input]) {
    checkGroups(options.groups, input.channels, Number(options.filters));
    const { kernel, dilation, padding: surround } = convolutionGeometry(options, input);
    checkWindowFits(input, kernel, surround, dilation);
  },

  parameters(options, [input]) {
    return convolutionParameters(options, Number(options.filters), input.channels / options.groups);
  },

  lower(options, [input]) {
    return [{ op: 'convolution', filters: Number(options.filters), ...convolutionGeometry(options, input), groups: options.groups, bias: options.bias }];
  },

  multiplyAdds(options, [input], output) {
    const [height, width] = toPair(options.kernel);
    return output.channels * output.height * output.width * (input.channels / options.groups) * height * width;
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
    { options: { filters: 6, groups: 2, padding: 1 }, inputs: [{ channels: 4, height: 5, width: 6 }] },
    { options: { filters: 32, kernel: [1, 2], groups: 2, bias: false }, inputs: [{ channels: 32, height: 2, width: 3 }] },
    { options: { filters: 18, kernel: 1, groups: 3 }, inputs: [{ channels: 27, height: 2, width: 3 }] },
    { options: { filters: 20, kernel: 3, stride: 2, padding: 'same', groups: 20 }, inputs: [{ channels: 20, height: 6, width: 3 }] },
  ],
});
