/** The datasets that are made, not read: the same bytes everywhere, images that differ, counts that hold. */
import { describe, expect, it } from 'vitest';
import { loadDataset } from '../../src/datasets/index.ts';
import type { LoadedDataset } from '../../src/datasets/dataset.ts';
import { createPath, writePath } from '../../src/datasets/digits/hand.ts';
import { createDigitPainter } from '../../src/datasets/digits/paint.ts';
import { glyphs } from '../../src/datasets/digits/strokes.ts';
import { purpose, RandomStream } from '../../src/common/random.ts';

const context = { cacheDirectory: 'unused', seed: 1, report: () => undefined };
const load = (type: string, options: Record<string, unknown>): Promise<LoadedDataset> => loadDataset({ type, options: { seed: 1, validation: 0, ...options } }, context);
const image = (dataset: LoadedDataset['train'], index: number): string => Buffer.from(dataset.pixels.subarray(index * 784, (index + 1) * 784)).toString('hex');

describe('synthetic-digits', () => {
  it('gives the bytes that are written here, on every machine', async () => {
    const { hashes } = await load('synthetic-digits', { train_count: 500, test_count: 100 });
    expect(hashes).toMatchInlineSnapshot(`
      {
        "test": "9658f96f30acdd1b11dd91c538c07ea4e27c37c110fa0057f618605e73081b7a",
        "train": "4adfb7161ea6e1e3a6b3b45faf2c35c597f9edd8247394c24ef7c06ee2b10f4e",
      }
    `);
  });

  it('has no image twice, and none of the training images among the test images', async () => {
    const { train, test } = await load('synthetic-digits', { train_count: 2000, test_count: 1000 });
    const all = new Set([...Array.from({ length: 2000 }, (_, index) => image(train, index)), ...Array.from({ length: 1000 }, (_, index) => image(test, index))]);
    expect(all.size).toBe(3000);
  });

  it('does not change an image with the number of images, and changes all with the seed', async () => {
    const few = await load('synthetic-digits', { train_count: 10, test_count: 1 });
    const more = await load('synthetic-digits', { train_count: 20, test_count: 1 });
    const other = await load('synthetic-digits', { train_count: 10, test_count: 1, seed: 2 });
    expect(image(few.train, 9)).toBe(image(more.train, 9));
    expect(image(few.train, 9)).not.toBe(image(other.train, 9));
  });

  it('has every digit about as often, dark borders and light ink', async () => {
    const { train } = await load('synthetic-digits', { train_count: 5000, test_count: 1 });
    const counts = Array.from({ length: 10 }, () => 0);
    for (const label of train.labels) counts[label]++;
    expect(Math.min(...counts)).toBeGreaterThan(400);
    let corners = 0, brightest = 0;
    for (let i = 0; i < train.count; i++) corners += train.pixels[i * 784] + train.pixels[i * 784 + 783];
    for (const pixel of train.pixels) brightest = Math.max(brightest, pixel);
    expect([corners, brightest]).toEqual([0, 255]);
  });

  it('draws every way of writing every digit inside the image', () => {
    const random = new RandomStream(3, purpose.synthetic);
    const path = createPath();
    for (const ways of glyphs) {
      for (const glyph of ways) {
        for (let time = 0; time < 50; time++) {
          writePath(path, glyph, 28, 2, random);
          expect(path.ends.length).toBeGreaterThanOrEqual(4 * path.count);
          expect(path.ends.subarray(0, 4 * path.count).every((position) => position > -1 && position < 28)).toBe(true);
        }
      }
    }
  });

  it('paints into the place it is given and nowhere else', () => {
    const pixels = new Uint8Array(3 * 784).fill(7);
    createDigitPainter(1)(5, pixels.subarray(784, 2 * 784));
    expect(pixels.subarray(0, 784).every((pixel) => pixel === 7) && pixels.subarray(2 * 784).every((pixel) => pixel === 7)).toBe(true);
    expect(pixels.subarray(784, 2 * 784)).toContain(0);
  });

  it('stops when told to', async () => {
    const entry = { type: 'synthetic-digits', options: { seed: 1, validation: 0, train_count: 60_000, test_count: 1 } };
    await expect(loadDataset(entry, { ...context, signal: AbortSignal.abort() })).rejects.toThrow('abort');
  });
});

describe('random', () => {
  it('has the shape, the classes and the counts that are asked for', async () => {
    const loaded = await load('random', { shape: [3, 5, 7], classes: 4, train_count: 300, test_count: 50, validation: 100 });
    expect(loaded).toMatchObject({ shape: { channels: 3, height: 5, width: 7 }, classes: 4, trainCount: 200, testCount: 50 });
    expect([loaded.train.pixels.length, loaded.validation?.pixels.length, loaded.test.pixels.length]).toEqual([200 * 105, 100 * 105, 50 * 105]);
    expect(new Set(loaded.train.labels)).toEqual(new Set([0, 1, 2, 3]));
    expect(new Set(loaded.train.pixels).size).toBe(256);
  });

  it('normalises with one number a channel, or refuses', async () => {
    const normalize = { mean: [0.1, 0.2], std: 1 };
    await expect(load('random', { shape: [3, 5, 7], classes: 4, train_count: 3, test_count: 5, normalize })).rejects.toThrow('mean has 2 numbers, the images have 3 channels');
  });
});
