/** Design advice: each rule on a small network whose numbers can be checked by hand, and on one that it must leave alone. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Entry } from '../../src/common/entry.ts';
import type { Shape } from '../../src/common/shape.ts';
import { advise, rules } from '../../src/network/advice/index.ts';
import type { Advice, Subject } from '../../src/network/advice/index.ts';
import { buildNetwork } from '../../src/network/index.ts';
import { summarizeNetwork } from '../../src/network/summary.ts';
import { sampleExperiment } from '../runs/sample.ts';
import { crossEntropy, model } from './model.ts';
import type { Written } from './model.ts';

interface How {
  input?: Shape;
  initializer?: Entry;
  dataset?: string;
  augmentation?: Subject['experiment']['augmentation'];
  batchSize?: number;
  trainCount?: number;
}

const image = (channels: number, size: number): Shape => ({ channels, height: size, width: size });

function subject(layers: readonly Written[], how: How = {}): Subject {
  const { input = image(16, 8), initializer, dataset = 'random', augmentation = [], batchSize = 10, trainCount = 100 } = how;
  const written = { ...model(layers), ...(initializer ? { initializer } : {}) };
  const network = buildNetwork(written, crossEntropy, { shape: input, classes: 10 });
  const experiment = sampleExperiment((each) => {
    Object.assign(each, { dataset: { type: dataset, options: {} }, model: written, augmentation });
    each.train.batch_size = batchSize;
  });
  return { experiment, network, summary: summarizeNetwork(network), trainCount };
}

function advice(rule: string, layers: readonly Written[], how?: How): Advice[] {
  return advise(subject(layers, how)).filter((each) => each.rule === rule);
}

const end = ['global_avgpool', { dense: 'classes' }];

describe('large-kernel', () => {
  test('5×5 for equal channels: 25 weights a pair of channels become 18', () => {
    const [{ figures, layers, where }] = advice('large-kernel', [{ conv: { filters: 16, kernel: 5, padding: 2 } }, 'relu', ...end]);
    expect(figures).toEqual({ weights: 25 * 256, weights_after: 18 * 256, multiply_adds: 25 * 256 * 64, multiply_adds_after: 18 * 256 * 64, non_linearities_added: 1 });
    expect(layers).toEqual(['conv1']);
    expect(where).toMatchObject({ file: 'model.yaml', line: 1 });
  });

  test('7×7: three of 3×3, 49 become 27', () => {
    const [{ figures, message }] = advice('large-kernel', [{ conv: { filters: 16, kernel: 7, padding: 3 } }, ...end]);
    expect(figures).toMatchObject({ weights: 49 * 256, weights_after: 27 * 256, non_linearities_added: 2 });
    expect(message).toContain('3 3×3 convolutions');
  });

  test('fewer filters than channels: the narrow number stands in between', () => {
    const [{ figures }] = advice('large-kernel', [{ conv: { filters: 8, kernel: 5, padding: 2 } }, ...end]);
    expect(figures).toMatchObject({ weights: 25 * 16 * 8, weights_after: 9 * (16 * 8 + 8 * 8) });
  });

  test.each([
    ['3×3', { filters: 16, kernel: 3 }, 16],
    ['a stride', { filters: 16, kernel: 5, stride: 2 }, 16],
    ['a dilation', { filters: 16, kernel: 3, dilation: 2 }, 16],
    ['1×5', { filters: 16, kernel: [1, 5] }, 16],
    ['an image of 3 channels', { filters: 16, kernel: 5 }, 3],
  ])('says nothing of %s', (_, conv, channels) => {
    expect(advice('large-kernel', [{ conv }, ...end], { input: image(channels, 8) })).toEqual([]);
  });
});

describe('relu-without-he', () => {
  const layers = [{ conv: { filters: 4, kernel: 5 } }, 'relu', ...end];

  test('a normal distribution too narrow: the share of the variance', () => {
    const [{ figures }] = advice('relu-without-he', layers, { input: image(1, 8), initializer: { type: 'normal', options: { deviation: 0.01 } } });
    expect(figures['least_variance_ratio']).toBeCloseTo(0.0001 / (2 / 25), 12);
  });

  test('lecun has half of it', () => {
    const [{ figures }] = advice('relu-without-he', layers, { initializer: { type: 'lecun', options: {} } });
    expect(figures['least_variance_ratio']).toBeCloseTo(0.5, 12);
  });

  test('says nothing with he, or without a ReLU', () => {
    expect(advice('relu-without-he', layers)).toEqual([]);
    expect(advice('relu-without-he', end, { initializer: { type: 'normal', options: { deviation: 0.01 } } })).toEqual([]);
  });
});

describe('bias-before-batchnorm', () => {
  test('counts the biases', () => {
    const [{ figures, fix }] = advice('bias-before-batchnorm', [{ conv: { filters: 12 } }, 'batchnorm', 'relu', ...end]);
    expect([figures, fix]).toEqual([{ parameters: 12 }, 'write bias: false']);
  });

  test('says nothing where there is none, or where something else reads the layer too', () => {
    expect(advice('bias-before-batchnorm', [{ conv: { filters: 12, bias: false } }, 'batchnorm', ...end])).toEqual([]);
    const both = [{ conv: { filters: 12 } }, 'batchnorm', { add: null, from: ['conv1', 'batchnorm1'] }, ...end];
    expect(advice('bias-before-batchnorm', both)).toEqual([]);
  });
});

describe('dense-holds-most', () => {
  test('with what would be left behind global average pooling', () => {
    const [{ figures }] = advice('dense-holds-most', [{ dense: 20 }, 'relu', { dense: 'classes' }]);
    const parameters = 16 * 64 * 20 + 20;
    expect(figures).toEqual({ parameters, share: parameters / (parameters + 210), parameters_after: 16 * 20 + 20 });
  });

  test('looks through flatten and dropout', () => {
    expect(advice('dense-holds-most', ['flatten', { dropout: 0.2 }, { dense: 20 }, { dense: 'classes' }])[0].figures['parameters_after']).toBe(340);
  });

  test('says nothing behind a global pool', () => {
    expect(advice('dense-holds-most', ['global_avgpool', { dense: 200 }, { dense: 'classes' }])).toEqual([]);
  });
});

describe('receptive fields', () => {
  test('small: two 3×3 see 5×5 of 28×28', () => {
    const [{ figures, layers }] = advice('small-receptive-field', [{ conv: { filters: 2 } }, { conv: { filters: 2 } }, ...end], { input: image(1, 28) });
    expect([figures, layers]).toEqual([{ height: 5, width: 5, input_height: 28, input_width: 28 }, ['conv2']]);
  });

  test('large: convolutions beyond twice the image, with their share', () => {
    const layers = Array.from({ length: 9 }, () => ({ conv: { filters: 2, padding: 1, bias: false } }));
    const [finding] = advice('large-receptive-field', [...layers, ...end], { input: image(2, 8) });
    // The field is 2 n + 1 after n of them: above 16 from the eighth on.
    expect(finding.layers).toEqual(['conv8', 'conv9']);
    expect(finding.figures).toMatchObject({ layers: 2, parameters: 2 * 36, share: (2 * 36 * 64) / (9 * 36 * 64 + 20) });
  });

  test('nothing is said where the whole image is seen once', () => {
    const layers = Array.from({ length: 4 }, () => ({ conv: { filters: 2, padding: 1 } }));
    const found = advise(subject([...layers, ...end], { input: image(2, 8) })).map(({ rule }) => rule);
    expect(found).toEqual([]);
  });
});

describe('flip-on-digits', () => {
  const flip = (probability: number): How['augmentation'] => [{ type: 'flip', options: {}, probability }];

  test('seven of ten digits change', () => {
    expect(advice('flip-on-digits', end, { dataset: 'mnist', augmentation: flip(0.5), trainCount: 60_000 })[0].figures).toEqual({ probability: 0.5, images: 21_000 });
  });

  test('photographs may be mirrored; probability 0 is none', () => {
    expect(advice('flip-on-digits', end, { augmentation: flip(0.5) })).toEqual([]);
    expect(advice('flip-on-digits', end, { dataset: 'mnist', augmentation: flip(0) })).toEqual([]);
  });
});

describe('dropout-on-logits', () => {
  test('tells the rate', () => {
    expect(advice('dropout-on-logits', [...end, { dropout: 0.25 }])[0]).toMatchObject({ layers: ['dropout1'], figures: { rate: 0.25, classes: 10 } });
  });

  test('says nothing before the last layer', () => {
    expect(advice('dropout-on-logits', ['global_avgpool', { dropout: 0.5 }, { dense: 'classes' }])).toEqual([]);
  });
});

describe('batch-remainder', () => {
  test('names the nearest size that divides', () => {
    const [{ figures, message }] = advice('batch-remainder', end, { trainCount: 50_000, batchSize: 128 });
    expect(figures).toEqual({ images: 50_000, batch_size: 128, rest: 80, nearest: 125 });
    expect(message).not.toContain('normalisation');
  });

  test('is graver with batch normalisation', () => {
    expect(advice('batch-remainder', ['batchnorm', ...end], { trainCount: 11, batchSize: 10 })[0].message).toMatch(/1 image .* batch normalisation/);
  });

  test('says nothing where it divides', () => {
    expect(advice('batch-remainder', end)).toEqual([]);
    expect(advice('batch-remainder', end, { trainCount: 7, batchSize: 10 })).toEqual([]);
  });
});

test('rules are silenced by name, and a name that is none is refused', () => {
  const noisy = subject([...end, { dropout: 0.5 }], { trainCount: 17 });
  expect(advise(noisy).map(({ rule }) => rule)).toEqual(['dropout-on-logits', 'batch-remainder']);
  expect(advise(noisy, ['dropout-on-logits']).map(({ rule }) => rule)).toEqual(['batch-remainder']);
  expect(() => advise(noisy, ['dropout'])).toThrow('there is no advice named dropout');
});

test('docs/networks.md names every rule', () => {
  const named = [...readFileSync('docs/networks.md', 'utf8').matchAll(/^\| `([a-z-]+)` \|/gm)].map((match) => match[1]);
  expect(named).toEqual(rules.map(({ name }) => name));
});
