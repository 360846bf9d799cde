/** What is refused before the first step: images that do not fit, too much memory, too little disk. */
import { tmpdir } from 'node:os';
import { describe, expect, test } from 'vitest';
import { prepareEngine, prepareNetwork, trainingPlan } from '../../src/api/prepare.ts';
import { checkDisk } from '../../src/common/disk.ts';
import { loadExperiment } from '../../src/config/index.ts';
import type { LoadedDataset } from '../../src/datasets/dataset.ts';
import { createSplit } from '../../src/datasets/splits.ts';
import { checkpointBytes } from '../../src/runs/checkpoints.ts';
import { tiny } from '../commands/process.ts';
import { createFakeEngine } from '../training/fake-engine.ts';

const { experiment } = loadExperiment({ file: tiny, environment: {} });
const network = prepareNetwork(experiment);

function images(change: Partial<LoadedDataset> = {}): LoadedDataset {
  const shape = change.shape ?? { channels: 1, height: 28, width: 28 };
  const split = createSplit(shape, 4);
  return { shape, classes: 10, classNames: [], trainCount: 4, testCount: 4, train: split, test: split, hashes: {}, actual: 'pictures', ...change };
}

/** The sources that were attached, by name. */
async function attached(dataset: LoadedDataset, memoryBytes = 24): Promise<Record<string, { augmented: boolean; shuffle: boolean; count: number }>> {
  const sources: Record<string, { augmented: boolean; shuffle: boolean; count: number }> = {};
  const engine = {
    ...createFakeEngine(16), memoryBytes,
    attach: async (name: string, { augmentation, shuffle, count }: { augmentation: readonly unknown[]; shuffle: boolean; count: number }) => {
      sources[name] = { augmented: augmentation.length > 0, shuffle, count };
    },
  };
  await prepareEngine({ experiment, network, dataset, threads: 1, createEngine: async () => engine });
  return sources;
}

describe('prepareEngine', () => {
  test('augments and shuffles the training images only', async () => {
    expect(await attached(images({ validation: createSplit({ channels: 1, height: 28, width: 28 }, 2) }))).toEqual({
      train: { augmented: true, shuffle: true, count: 4 }, test: { augmented: false, shuffle: false, count: 4 }, validation: { augmented: false, shuffle: false, count: 2 },
    });
  });

  test.each<[Partial<LoadedDataset>, RegExp]>([
    [{ shape: { channels: 3, height: 32, width: 32 } }, /the network takes 1×28×28, the images of pictures are 3×32×32/],
    [{ classes: 11 }, /the network tells 10 classes apart, pictures has 11/],
  ])('refuses images that do not fit: %j', async (change, message) => {
    await expect(attached(images(change))).rejects.toThrow(message);
  });

  test('refuses what needs more memory than there may be, naming the largest layer at its line', async () => {
    await expect(attached(images(), 1e15)).rejects.toMatchObject({
      exitCode: 2,
      problems: [{ code: 'memory', message: expect.stringMatching(/training needs 1000 TB of memory, this process may use [\d.]+ [MGT]B/), fix: expect.stringMatching(/largest output is that of conv1, 4×28×28/), where: { line: 9 } }],
    });
  });
});

test('the plan knows the images and whether there is a validation split', () => {
  expect(trainingPlan(experiment, images())).toMatchObject({ trainCount: 4, hasValidation: false, training: { batch_size: 16 } });
});

test('checkpoints that would not fit on the disk are refused', () => {
  const tensors = (floats: number) => new Map([['w', { shape: [floats], data: new Float32Array(floats) }]]);
  // last, best and the one being written: 3 × 40 bytes; three states of 40 + 80 bytes
  const bytes = checkpointBytes({ model: tensors(10), optimizer: tensors(20) });
  expect(bytes).toBe(3 * 40 + 3 * 120);
  expect(() => checkDisk(tmpdir(), bytes)).not.toThrow();
  expect(() => checkDisk(tmpdir(), 1e18)).toThrow(/the checkpoints of this run need 1000000 TB, .* are free at/);
});
