/** The networks in configs/ against the figures published of them, to the unit, and against the table of docs/networks.md. */
import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loadExperiment } from '../../src/config/index.ts';
import { datasetFacts } from '../../src/datasets/index.ts';
import { plannedTrainingBytes } from '../../src/engines/index.ts';
import { buildNetwork } from '../../src/network/index.ts';
import { multiplyAdds, parameterCount } from '../../src/network/network.ts';

interface Figures {
  parameters: number;
  multiplyAdds: number;
}

function figuresOf(name: string, overrides: readonly string[] = []): Figures {
  const { experiment: { model, train, dataset } } = loadExperiment({ file: `configs/${name}.yaml`, overrides, environment: {} });
  const network = buildNetwork(model, train.loss, datasetFacts(dataset));
  return { parameters: parameterCount(network), multiplyAdds: multiplyAdds(network) };
}

const withoutHeads = ['~model.heads'];

/** Weights as the authors or torchvision publish them; multiply-adds of convolutions and dense layers. */
const published: readonly [name: string, overrides: readonly string[], expected: Partial<Figures>][] = [
  ['alexnet', [], { parameters: 61_100_840, multiplyAdds: 714_188_480 }],
  ['vgg11', [], { parameters: 132_863_336, multiplyAdds: 7_609_090_048 }],
  ['vgg16', [], { parameters: 138_357_544, multiplyAdds: 15_470_264_320 }],
  ['googlenet', [], { parameters: 13_378_280 }],
  ['googlenet-torchvision', [], { parameters: 13_004_888 }],
  ['googlenet-torchvision', withoutHeads, { parameters: 6_624_904, multiplyAdds: 1_498_376_192 }],
  ['resnet18', [], { parameters: 11_689_512, multiplyAdds: 1_814_073_344 }],
  ['resnet34', [], { parameters: 21_797_672, multiplyAdds: 3_663_761_408 }],
  ['resnet50', [], { parameters: 25_557_032, multiplyAdds: 4_089_184_256 }],
  ['resnet20-cifar', [], { parameters: 269_722 }],
  ['resnet20-cifar', ['variables.shortcut=auto'], { parameters: 272_474 }],
  ['resnet56-cifar', [], { parameters: 853_018 }],
  ['squeezenet', [], { parameters: 1_235_496 }],
  ['mobilenet-v2', [], { parameters: 3_504_872, multiplyAdds: 300_774_272 }],
  ['densenet-bc-100-12', [], { parameters: 769_162 }],
];

describe('published figures', () => {
  test.each(published)('%s %s', (name, overrides, expected) => {
    expect(figuresOf(name, overrides)).toMatchObject(expected);
  });

  test('the small Inception: the paper counts no scales in batch normalisation, one a filter', () => {
    const filters = 96 + 64 + 80 + 80 + 160 + 160 + 160 + 144 + 96 + 336 + 336;
    expect(figuresOf('inception-cifar').parameters - filters).toBe(1_649_402);
  });
});

describe('training fits into the memory that the engine addresses', () => {
  const names = readdirSync('configs').filter((file) => file.endsWith('.yaml'));

  test.each(names)('%s, on 2 threads', async (name) => {
    const { dataset, model, train, seed } = loadExperiment({ file: `configs/${name}`, environment: {} }).experiment;
    const network = buildNetwork(model, train.loss, datasetFacts(dataset));
    const training = { batchSize: train.batch_size, optimizer: train.optimizer, clipNorm: train.clip_norm, seed };
    expect(await plannedTrainingBytes({ network, training, threads: 2 })).toBeLessThan(2 ** 32);
  });
});

describe('docs/networks.md', () => {
  const rows = [...readFileSync('docs/networks.md', 'utf8').matchAll(/^\| \[([\w-]+)\]\(\.\.\/configs\/\1\.yaml\) \| ([\d,]+) \| ([\d,]+) \|/gm)];
  const table = new Map(rows.map(([, name, parameters, products]) => [name, { parameters: toNumber(parameters), multiplyAdds: toNumber(products) }]));

  test('has a row for every configuration', () => {
    const names = readdirSync('configs').filter((file) => file.endsWith('.yaml')).map((file) => file.slice(0, -'.yaml'.length));
    expect([...table.keys()].toSorted()).toEqual(names.toSorted());
  });

  test.each([...table])('%s', (name, figures) => {
    expect(figuresOf(name)).toEqual(figures);
  });
});

function toNumber(text: string): number {
  return Number(text.replaceAll(',', ''));
}
