/** What the command line may change, and what it says when it cannot. */
import { describe, expect, test } from 'vitest';
import { complaints, load, small } from './files.ts';

const blocks = `${small.replace('- maxpool: 2', '- { repeat: { times: 2, layers: [conv: { filters: 4, padding: 1 }] }, name: stage }\n    - Basic: { filters: 6 }\n    - maxpool: 2')}
blocks:
  Basic: { params: { filters: required, stride: 1 }, layers: [conv: { filters: $filters, stride: $stride, padding: 1 }, relu] }
`;

describe('setting', () => {
  test.each([
    ['train.epochs=5', (each: Loaded) => each.train.epochs, 5],
    ['seed=7', (each: Loaded) => each.seed, 7],
    ['train.optimizer.sgd.lr=3e-4', (each: Loaded) => each.train.optimizer.options['lr'], 3e-4],
    ['train.optimizer.lr=3e-4', (each: Loaded) => each.train.optimizer.options['lr'], 3e-4],
    ['train.optimizer.sgd.nesterov=true', (each: Loaded) => each.train.optimizer.options['nesterov'], true],
    ['train.clip_norm=1', (each: Loaded) => each.train.clip_norm, 1],
    ['model.layers.0.filters=64', (each: Loaded) => each.model.layers[0]?.options['filters'], 64],
    ['model.layers[0].conv.kernel=[5,3]', (each: Loaded) => each.model.layers[0]?.options['kernel'], [5, 3]],
    ['model.layers.conv2.filters=64', (each: Loaded) => each.model.layers[2]?.options['filters'], 64],
    ['model.layers.hidden.units=99', (each: Loaded) => each.model.layers[4]?.options['units'], 99],
    ['model.layers.dense2.bias=false', (each: Loaded) => each.model.layers[5]?.options['bias'], false],
    ['model.layers.hidden.name=wide', (each: Loaded) => each.model.layers[4]?.name, 'wide'],
    ['train.optimizer=adam', (each: Loaded) => each.train.optimizer.type, 'adam'],
    ['train.optimizer={sgd: {lr: 1}}', (each: Loaded) => each.train.optimizer.options['momentum'], 0.9],
    ['augmentation=[rotate: 3]', (each: Loaded) => each.augmentation[0]?.options['degrees'], 3],
    ['model.layers.1=dropout', (each: Loaded) => each.model.layers[1]?.type, 'dropout'],
    ['name=other', (each: Loaded) => each.name, 'other'],
  ])('%s', (override, read, value) => {
    expect(read(load(small, [override]).experiment)).toEqual(value);
  });

  test('later ones win', () => {
    expect(load(small, ['train.epochs=5', 'train.epochs=6']).experiment.train.epochs).toBe(6);
  });

  test('references see what the command line set', () => {
    expect(load(`${small}  batch_size: $train.epochs * 10\n`, ['train.epochs=5']).experiment.train.batch_size).toBe(50);
  });

  test('layers inside repeats and blocks, by their full names', () => {
    const { model } = load(blocks, ['model.layers.stage.2.conv1.filters=5', 'model.layers.Basic1.conv1.kernel=5', 'model.layers.Basic1.filters=7']).experiment;
    expect(model.layers[3]?.options['layers']).toMatchObject([
      { name: '1', options: { layers: [{ options: { filters: 4 } }] } },
      { name: '2', options: { layers: [{ options: { filters: 5 } }] } },
    ]);
    expect(model.layers[4]?.options['layers']).toMatchObject([{ options: { filters: 7, kernel: 5 } }, { type: 'relu' }]);
  });

  test('a record with such changes reads back to the same', () => {
    const before = load(blocks, ['model.layers.stage.2.conv1.filters=5']);
    expect(load(before.completedYaml).experiment.model.layers[3]).toMatchObject({ name: 'stage', options: { layers: [{ name: '1' }, { name: '2', options: { layers: [{ options: { filters: 5 } }] } }] } });
  });
});

