/** Blocks, repeats, references and arithmetic. */
import { describe, expect, test } from 'vitest';
import type { LayerEntry } from '../../src/config/experiment.ts';
import { evaluateArithmetic, ExpressionProblem } from '../../src/config/arithmetic.ts';
import { complaints, load } from './files.ts';

const text = (layers: string, blocks: string, rest = ''): string => `dataset: mnist\nblocks:\n${indent(blocks, 2)}\nmodel:\n  layers:\n${indent(layers, 4)}\n    - dense: classes\n${rest}`;
const indent = (lines: string, by: number): string => lines.split('\n').map((line) => ' '.repeat(by) + line).join('\n');

/** `name(type option=value ...)` of nested entries. */
function outline(layers: readonly LayerEntry[], option: string): string {
  return layers.map((layer) => {
    const inner = layer.options['layers'];
    if (Array.isArray(inner)) return `${layer.name}[${outline(inner as LayerEntry[], option)}]`;
    const value = layer.options[option];
    return `${layer.name ?? layer.type}${typeof value === 'number' || Array.isArray(value) ? `=${value.toString()}` : ''}`;
  }).join(' ');
}

const layersOf = (layers: string, blocks: string, rest = ''): LayerEntry[] => load(text(layers, blocks, rest)).experiment.model.layers.slice(0, -1);

describe('blocks', () => {
  test('parameters: given, defaults, defaults from others, arithmetic', () => {
    const blocks = 'Pair:\n  params: { filters: required, wide: $filters * 4, kernel: 3 }\n  layers:\n    - conv: { filters: $filters, kernel: $kernel }\n    - conv: { filters: $wide - 1, kernel: 1 }';
    expect(outline(layersOf('- Pair: { filters: 2 }\n- Pair: { filters: 3, wide: 5, kernel: [3, 1] }\n- Pair: 7', blocks), 'filters')).toBe(
      'Pair1[conv=2 conv=7] Pair2[conv=3 conv=4] Pair3[conv=7 conv=27]');
    expect(outline(layersOf('- Pair: { filters: 3, kernel: [3, 1] }', blocks), 'kernel')).toBe('Pair1[conv=3,1 conv=1]');
  });

  test('blocks in blocks, in branches and in residuals', () => {
    const blocks = 'Outer: { params: { n: required }, layers: [branches: [[Inner: $n], [Inner: { n: $n + 1 }]], residual: { body: [Inner: 8], shortcut: [Inner: 9] }] }\nInner: { params: { n: required }, layers: [conv: $n] }';
    const [outer] = layersOf('- Outer: 3', blocks);
    expect(JSON.stringify(outer).match(/"filters":\d+/g)).toEqual(['"filters":3', '"filters":4', '"filters":8', '"filters":9']);
  });

  test('a parameter may name a layer or a text', () => {
    const blocks = 'Act: { params: { activation: required, padding: same }, layers: [conv: { filters: 4, padding: $padding }, $activation] }';
    expect(layersOf('- Act: { activation: relu }', blocks)[0]?.options['layers']).toMatchObject([{ type: 'conv', options: { padding: 'same' } }, { type: 'relu', options: {} }]);
  });

  test('name and from of a use belong to the group; its layers know both places', () => {
    const [group] = layersOf('- { Basic: , name: stem, from: input }', 'Basic:\n  layers:\n    - conv: 4');
    expect(group).toMatchObject({ type: 'group', name: 'stem', from: ['input'] });
    expect(group?.options['layers']).toMatchObject([{ type: 'conv', place: { line: 5, column: 9 }, usedAt: { line: 8, column: 9 } }]);
  });

  test('unused blocks are read as well', () => {
    expect(complaints(text('- relu', 'Unused: { layers: [convv: 3] }'))).toEqual(['3:22 there is no layer "convv" (did you mean conv?)']);
  });
});

describe('repeat', () => {
  test('rounds are numbered; an unnamed one is named by type and ordinal', () => {
    expect(outline(layersOf('- repeat: { times: 2, layers: [conv: 4, relu] }\n- { repeat: { times: 1, layers: [conv: 5] }, name: stage }', 'B: { layers: [relu] }'), 'filters')).toBe(
      'repeat1[1[conv=4 relu] 2[conv=4 relu]] stage[1[conv=5]]');
  });

  test('the number may be a parameter; none leaves the layers out', () => {
    expect(outline(layersOf('- Stage: 2\n- Stage: 0', 'Stage: { params: { n: required }, layers: [repeat: { times: $n, layers: [relu] }] }'), 'x')).toBe(
      'Stage1[repeat1[1[relu] 2[relu]]] Stage2[repeat1[]]');
  });
});

describe('references', () => {
  test('other values of the experiment, defaults among them, and the environment', () => {
    const { experiment } = load(text('- conv: $seed', 'B: { layers: [relu] }', 'seed: $env.SEED|5\ntrain: { epochs: $train.batch_size // 3, optimizer: sgd, schedule: $env.SCHEDULE, clip_norm: $train.optimizer.lr }\n'), [], { SCHEDULE: 'cosine' });
    expect(experiment).toMatchObject({ seed: 5, train: { epochs: 33, schedule: { type: 'cosine' }, clip_norm: 0.01 } });
    expect(experiment.model.layers[0]?.options['filters']).toBe(5);
  });

  test('the environment wins over the default, and is read as YAML', () => {
    expect(load(text('- relu', 'B: { layers: [relu] }', 'seed: $env.SEED|5\n'), [], { SEED: '0x10' }).experiment.seed).toBe(16);
    expect(complaints(text('- relu', 'B: { layers: [relu] }', 'seed: $env.SEED\n'), [], { SEED: '[1, 2]' })).toEqual(['8:7 $env.SEED holds [1, 2] (it may hold a number, a word, true or false)']);
  });

  test('texts for people are left alone', () => {
    expect(load(text('- relu', 'B: { layers: [relu] }', 'description: $5 a run\n')).experiment.description).toBe('$5 a run');
  });
});

describe('arithmetic', () => {
  const numberOf = (path: string): number => ({ a: 7, b: 2 })[path] ?? NaN;
  test.each([
    ['$a', 7], ['$a * 4', 28], ['$a + $b * 3', 13], ['($a + $b) * 3', 27], ['$a // $b', 3], ['-$a // $b', -4], ['$a - $b - 1', 4],
    ['$a*$b', 14], ['2 * ($a - (1 + $b))', 8], ['- - $a', 7], ['$a // $b * $b', 6],
  ])('%s = %d', (expression, value) => {
    expect(evaluateArithmetic(expression, numberOf)).toBe(value);
  });

  test.each(['$a +', '* 2', '$a $b', '($a', '$a)', '$a / 2', '$a ** 2', '$a // 0', '$a * 0.5', '1e3 * $a', '$', `${'('.repeat(100)}$a${')'.repeat(100)}`, '$a * 9007199254740991'])('%s is refused', (expression) => {
    expect(() => evaluateArithmetic(expression, numberOf)).toThrow(ExpressionProblem);
  });
});
