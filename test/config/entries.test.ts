/** The ways to write an entry, defaults, and where values come from. */
import { describe, expect, test } from 'vitest';
import { complaints, load, small } from './files.ts';

const withLayers = (layers: string): string => `dataset: mnist\nmodel:\n  layers:\n${layers.split('\n').map((line) => `    ${line}`).join('\n')}\n`;

describe('entries', () => {
  test('a name alone, a main option and options mean the same', () => {
    const [first, second, third] = ['maxpool: 2', 'maxpool: { kernel: 2 }', 'maxpool:\n    kernel: 2'].map((pool) => load(withLayers(`- ${pool}\n- dense: classes`)).experiment.model.layers[0]);
    expect(first?.options).toEqual({ kernel: 2, padding: 0, ceil: false });
    expect(second?.options).toEqual(first?.options);
    expect(third?.options).toEqual(first?.options);
  });

  test('nothing behind a type means its defaults', () => {
    const { model } = load(withLayers('- relu\n- relu:\n- relu: {}\n- dense: classes')).experiment;
    expect(model.layers.slice(0, 3).map(({ type, options }) => ({ type, options }))).toEqual(Array.from({ length: 3 }, () => ({ type: 'relu', options: {} })));
  });

  test('name and from stand beside the type', () => {
    const { model } = load(withLayers('- { conv: 8, name: stem, from: input }\n- { concat: , from: [stem, stem] }\n- dense: classes')).experiment;
    expect(model.layers[0]).toMatchObject({ type: 'conv', name: 'stem', from: ['input'] });
    expect(model.layers[1]).toMatchObject({ type: 'concat', options: {}, from: ['stem', 'stem'] });
  });

  test('lists of layers inside structures become entries', () => {
    const { model } = load(withLayers('- residual:\n    body: [conv: { filters: 1, kernel: 3, padding: 1 }, relu]\n- branches: [[relu], []]\n- dense: classes')).experiment;
    expect(model.layers[0]?.options).toMatchObject({ body: [{ type: 'conv', options: { filters: 1, kernel: 3 } }, { type: 'relu' }], shortcut: 'auto' });
    expect(model.layers[1]?.options).toMatchObject({ branches: [[{ type: 'relu' }], []] });
  });

  test('layers and their options know where they were written', () => {
    const layer = load(withLayers('- conv: { filters: 8, kernel: 5 }\n- dense: classes')).experiment.model.layers[0];
    expect(layer.place).toMatchObject({ line: 4, column: 7, endColumn: 11, excerpt: '    - conv: { filters: 8, kernel: 5 }' });
    expect(layer.places?.['kernel']).toMatchObject({ line: 4, column: 27, endColumn: 36 });
    expect(layer.places?.['stride']).toBeUndefined();
  });
});

describe('completing', () => {
  test('the least that can be written trains', () => {
    const { experiment } = load('dataset: mnist\nmodel: { layers: [dense: classes] }\n');
    expect(experiment).toMatchObject({
      version: 1, name: 'experiment', seed: 1, augmentation: [],
      model: { initializer: { type: 'he' }, heads: {} },
      train: { epochs: 20, batch_size: 100, loss: { type: 'cross_entropy' }, optimizer: { type: 'adam' }, schedule: { type: 'constant' } },
    });
    expect(experiment.train.clip_norm).toBeUndefined();
  });

  test('it is plain data: a structured clone is the same', () => {
    const { experiment } = load(small);
    expect(structuredClone(experiment)).toEqual(experiment);
    expect(JSON.parse(JSON.stringify(experiment))).toEqual(experiment);
  });

  test('every value says where it came from', () => {
    const { explain } = load(`${small}seed: $env.SEED|3\n`, ['train.epochs=5'], {});
    const from = (path: string): string | undefined => explain.find((each) => each.path === path)?.from.replace(/^.*\//, '');
    expect(from('train.epochs')).toBe('command line');
    expect(from('train.batch_size')).toBe('default');
    expect(from('train.optimizer.sgd.lr')).toBe('experiment.yaml:13');
    expect(from('seed')).toBe('$env.SEED');
    expect(explain.find((each) => each.path === 'model.layers[0].conv.kernel')).toMatchObject({ value: 3 });
  });

  test('the completed text reads back to the same experiment, completed', () => {
    const before = load(`${small}augmentation:\n  - { rotate: 10, probability: 0.5 }\ndescription: "a: b # c, $d"\n`);
    expect(before.completedYaml.split('\n')[0]).toMatch(/^# yaml-language-server: \$schema=/);
    const after = load(before.completedYaml);
    expect(withoutPlaces(after.experiment)).toEqual(withoutPlaces(before.experiment));
    expect(after.completedYaml).toBe(before.completedYaml);
    expect(after.explain.filter(({ from }) => from === 'default').map(({ path }) => path)).toEqual(['blocks', 'model.heads']);
  });
});

test('several mistakes are reported at once, in one pass', () => {
  expect(complaints(small.replace('kernel: 3', 'kernal: 3').replace('epochs: 2', 'epochs: 2.5').replace('momentum: 0.9', 'momentum: 9'))).toEqual([
    '5:27 conv has no option kernal (did you mean kernel?)',
    '12:11 expected a whole number from 0 to 1000000, found 2.5 (epochs: Passes over the training images)',
    expect.stringMatching(/^13:42 expected a number from 0 to below 1, found 9/),
  ]);
});

function withoutPlaces(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, each: unknown) => (['place', 'places', 'usedAt'].includes(key) ? undefined : each)));
}
