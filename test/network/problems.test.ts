/** Networks that cannot be: each problem at its line, with its reason and a fix; all of them in one pass. */
import { expect, test } from 'vitest';
import { UserError } from '../../src/common/problem.ts';
import type { Problem } from '../../src/common/problem.ts';
import { buildNetwork } from '../../src/network/index.ts';
import { crossEntropy, model } from './model.ts';
import type { Written } from './model.ts';

const conv = (filters: number, more: object = { padding: 1 }): Written => ({ conv: { filters, kernel: 3, ...more } });
const pool: Written = { maxpool: 2 };
const end: Written = { dense: 'classes' };

function problemsOf(of: ReturnType<typeof model>, facts = { shape: { channels: 1, height: 28, width: 28 }, classes: 10 }): readonly Problem[] {
  try {
    buildNetwork(of, crossEntropy, facts);
    return [];
  } catch (error) {
    if (error instanceof UserError) return error.problems;
    throw error;
  }
}

/** `line path: message; fix` */
const told = (layers: readonly Written[]): string[] =>
  problemsOf(model(layers)).map(({ where, path, message, fix }) => `${where?.line ?? '-'} ${path ?? '-'}: ${message}; ${fix ?? '-'}`);

test.each<[string, Written[], string[]]>([
  ['a kernel larger than what the pools left', [conv(8), pool, pool, pool, pool, conv(8, {}), end],
    ['6 model.layers[5].conv.kernel: 3×3 does not fit its 1×1 input; the 28×28 input was halved by maxpool at lines 2, 3, 4 and 5; drop one, or set padding: same']],
  ['a kernel larger than the image', [conv(8, { kernel: 31 }), end],
    ['1 model.layers[0].conv.kernel: 31×31 does not fit its 28×28 input; set padding: same']],
  ['a kernel larger than the padded image', [conv(8, { kernel: 31, padding: 1 }), end],
    ['1 model.layers[0].conv.kernel: 31×31 does not fit its 30×30 input (padding included); set padding: same']],
  ['a kernel that dilation spreads too far', [conv(8, { dilation: 20 }), end],
    ['1 model.layers[0].conv.kernel: 3×3 with dilation 20×20 spans 41×41 and does not fit its 28×28 input; set padding: same']],
  ['one pool too many', [pool, pool, pool, pool, pool, end],
    ['5 model.layers[4].maxpool.kernel: 2×2 does not fit its 1×1 input; the 28×28 input was halved by maxpool at lines 1, 2, 3 and 4; drop one, or set padding: same']],
  ['larger strides', [{ conv: { filters: 4, kernel: 5, stride: 5 } }, { avgpool: 5 }, conv(4, {}), end],
    ['3 model.layers[2].conv.kernel: 3×3 does not fit its 1×1 input; the 28×28 input was made smaller by the layers at lines 1 and 2; drop one, or set padding: same']],
  ['convolutions without padding', [{ group: [conv(2, { kernel: 15 }), conv(2, { kernel: 13 })] }, conv(4, {}), end],
    ['2 model.layers[1].conv.kernel: 3×3 does not fit its 2×2 input; the 28×28 input was made smaller by conv at line 1 (twice); drop one, or set padding: same']],
  ['inside a group, by the path of overrides', [{ group: [pool, pool, pool, pool, conv(4, {})], name: 'stage' }, end],
    ['1 model.layers.stage.conv1.kernel: 3×3 does not fit its 1×1 input; the 28×28 input was halved by maxpool at line 1 (4 times); drop one, or set padding: same']],
  ['padding of more than half a pool', [{ maxpool: { kernel: 2, padding: 2 } }, end],
    ['1 model.layers[0].maxpool.padding: 2×2 is more than half of the 2×2 kernel; set padding to at most 1']],
  ['the wrong number of logits', [conv(4), { dense: 11 }], ['2 model.layers[1].dense.units: the network ends in 11 numbers, but the dataset has 10 classes; write the word classes instead of the number']],
  ['the wrong number of logits, behind dropout', [{ dense: 9 }, { dropout: 0.5 }], ['1 model.layers[0].dense.units: the network ends in 9 numbers, but the dataset has 10 classes; write the word classes instead of the number']],
  ['feature maps at the end', [conv(10), 'relu'], ['1 model.layers[0].conv.filters: the network ends in feature maps of 10×28×28, but the dataset has 10 classes; end with dense: classes']],
  ['no layers', [], ['- model.layers: the network ends in feature maps of 1×28×28, but the dataset has 10 classes; end with dense: classes']],
  ['branches of different sizes', [{ branches: [[conv(4)], [pool]] }, end], ['1 model.layers[0].branches: its inputs differ: 28×28 and 14×14; give them the same stride, and padding: same']],
  ['a sum of different channels', [{ add: [[conv(4)], [conv(5)]] }, end], ['1 model.layers[0].add: its inputs differ: 4×28×28 and 5×28×28; give them the same number of filters, the same stride, and padding: same']],
  ['a product of different sizes', [{ ...Object(conv(4)), name: 'a' }, { maxpool: 2, name: 'b' }, { multiply: null, from: ['a', 'b'] }, end], ['3 model.layers[2].multiply: its inputs differ: 4×28×28 and 4×14×14; give them the same number of filters, the same stride, and padding: same']],
  ['a sum of one', [conv(4), 'add', end], ['2 model.layers[1].add: joins two or more inputs but has 1; give it a list of branches, or from: [a, b]']],
  ['an identity around a stride', [conv(4), { residual: { body: [conv(4, { stride: 2, padding: 1 })], shortcut: 'identity' } }, end],
    ['2 model.layers[1].residual.shortcut: the body gives 4×14×14 but the shortcut 4×28×28: they cannot be added; set shortcut: auto, or give the body padding: same']],
  ['a projection of a body without padding', [conv(4), { residual: [conv(8, {})] }, end],
    ['2 model.layers[1].residual.shortcut: the body gives 8×26×26 but the shortcut 8×28×28: they cannot be added; give the convolutions of the body padding: same']],
  ['fewer channels by padding', [conv(4), { residual: { body: [conv(2)], shortcut: 'pad' } }, end], ['2 model.layers[1].residual.shortcut: pad cannot make 2 channels of 4; set shortcut: projection']],
  ['a name that does not exist', [conv(4), { relu: null, from: 'conv7' }, end], ['2 model.layers[1].relu.from: there is no layer named conv7 above this one; the last ones above it: input and conv1']],
  ['a name that comes later', [{ relu: null, from: 'conv1' }, conv(4), end], ['1 model.layers[0].relu.from: there is no layer named conv1 above this one; the last ones above it: input']],
  ['two inputs for one', [conv(4), { relu: null, from: ['conv1', 'input'] }, end], ['2 model.layers[1].relu.from: relu takes one input, not 2; join them first: { add: null, from: [...] } or concat']],
  ['two inputs for a residual', [conv(4), { residual: [conv(4)], from: ['conv1', 'conv1'] }, end], ['2 model.layers[1].residual.from: residual takes one input, not 2; join them first: { add: null, from: [...] } or concat']],
  ['branches and from', [conv(4), { add: [[], []], from: ['conv1', 'input'] }, end], ['2 model.layers[1].add.branches: has branches and several names in `from`: it takes one or the other; -']],
  ['a name twice', [{ ...Object(conv(4)), name: 'a' }, { relu: null, name: 'a' }, end], ['2 model.layers[1].relu.name: there are two layers named a; give one of them another name']],
  ['the name of the input', [{ ...Object(conv(4)), name: 'input' }, end], ['1 model.layers[0].conv.name: input is the name of what flows into the network; give one of them another name']],
  ['a layer that nothing reads', [conv(4), 'relu', { ...Object(conv(4)), from: 'conv1' }, end], ['2 model.layers[1].relu: nothing reads what relu1 gives; remove it, or name it in a `from` further down']],
])('%s', (_name, layers, expected) => {
  expect(told(layers)).toEqual(expected);
});

