/** Costs, receptive fields and refusals of grouped, dilated and transposed convolutions, counted by hand. */
import { expect, test } from 'vitest';
import { receptiveFields } from '../../src/network/index.ts';
import { layerNamed } from '../../src/layers/index.ts';
import { network } from '../network/model.ts';
import type { Written } from '../network/model.ts';
import { withDefaults } from './samples.ts';

const shape = { channels: 12, height: 8, width: 6 };
const layerOf = (written: Written) => network([written, { dense: 'classes' }], shape, 2).layers[1];
const sizes = (written: Written): number[][] => layerOf(written).parameters.map((parameter) => [...parameter.shape]);

test.each<[Written, number]>([
  // outputs · inputs seen by a filter · window
  [{ conv: { filters: 6, kernel: 3, padding: 1 } }, 6 * 8 * 6 * 12 * 9],
  [{ conv: { filters: 6, kernel: 3, padding: 1, groups: 3 } }, 6 * 8 * 6 * 4 * 9],
  [{ conv: { filters: 6, kernel: 3, padding: 2, dilation: 2 } }, 6 * 8 * 6 * 12 * 9],
  [{ depthwise_conv: { kernel: 3, padding: 1, stride: 2, multiplier: 2 } }, 24 * 4 * 3 * 9],
  // inputs · outputs that each is spread to
  [{ conv_transpose: { filters: 4, kernel: 2, stride: 2, groups: 2 } }, 12 * 8 * 6 * 2 * 4],
])('multiply-adds of %j', (written, expected) => {
  expect(layerOf(written).multiplyAdds).toBe(expected);
});

test('weights have the shapes of PyTorch', () => {
  expect(sizes({ conv: { filters: 6, kernel: [3, 2], groups: 3 } })).toEqual([[6, 4, 3, 2], [6]]);
  expect(sizes({ depthwise_conv: { multiplier: 2, bias: false } })).toEqual([[24, 1, 3, 3]]);
  expect(sizes({ conv_transpose: { filters: 4, kernel: 2, groups: 2 } })).toEqual([[12, 2, 2, 2], [4]]);
});

test.each<[Written[], [number, number], [number, number]]>([
  [[{ conv: { filters: 4, kernel: 3, dilation: 2, groups: 2 } }], [5, 5], [1, 1]],
  // Each output cell of a 2×2 window with stride 2 comes from one cell; of a 4×4 window from two.
  [[{ conv_transpose: { filters: 4, kernel: 2, stride: 2 } }], [1, 1], [0.5, 0.5]],
  [[{ conv_transpose: { filters: 4, kernel: 4, stride: 2, padding: 1 } }], [2, 2], [0.5, 0.5]],
  [[{ maxpool: 2 }, { upsample: { factor: 2 } }, { conv: { filters: 4, kernel: 3 } }], [4, 4], [1, 1]],
  [[{ groupnorm: 3 }, 'lrn'], [1, 1], [1, 1]],
])('what a cell sees through %j', (layers, size, jump) => {
  expect(receptiveFields(network([...layers, { dense: 'classes' }], shape, 2))[layers.length]).toEqual({ size, jump });
});

test.each<[string, Record<string, unknown>, string]>([
  ['conv', { filters: 6, groups: 5 }, '12 channels cannot be cut into 5 equal groups'],
  ['conv', { filters: 7, groups: 3 }, '7 filters cannot be cut into 3 equal groups'],
  ['groupnorm', { groups: 8 }, '12 channels cannot be cut into 8 equal groups'],
  ['conv_transpose', { filters: 4, stride: 2, output_padding: 2 }, '2×2 is not smaller than both stride and dilation'],
  ['conv_transpose', { filters: 4, kernel: 3, padding: 5 }, 'its padding of 5×5 leaves nothing of the output'],
  ['depthwise_conv', { kernel: 7 }, '7×7 does not fit its 8×6 input'],
])('%s refuses %j', (name, options, message) => {
  const layer = layerNamed(name)!;
  expect(() => layer.check!(withDefaults(layer, options), [shape])).toThrow(message);
});

test('a residual does not project an image that the body made larger', () => {
  const body = [{ conv_transpose: { filters: 12, kernel: 2, stride: 2 } }];
  expect(() => network([{ residual: body }, { dense: 'classes' }], shape, 2)).toThrow('the body makes the image larger');
});
