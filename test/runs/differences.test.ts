import { describe, expect, test } from 'vitest';
import type { LayerEntry } from '../../src/config/experiment.ts';
import { differences } from '../../src/runs/differences.ts';
import type { PlainExperiment } from '../../src/runs/record.ts';
import { conv, dense, relu, sampleExperiment } from './sample.ts';

const base = sampleExperiment();
const batchnorm = (momentum = 0.1): LayerEntry => ({ type: 'batchnorm', options: { epsilon: 1e-5, momentum } });

/** What differs from the base, as `path: base | changed`. */
function changed(...changes: ((experiment: PlainExperiment) => void)[]): string[] {
  return differences([base, ...changes.map((change) => sampleExperiment(change))]).map(({ path, values }) => `${path}: ${values.map((value) => value ?? '-').join(' | ')}`);
}

test('equal experiments differ in nothing; the name is no setting', () => {
  expect(changed(() => {}, (experiment) => { experiment.name = 'other'; })).toEqual([]);
});

describe('plain settings', () => {
  test('numbers, and values that only some have', () => {
    expect(changed(({ train }) => { train.epochs = 5; train.clip_norm = 1; }, (experiment) => { experiment.seed = 2; })).toEqual([
      'train.clip_norm: - | 1 | -', 'train.epochs: 3 | 5 | 3', 'seed: 1 | 1 | 2',
    ]);
  });

  test('another type: the type and the options that all have', () => {
    expect(changed(({ train }) => { train.optimizer = { type: 'sgd', options: { lr: 0.1, momentum: 0.9 } }; })).toEqual([
      'train.optimizer: adam | sgd', 'train.optimizer.lr: 0.001 | 0.1',
    ]);
  });

  test('augmentation: which, and options where several have it', () => {
    const rotate = (degrees: number) => ({ type: 'rotate', probability: 1, options: { degrees } });
    expect(changed(({ augmentation }) => { augmentation.push(rotate(10)); })).toEqual(['augmentation: - | rotate']);
    expect(changed(({ augmentation }) => { augmentation.push(rotate(10)); }, ({ augmentation }) => { augmentation.push(rotate(20)); })).toEqual([
      'augmentation: - | rotate | rotate', 'augmentation.rotate.degrees: - | 10 | 20',
    ]);
  });
});

describe('layers', () => {
  test('one option of one layer', () => {
    expect(changed(({ model }) => { model.layers[6] = conv(32, 1); })).toEqual(['model.layers.conv4.padding: 2 | 1']);
  });

  test('one layer put in shifts nothing', () => {
    expect(changed(({ model }) => { model.layers.splice(2, 0, batchnorm()); })).toEqual(['model.layers: 10 layers | +batchnorm1 behind relu1']);
    expect(changed(({ model }) => { model.layers.unshift(batchnorm()); })).toEqual(['model.layers: 10 layers | +batchnorm1 in front']);
    expect(changed(({ model }) => { model.layers.splice(2, 0, conv(16), relu); })[0]).toMatch(/^model\.layers: 10 layers \| \+conv\d behind \S+ \+relu\d behind \S+$/);
  });

  test('one layer taken out, and an option changed behind it', () => {
    expect(changed(({ model }) => { model.layers.splice(8, 1); model.layers[6] = conv(32, 1); })).toEqual(['model.layers: 10 layers | -dense1', 'model.layers.conv4.padding: 2 | 1']);
  });

  test('many of a kind are counted', () => {
    expect(changed(({ model }) => { model.layers = model.layers.flatMap((layer) => (layer.type === 'conv' ? [layer, batchnorm()] : [layer])); })).toEqual(['model.layers: 10 layers | +4 batchnorm']);
  });

  test('layers that are not in the first run are compared among those that have them', () => {
    const withMomentum = (momentum: number) => ({ model }: PlainExperiment): void => { model.layers.splice(1, 0, batchnorm(momentum)); };
    expect(changed(withMomentum(0.1), withMomentum(0.2))).toEqual([
      'model.layers: 10 layers | +batchnorm1 behind conv1 | +batchnorm1 behind conv1', 'model.layers.+batchnorm1.momentum: - | 0.1 | 0.2',
    ]);
  });

  test('one option of very many layers is one setting with equal neighbours counted', () => {
    const tall = ({ model }: PlainExperiment): void => { model.layers = [...Array.from({ length: 8 }, () => conv(16, 1)), dense('classes')]; };
    const wider = (experiment: PlainExperiment): void => {
      tall(experiment);
      experiment.model.layers = experiment.model.layers.map((layer, i) => (layer.type === 'conv' ? { ...layer, options: { ...layer.options, filters: i === 2 ? 32 : 64 } } : layer));
    };
    expect(differences([sampleExperiment(tall), sampleExperiment(wider)])).toEqual([{ path: 'model.layers.*.filters', values: ['16×8', '64×2/32/64×5'] }]);
  });

  test('one option of many layers is one setting', () => {
    expect(changed(({ model }) => { model.layers = model.layers.map((layer) => (layer.type === 'conv' ? { ...layer, options: { ...layer.options, filters: 64 } } : layer)); })).toEqual([
      'model.layers.*.filters: 16/16/32/32 | 64/64/64/64',
    ]);
  });

  test('inside structures and groups, by the names that the network gives', () => {
    const residual = (filters: number): LayerEntry => ({ type: 'residual', options: { body: [conv(filters), relu], shortcut: 'auto' } });
    const branches = (filters: number): LayerEntry => ({ type: 'branches', options: { branches: [[conv(8)], [relu, conv(filters)]] } });
    const stage = (filters: number): LayerEntry => ({ type: 'group', name: 'stage', options: { layers: [residual(filters), branches(filters)] } });
    const [a, b] = [8, 16].map((filters) => sampleExperiment(({ model }) => { model.layers = [stage(filters), dense('classes')]; }));
    expect(differences([a, b])).toEqual([
      { path: 'model.layers.stage.residual1.body.conv1.filters', values: ['8', '16'] },
      { path: 'model.layers.stage.branches1.branch2.conv1.filters', values: ['8', '16'] },
    ]);
  });
});