test('all problems in one pass, and none that only follows from another', () => {
  expect(told([
    pool, pool, pool, pool, conv(8, {}), // does not fit 1×1
    { add: [[conv(8)], [conv(9, {})]] }, // the second branch does not fit either; that they differ may follow from it
    { relu: null, from: 'nowhere' },
    { concat: null, from: ['nobody', 'conv1'] },
    { dense: 12 },
  ]).map((each) => each.split(';')[0])).toEqual([
    '5 model.layers[4].conv.kernel: 3×3 does not fit its 1×1 input',
    '6 model.layers.add1.branch2.conv1.kernel: 3×3 does not fit its 1×1 input',
    '7 model.layers[6].relu.from: there is no layer named nowhere above this one',
    '8 model.layers[7].concat.from: there is no layer named nobody above this one',
    '9 model.layers[8].dense.units: the network ends in 12 numbers, but the dataset has 10 classes',
  ]);
});

test('joins name their sides with their lines', () => {
  const [problem] = problemsOf(model([{ ...Object(conv(4)), name: 'a' }, { maxpool: 2, name: 'b' }, { add: null, from: ['a', 'b'] }, end]));
  expect(problem.related).toEqual([
    { message: 'a gives 4×28×28', where: { file: 'model.yaml', line: 1, column: 3 } },
    { message: 'b gives 4×14×14', where: { file: 'model.yaml', line: 2, column: 3 } },
  ]);
});

test('a layer of a block tells where the block was used', () => {
  const broken = model([{ group: [conv(4, { kernel: 40 })], name: 'Basic1' }, end]);
  const usedAt = { file: 'model.yaml', line: 77, column: 5 };
  const [entry] = broken.layers[0].options.layers as { usedAt?: typeof usedAt }[];
  entry.usedAt = usedAt;
  expect(problemsOf(broken)[0].related).toEqual([{ where: usedAt, message: 'used here' }]);
});

test('heads are checked as the network is', () => {
  const heads = { aux: { from: 'nothing', weight: 0.3, layers: [] }, wide: { from: 'conv1', weight: 0.3, layers: [{ dense: 4 }] } };
  expect(problemsOf(model([conv(4), end], heads)).map(({ path, message }) => `${path}: ${message}`)).toEqual([
    'model.heads.aux.from: there is no layer named nothing above this one',
    'model.heads.wide.layers[0].dense.units: the head wide ends in 4 numbers, but the dataset has 10 classes',
  ]);
});

test('the model agrees with the dataset', () => {
  const written = { ...model([end]), input: [3, 32, 32] as [number, number, number], classes: 100 };
  expect(problemsOf(written).map(({ path, message }) => `${path} ${message}`)).toEqual([
    'model.input is 3×32×32, but the images of the dataset are 1×28×28',
    'model.classes is 100, but the dataset has 10 classes',
  ]);
});
