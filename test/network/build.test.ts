/** Entries to networks: names, references, costs, initial weights. */
import { expect, test } from 'vitest';
import { buildNetwork, initialWeights, receptiveFields } from '../../src/network/index.ts';
import { multiplyAdds, parameterCount } from '../../src/network/network.ts';
import type { Network } from '../../src/network/network.ts';
import { describeShape } from '../../src/common/shape.ts';
import { crossEntropy, model, network } from './model.ts';
import type { Written } from './model.ts';

const mnist = { channels: 1, height: 28, width: 28 };
const conv = (filters: number, padding = 1): Written => ({ conv: { filters, kernel: 3, padding } });

const deepConvNet: Written[] = [
  conv(16), 'relu', conv(16), 'relu', { maxpool: 2 },
  conv(32), 'relu', conv(32, 2), 'relu', { maxpool: 2 },
  conv(64), 'relu', conv(64), 'relu', { maxpool: 2 },
  { dense: 50 }, 'relu', { dropout: 0.5 }, { dense: 'classes' }, { dropout: 0.5 },
];

const names = (of: Network): string[] => of.layers.map((layer) => layer.name);
const layerOf = (of: Network, name: string): Network['layers'][number] => of.layers.find((layer) => layer.name === name)!;

test('DeepConvNet: shapes, parameters, multiply-adds', () => {
  const deep = network(deepConvNet, mnist, 10);
  expect(multiplyAdds(deep)).toBe(8_772_340);
  // 160 + 2320 + 4640 + 9248 + 18496 + 36928 + (1024 + 1) · 50 + (50 + 1) · 10
  expect(parameterCount(deep)).toBe(123_552);
  expect(['conv2', 'maxpool1', 'conv4', 'maxpool2', 'maxpool3', 'dense1', 'dropout2'].map((name) => describeShape(layerOf(deep, name).shape)))
    .toEqual(['16×28×28', '16×14×14', '32×16×16', '32×8×8', '64×4×4', '50', '10']);
  expect(layerOf(deep, 'dropout2')).toMatchObject({ random: true, needsWholeBatch: false });
});

test('the sixth relu and the first relu6 have names of their own', () => {
  const chain = network([conv(2), ...Array.from({ length: 6 }, () => 'relu'), 'relu6', { dense: 'classes' }], mnist, 10);
  expect(names(chain).slice(-3)).toEqual(['relu6', 'relu6_1', 'dense1']);
});

test('DeepConvNet: receptive fields', () => {
  const deep = network(deepConvNet, mnist, 10);
  const fields = receptiveFields(deep);
  const sizes = ['conv1', 'conv2', 'maxpool1', 'conv3', 'conv4', 'maxpool2', 'conv5', 'conv6', 'maxpool3'].map((name) => fields[deep.layers.indexOf(layerOf(deep, name))]);
  expect(sizes.map((field) => field.size[0])).toEqual([3, 5, 6, 10, 14, 16, 24, 32, 36]);
  expect(sizes.map((field) => field.jump[0])).toEqual([1, 1, 2, 2, 2, 4, 4, 4, 8]);
});

test('receptive fields where branches meet are their union; dilation and one-sided kernels count', () => {
  const inception = network([{ branches: [[{ conv: { filters: 2, kernel: 1 } }], [{ conv: { filters: 2, kernel: 5, padding: 2 } }], [{ conv: { filters: 2, kernel: 3, dilation: 4, padding: 4 } }]] }, { conv: { filters: 3, kernel: [1, 3], stride: 2 } }, { dense: 2 }], { channels: 1, height: 12, width: 12 }, 2);
  const fields = receptiveFields(inception);
  expect(fields[names(inception).indexOf('branches1')]).toEqual({ size: [9, 9], jump: [1, 1] });
  expect(fields[names(inception).indexOf('conv1')]).toEqual({ size: [9, 11], jump: [2, 2] });
});

test('names: type and ordinal in each scope, given names counted too, paths inside', () => {
  const built = network([
    conv(4), { ...Object(conv(4)), name: 'stem' }, conv(4),
    { group: [conv(4), 'relu', { group: [conv(4)], name: '1' }], name: 'stage2' },
    { residual: { body: [conv(4), 'relu', { ...Object(conv(4)), name: 'last' }], shortcut: [conv(4)] } },
    { residual: [{ conv: { filters: 8, kernel: 3, stride: 2, padding: 1 } }] },
    { concat: [[conv(2)], []] }, { dense: 3 },
  ], { channels: 4, height: 6, width: 6 }, 3);
  expect(names(built)).toEqual([
    'input', 'conv1', 'stem', 'conv3', 'stage2.conv1', 'stage2.relu1', 'stage2.1.conv1',
    'residual1.body.conv1', 'residual1.body.relu1', 'residual1.body.last', 'residual1.shortcut.conv1', 'residual1',
    'residual2.body.conv1', 'residual2.shortcut.conv1', 'residual2.shortcut.batchnorm1', 'residual2',
    'concat1.branch1.conv1', 'concat1', 'dense1',
  ]);
  expect(layerOf(built, 'residual2.shortcut.conv1').options).toMatchObject({ filters: 8, kernel: 1, stride: [2, 2], bias: false });
  expect(layerOf(built, 'residual1')).toMatchObject({ type: 'add', inputs: [9, 10] });
});

