/** Depthwise convolution: every channel is looked at by filters of its own. */
import { boolean, integer, toPair } from '../common/options.ts';
import { convolutionGeometry, convolutionParameters, slidingOptions } from './convolution.ts';
import { defineLayer } from './layer.ts';
import { checkWindowFits } from './window.ts';

export const depthwiseConv = defineLayer({
  name: 'depthwise_conv',
  summary: 'Depthwise convolution: every channel has filters of its own; a `conv` with as many groups as channels.',
  source: 'Howard et al., "MobileNets", 2017, section 3.1',
  options: {
    ...slidingOptions,
    multiplier: integer({ about: 'Filters for each channel: the output has so many times the channels.', default: 1, minimum: 1, maximum: 1024 }),
    bias: boolean({ about: 'Whether a number per filter is added; useless before batch normalisation.', default: true }),
  },
  main: 'kernel',

  check(options, [input]) {
    const { kernel, dilation, padding: surround } = convolutionGeometry(options, input);
    checkWindowFits(input, kernel, surround, dilation);
  },

  parameters(options, [input]) {
    return convolutionParameters(options, options.multiplier * input.channels, 1);
  },

  lower(options, [input]) {
    const { channels } = input;
    return [{ op: 'convolution', filters: options.multiplier * channels, ...convolutionGeometry(options, input), groups: channels, bias: options.bias }];
  },

  multiplyAdds(options, _inputs, output) {
    const [height, width] = toPair(options.kernel);
    return output.channels * output.height * output.width * height * width;
  },

  window(options) {
    return { kernel: toPair(options.kernel), stride: toPair(options.stride), dilation: toPair(options.dilation) };
  },

  examples: [
    { options: { padding: 1 }, inputs: [{ channels: 5, height: 6, width: 7 }] },
    { options: { kernel: 5, stride: 2, padding: 'same', bias: false }, inputs: [{ channels: 17, height: 7, width: 6 }] },
    { options: { kernel: [2, 3], dilation: [2, 1], stride: [1, 2], padding: [0, 1] }, inputs: [{ channels: 16, height: 6, width: 5 }] },
    { options: { kernel: 3, padding: 1, multiplier: 3 }, inputs: [{ channels: 7, height: 4, width: 4 }] },
    { options: { kernel: 1, stride: 2 }, inputs: [{ channels: 3, height: 5, width: 3 }] },
  ],
});
