/** A fully connected layer. Flattens what it is given: the order is channels, height, width. */
import { boolean, countOrClasses, required } from '../common/options.ts';
import { sizeOf } from '../common/shape.ts';
import { defineLayer } from './layer.ts';

export const dense = defineLayer({
  name: 'dense',
  summary: 'Fully connected: every unit weighs every input.',
  options: {
    units: required(countOrClasses({ about: 'Number of outputs, or `classes`: as many as the dataset has.' })),
    bias: boolean({ about: 'Whether a number per unit is added.', default: true }),
  },
  main: 'units',

  parameters(options, [input]) {
    const units = Number(options.units);
    const inputs = sizeOf(input);
    const weight = { name: 'weight', shape: [units, inputs], start: { fanIn: inputs, fanOut: units }, trained: true, decay: true };
    const bias = { name: 'bias', shape: [units], start: { fill: 0 }, trained: true, decay: false };
    return options.bias ? [weight, bias] : [weight];
  },

  lower(options) {
    return [{ op: 'dense', units: Number(options.units), bias: options.bias }];
  },

  multiplyAdds(options, [input]) {
    return Number(options.units) * sizeOf(input);
  },

  /** A unit sees the whole image. */
  window(_options, [input]) {
    return { kernel: [input.height, input.width], stride: [1, 1], dilation: [1, 1] };
  },

  examples: [
    { options: { units: 5 }, inputs: [{ channels: 7, height: 1, width: 1 }] },
    { options: { units: 11 }, inputs: [{ channels: 3, height: 4, width: 5 }] },
    { options: { units: 8, bias: false }, inputs: [{ channels: 16, height: 2, width: 3 }] },
  ],
});