describe('adding and removing', () => {
  test.each([
    ['+augmentation={rotate: 3}', (each: Loaded) => each.augmentation.length, 1],
    ['+augmentation=rotate: 3', (each: Loaded) => each.augmentation.length, 1],
    ['+model.layers.4=relu', (each: Loaded) => each.model.layers.map(({ type }) => type), ['conv', 'relu', 'conv', 'maxpool', 'relu', 'dense', 'dense']],
    ['+model.heads.aux={from: conv1, layers: [dense: classes]}', (each: Loaded) => Object.keys(each.model.heads), ['aux']],
    ['+train.clip_norm=1', (each: Loaded) => each.train.clip_norm, 1],
    ['~model.layers.maxpool1', (each: Loaded) => each.model.layers.length, 5],
    ['~train.optimizer', (each: Loaded) => each.train.optimizer.type, 'adam'],
    ['~train.optimizer.momentum', (each: Loaded) => each.train.optimizer.options['momentum'], 0],
  ])('%s', (override, read, value) => {
    expect(read(load(small, [override]).experiment)).toEqual(value);
  });

  test('+ gives a block a parameter that this use left out', () => {
    const { model } = load(blocks, ['+model.layers.Basic1.stride=2']).experiment;
    expect(model.layers[4]?.options['layers']).toMatchObject([{ options: { stride: 2 } }, {}]);
  });
});

describe('mistakes point into the command line', () => {
  test.each([
    ['train.epoch=5', '-:7 there is no epoch here (it is called epochs here)'],
    ['trian.epochs=5', '-:1 there is no trian here (did you mean train?)'],
    ['train.optimizer.adam.lr=5', '-:17 this optimizer is sgd, not adam (replace it: train.optimizer={ adam: { ... } })'],
    ['train.optimizer.learning_rate=5', '-:17 sgd has no learning_rate (it is called lr here)'],
    ['model.layers.17.filters=5', '-:14 there is no 17 in this list (it has 0 to 5)'],
    ['model.layers.conv3.filters=5', '-:14 there is no conv3 in this list (did you mean conv1?)'],
    ['model.layers.conv2.filtres=5', '-:20 conv has no filtres (did you mean filters?)'],
    ['model.heads.aux.weight=5', '-:13 there is no aux here (to add it, begin with +)'],
    ['train.epochs.x=5', '-:14 nothing inside it can be called x (set the whole value)'],
    ['~augmentation.0', '-:15 there is no 0 in this list (it is empty)'],
    ['~train.clip_norm', '-:8 it is not there (leave it out)'],
    ['~train.epochs=3', '-:1 "~train.epochs=3" is not an override (write ~train.epochs)'],
    ['train.epochs', '-:1 "train.epochs" is not an override (write path=value, +path=value or ~path)'],
    ['=3', '-:1 "=3" is not an override (write path=value, +path=value or ~path)'],
    ['train.optimizer={adam', expect.stringMatching(/^-:22 /)],
    ['train.epochs=1e400', expect.stringMatching(/^-:14 1e400 is not a finite number/)],
    ['train.epochs=many', expect.stringMatching(/^-:14 expected a whole number/)],
    ['train.optimizer={adam: {lr: 0.1, beta: 3}}', expect.stringMatching(/^-:34 adam has no option beta \(did you mean beta1\?/)],
    ['__proto__.polluted=1', expect.stringMatching(/^-:1 there is no __proto__ here/)],
    ['model.layers=[conv: { filters: 0 }]', expect.stringMatching(/^-:32 expected a whole number/)],
  ])('%s', (override, complaint) => {
    expect(complaints(small, [override])).toEqual([complaint]);
  });

  test('columns count through all of them', () => {
    expect(complaints(small, ['train.epochs=5', 'train.epoch=6'])).toEqual(['-:22 there is no epoch here (it is called epochs here)']);
  });

  test('inside a block', () => {
    expect(complaints(blocks, ['model.layers.Basic1.conv9.kernel=5'])).toEqual([expect.stringMatching(/^-:21 group has no conv9/)]);
  });
});

type Loaded = ReturnType<typeof load>['experiment'];
