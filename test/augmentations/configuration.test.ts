/** Augmentations and datasets as people write them, through the configuration, up to what the loop reads. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Experiment } from '../../src/config/experiment.ts';
import { loadExperiment } from '../../src/config/index.ts';
import { createBatcher, imageSource } from '../../src/data/index.ts';
import { datasetFacts, loadDataset } from '../../src/datasets/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'exp-augmentation-'));
afterAll(() => rmSync(folder, { recursive: true }));

function load(yaml: string): Experiment {
  const file = join(folder, 'experiment.yaml');
  writeFileSync(file, `name: test\nmodel: { layers: [dense: classes] }\ntrain: { epochs: 1, batch_size: 10, optimizer: { sgd: { lr: 0.1 } } }\n${yaml}`);
  return loadExperiment({ file, environment: {} }).experiment;
}

const augmented = (list: string): Experiment['augmentation'] => load(`dataset: mnist\naugmentation: ${list}\n`).augmentation;

describe('as written', () => {
  it('rotate, shift and crop by their main options', () => {
    expect(augmented('[rotate: 10, shift: 0.1, crop: 2]')).toMatchObject([
      { type: 'rotate', options: { degrees: 10, fill: 'zero' }, probability: 1 },
      { type: 'shift', options: { fraction: 0.1, pixels: 0, fill: 'zero' }, probability: 1 },
      { type: 'crop', options: { padding: 2, fill: 'zero' }, probability: 1 },
    ]);
  });

  it('shift in pixels, crop with its fill, any with a probability', () => {
    expect(augmented('[shift: { pixels: 2 }, crop: { padding: 4, fill: reflect }, { rotate: 5, probability: 0.5 }]')).toMatchObject([
      { type: 'shift', options: { pixels: 2 } }, { type: 'crop', options: { padding: 4, fill: 'reflect' } }, { type: 'rotate', probability: 0.5 },
    ]);
  });

  it('flip applies to every second image, unless a probability is written', () => {
    expect(augmented('[flip: horizontal, { flip: vertical, probability: 0.3 }]')).toMatchObject([
      { type: 'flip', options: { direction: 'horizontal' }, probability: 0.5 },
      { type: 'flip', options: { direction: 'vertical' }, probability: 0.3 },
    ]);
  });

  it('datasets give their facts and their images', async () => {
    expect(datasetFacts(load('dataset: mnist\n').dataset)).toMatchObject({ classes: 10, trainCount: 60_000, testCount: 10_000 });
    expect(datasetFacts(load('dataset: { mnist: { offline: synthetic-digits, validation: 5000 } }\n').dataset)).toMatchObject({ trainCount: 55_000 });
    const { dataset: entry, augmentation, seed } = load('dataset: { random: { shape: [3, 8, 8], train_count: 20, normalize: { mean: 0.5, std: 0.25 } } }\naugmentation: [{ shift: { pixels: 1 } }]\n');
    const dataset = await loadDataset(entry, { cacheDirectory: folder, seed, report: () => undefined });
    const target = new Float32Array(3 * 64);
    createBatcher(imageSource(dataset.train, dataset, entry, { augmentation, shuffle: true, seed })).fill(0, 0, target, 0, 24, 3);
    expect(Math.max(...target)).toBeGreaterThan(1.5); // (255 / 255 - 0.5) / 0.25 = 2
    expect(Math.min(...target)).toBeLessThan(-1.5);
  });
});
