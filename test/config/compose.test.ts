/** One file that changes another. */
import { describe, expect, test } from 'vitest';
import { examineExperiment, loadExperiment } from '../../src/config/index.ts';
import type { LoadedExperiment } from '../../src/config/index.ts';
import { complaints, small, write } from './files.ts';

write('base.yaml', `name: base\ndescription: the base\n${small}  schedule: { cosine: { warmup_epochs: 1 } }\naugmentation: [rotate: 5, crop: 2]\nblocks:\n  Wide: { params: { filters: 32 }, layers: [conv: $filters] }\n`);

function extend(text: string): LoadedExperiment {
  return loadExperiment({ file: write('child.yaml', `extends: base.yaml\n${text}`), environment: {} });
}

describe('extends', () => {
  test('maps merge, lists replace', () => {
    const { experiment } = extend('train: { epochs: 7 }\naugmentation: [flip: horizontal]\n');
    expect(experiment.train).toMatchObject({ epochs: 7, schedule: { type: 'cosine', options: { warmup_epochs: 1 } } });
    expect(experiment.augmentation.map(({ type }) => type)).toEqual(['flip']);
    expect(experiment.model.layers).toHaveLength(6);
  });

  test('an entry of the same type merges, of another type replaces', () => {
    expect(extend('train: { optimizer: { sgd: { lr: 0.5 } } }').experiment.train.optimizer.options).toMatchObject({ lr: 0.5, momentum: 0.9 });
    expect(extend('train: { optimizer: sgd }').experiment.train.optimizer.options).toMatchObject({ lr: 0.1, momentum: 0.9 });
    const adam = extend('train: { optimizer: adam }').experiment.train.optimizer;
    expect(adam).toMatchObject({ type: 'adam', options: { lr: 0.001 } });
    expect(adam.options).not.toHaveProperty('momentum');
  });

  test('name and description are not taken over', () => {
    const { experiment } = extend('');
    expect(experiment.name).toBe('child');
    expect(experiment).not.toHaveProperty('description');
  });

  test('blocks come along', () => {
    const { experiment } = extend('model: { layers: [Wide, dense: classes] }');
    expect(experiment.model.layers[0]).toMatchObject({ type: 'group', name: 'Wide1', options: { layers: [{ type: 'conv', options: { filters: 32 } }] } });
  });

  test('without leaves parts of the base out', () => {
    const { experiment } = extend('without: [augmentation, train.schedule, model.layers.hidden, train.optimizer.momentum]\n');
    expect(experiment.augmentation).toEqual([]);
    expect(experiment.train.schedule.type).toBe('constant');
    expect(experiment.model.layers).toHaveLength(5);
    expect(experiment.train.optimizer.options['momentum']).toBe(0);
  });

  test('several bases: later ones win', () => {
    write('other.yaml', 'train: { epochs: 9 }\n');
    const file = write('child.yaml', 'extends: [base.yaml, other.yaml]\n');
    expect(loadExperiment({ file, environment: {} }).experiment.train.epochs).toBe(9);
  });

  test('null means no options given, never removal', () => {
    expect(extend('train:\naugmentation:\n').experiment).toMatchObject({ train: { epochs: 2 }, augmentation: [] });
  });

  test('values of a base keep their place', () => {
    const { explain } = extend('train: { epochs: 7 }');
    expect(explain.find(({ path }) => path === 'train.optimizer.sgd.lr')?.from).toMatch(/base\.yaml:15$/);
    expect(explain.find(({ path }) => path === 'train.epochs')?.from).toMatch(/child\.yaml:2$/);
  });

  test('the completed text stands on its own', () => {
    const { completedYaml } = extend('train: { epochs: 7 }');
    expect(completedYaml).not.toMatch(/extends|without/);
    expect(complaints(completedYaml)).toEqual([]);
  });

  test('cycles over several files are refused', () => {
    const first = write('first.yaml', 'extends: second.yaml\n');
    write('second.yaml', 'extends: first.yaml\n');
    expect(examineExperiment({ file: first }).problems.map(({ code }) => code)).toEqual(['extends-cycle']);
  });
});