test('from sees its own scope, the enclosing ones, groups and structures by name, and the input', () => {
  const built = network([
    { ...Object(conv(4)), name: 'outer' },
    { group: ['relu', { add: null, from: ['relu1', 'outer'] }], name: 'block' },
    { residual: ['relu'] },
    { concat: null, from: ['block', 'residual1', 'block.relu1', 'input'] },
    { dense: 2 },
  ], { channels: 3, height: 5, width: 5 }, 2);
  const indices = (...wanted: string[]): number[] => wanted.map((name) => names(built).indexOf(name));
  expect(layerOf(built, 'block.add1').inputs).toEqual(indices('block.relu1', 'outer'));
  expect(layerOf(built, 'concat1').inputs).toEqual(indices('block.add1', 'residual1', 'block.relu1', 'input'));
});

test('shortcuts: identity where the shapes agree, projection where not, pad without weights', () => {
  const shortcutOf = (body: Written[], shortcut: string): string[] => {
    const built = network([{ residual: { body, shortcut } }, { dense: 2 }], { channels: 4, height: 5, width: 5 }, 2);
    return built.layers.filter((layer) => layer.name.includes('shortcut')).map((layer) => `${layer.type} ${describeShape(layer.shape)}`);
  };
  expect(shortcutOf([conv(4)], 'auto')).toEqual([]);
  expect(shortcutOf([conv(4)], 'projection')).toEqual(['conv 4×5×5', 'batchnorm 4×5×5']);
  expect(shortcutOf([{ conv: { filters: 6, kernel: 3, stride: 2, padding: 1 } }], 'auto')).toEqual(['conv 6×3×3', 'batchnorm 6×3×3']);
  expect(shortcutOf([{ conv: { filters: 6, kernel: 3, stride: 2, padding: 1 } }], 'pad')).toEqual(['maxpool 4×3×3', 'pad 6×3×3']);
});

test('heads read a group by its name', () => {
  const heads = { aux1: { from: 'stage', weight: 0.3, layers: ['global_avgpool', { dense: 'classes' }] } };
  const built = buildNetwork(model([{ group: [conv(4), 'relu'], name: 'stage' }, { dense: 'classes' }], heads), crossEntropy, { shape: mnist, classes: 10 });
  expect(built.heads).toEqual([{ name: 'aux1', output: built.layers.length - 1, weight: 0.3 }]);
  expect(names(built).slice(-2)).toEqual(['aux1.global_avgpool1', 'aux1.dense1']);
  expect(built.output).toBe(names(built).indexOf('dense1'));
});

test('initial weights: constants where the layer says so, drawn by seed and name alone', () => {
  const he = { type: 'he', options: { distribution: 'normal' } };
  const small = network([conv(4), 'batchnorm', { ...Object({ dense: 'classes' }), name: 'logits' }], mnist, 10);
  const weights = initialWeights(small, he, 1);
  expect([...weights].map(([key, { shape }]) => `${key} ${shape.join('×')}`)).toEqual([
    'conv1.weight 4×1×3×3', 'conv1.bias 4', 'batchnorm1.weight 4', 'batchnorm1.bias 4', 'batchnorm1.running_mean 4', 'batchnorm1.running_var 4', 'logits.weight 10×3136', 'logits.bias 10',
  ]);
  expect([...weights.get('batchnorm1.weight')!.data, ...weights.get('batchnorm1.running_mean')!.data]).toEqual([1, 1, 1, 1, 0, 0, 0, 0]);
  expect(weights.get('conv1.bias')!.data).toEqual(new Float32Array(4));
  const larger = network([conv(4), 'batchnorm', conv(4), { ...Object({ dense: 'classes' }), name: 'logits' }], mnist, 10);
  expect(initialWeights(larger, he, 1).get('logits.weight')).toEqual(weights.get('logits.weight'));
  expect(initialWeights(small, he, 2).get('logits.weight')).not.toEqual(weights.get('logits.weight'));
});
