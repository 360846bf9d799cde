/** exp augment and exp data: the sheet holds the very pixels of training, the figures are those that can be counted by hand. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBatcher, imageSource } from '../../src/data/index.ts';
import { loadDataset } from '../../src/datasets/index.ts';
import { picture, writeFiles } from '../datasets/pictures.ts';
import { run as execute } from './execute.ts';
import type { Executed } from './execute.ts';

const folder = mkdtempSync(join(tmpdir(), 'exp-commands-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What is slow to decode is kept: here, not at home. */
const run = (argv: string[]): Promise<Executed> => execute(argv, { environment: { XDG_CACHE_HOME: join(folder, 'cache') } });

const rest = 'model: { layers: [dense: classes] }\ntrain: { epochs: 1 }\n';

function configuration(name: string, text: string): string {
  const file = join(folder, `${name}.yaml`);
  writeFileSync(file, `name: ${name}\n${text}${rest}`);
  return file;
}

const noise = configuration('noise', 'seed: 7\ndataset: { random: { shape: [3, 6, 5], classes: 3, train_count: 40, validation: 10, test_count: 9, normalize: { mean: 0.5, std: 0.2 } } }\naugmentation: [{ shift: { pixels: 2 } }, flip: horizontal]\n');

async function sheetOf(file: string): Promise<{ data: Buffer; width: number; height: number; channels: number }> {
  const { data, info } = await sharp(readFileSync(file)).raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: info.channels };
}

describe('exp augment', () => {
  const out = join(folder, 'sheet.png');

  test('shows the originals, then what training sees, epoch by epoch', async () => {
    const { code, stdout, stderr } = await run(['augment', noise, '--sample', '3,20-21', '--epoch', '5', '--epochs', '2', '--out', out]);
    expect({ code, stderr, stdout }).toEqual({
      code: 0, stderr: '', stdout: expect.stringMatching(/sheet\.png\nfrom above: training images 3 \(\d\), 20 \(\d\), 21 \(\d\)\nfrom the left: the original, then epochs 5 to 6 after shift, flip\n$/),
    });
    const { data, width, height, channels } = await sheetOf(out);
    const factor = 96 / 6;
    // Gaps of 4, and 16 after the originals.
    expect([width, height, channels]).toEqual([4 + 5 * factor + 16 + 2 * (5 * factor + 4), 4 + 3 * (6 * factor + 4), 3]);
    const dataset = await loadDataset({ type: 'random', options: { shape: [3, 6, 5], classes: 3, train_count: 40, validation: 10, test_count: 9, seed: 1 } }, { cacheDirectory: folder, seed: 7, report: () => undefined });
    const augmentation = [{ type: 'shift', options: { pixels: 2, fill: 'zero' }, probability: 1 }, { type: 'flip', options: { direction: 'horizontal' }, probability: 0.5 }];
    const batcher = createBatcher(imageSource(dataset.train, dataset, { type: 'random', options: {} }, { augmentation, shuffle: true, seed: 7 }));
    const target = new Float32Array(90);
    const shownAt = (row: number, column: number): number[] => Array.from({ length: 90 }, (_, index) => {
      const pixel = Math.floor(index / 3);
      const y = 4 + row * (6 * factor + 4) + Math.floor(pixel / 5) * factor + 1, x = 4 + column * (5 * factor + 4) + (column > 0 ? 12 : 0) + (pixel % 5) * factor + 1;
      return data[(y * width + x) * 3 + (index % 3)];
    });
    for (const [row, sample] of [3, 20, 21].entries()) {
      expect(shownAt(row, 0)).toEqual([...dataset.train.pixels.subarray(sample * 90, (sample + 1) * 90)]);
      for (const column of [1, 2]) {
        batcher.fill(sample, 3 + column, target, 0, 15, 3);
        expect(shownAt(row, column), `sample ${sample}, epoch ${4 + column}`).toEqual(Array.from(target, (value) => Math.round(value * 255)));
      }
    }
  });

  test('tells what is where as JSON, and follows the seed', async () => {
    const { stdout, stderr } = await run(['augment', noise, '--json', '--sample', '2', '--epochs', '3', '--out', out, 'seed=9']);
    expect({ stderr, ...JSON.parse(stdout) }).toMatchObject({ stderr: '', file: out, dataset: 'random', seed: 9, samples: [{ sample: 2 }], epochs: [1, 2, 3], augmentation: [{ type: 'shift' }, { type: 'flip', probability: 0.5 }] });
    const nine = readFileSync(out);
    await run(['augment', noise, '--sample', '2', '--epochs', '3', '--out', out, '-q']);
    expect(readFileSync(out).equals(nine)).toBe(false);
    await run(['augment', noise, '--sample', '2', '--epochs', '3', '--out', out, '-q', 'seed=9']);
    expect(readFileSync(out).equals(nine)).toBe(true);
  });

  test('says where nothing is changed', async () => {
    const plain = configuration('plain', 'dataset: { random: { shape: [1, 4, 4], train_count: 3 } }\n');
    const { code, stdout, stderr } = await run(['augment', plain, '--out', out]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: `${plain} has no augmentation: every epoch shows the original\n` });
    expect(stdout).toContain('training images 0 (');
    expect(stdout).toContain('epochs 1 to 8 after nothing');
    expect((await sheetOf(out)).height).toBe(4 + 3 * 100);
  });

  test.each([
    [['--sample', '30'], 'there is no training image 30', 'they are numbered from 0 to 29'],
    [['--sample', '3-1'], 'It must be a number from 0, a range as 0-3, or a list of such', 'exp augment --help'],
    [['--sample', '0-63,64'], 'At most 64 images are shown', 'exp augment --help'],
    [['--epochs', '0'], 'It must be a whole number from 1 to 64', 'exp augment --help'],
    [['+dataset.random.shape=[2,4,4]'], 'images of 2×4×4 cannot be shown', ''],
    [['--out', 'no/such/folder/sheet.png', '--sample', '0'], 'cannot write no/such/folder/sheet.png', ''],
  ])('refuses %j', async (words, message, fix) => {
    const argv = words[0].startsWith('+') ? ['augment', configuration('two', 'dataset: { random: { shape: [2, 4, 4] } }\n')] : ['augment', noise, ...words];
    const { code, stderr } = await run([...argv, ...(words[0] === '--out' ? [] : ['--out', out])]);
    expect(code).toBeGreaterThan(0);
    expect(stderr).toContain(message);
    expect(stderr).toContain(fix);
  });
});

describe('exp data', () => {
  const photos = join(folder, 'photos');
  const file = configuration('photos', `dataset: { image-folder: { path: ${photos}, size: 2, validation: 1 } }\n`);

  beforeAll(async () => {
    const [dark, bright] = [await picture([0, 51, 255], { width: 2, height: 2 }), await picture([255, 51, 0], { width: 2, height: 2 })];
    writeFiles(photos, { 'train/a/1.png': dark, 'train/a/2.png': dark, 'train/b/1.png': bright, 'train/b/2.png': dark, 'test/a/1.png': dark, 'test/b/1.png': await picture([9, 9, 9], { width: 2, height: 2 }) });
  });

  test('counts classes, measures channels, finds test images among the training images, and tells hashes', async () => {
    const { code, stdout } = await run(['data', file, '--json']);
    const found = JSON.parse(stdout);
    // The last one for validation: two dark ones and a bright one are left.
    const [mean, deviation] = [1 / 3, Math.sqrt(2) / 3];
    expect({ code, ...found }).toMatchObject({
      code: 0, dataset: 'image-folder', found: photos, shape: [3, 2, 2], images: { train: 3, validation: 1, test: 2 }, repeated: 1,
      classes: [{ name: 'a', train: 2, validation: 0, test: 1 }, { name: 'b', train: 1, validation: 1, test: 1 }],
      hashes: { names: expect.stringMatching(/^[0-9a-f]{64}$/), content: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    const expected = { mean: [mean, 0.2, 1 - mean], std: [deviation, 0, deviation] };
    for (const what of ['mean', 'std'] as const) found[what].forEach((value: number, channel: number) => expect(value).toBeCloseTo(expected[what][channel], 12));
  });

  test('as a table, with the line for the configuration', async () => {
    const { stdout, stderr } = await run(['data', file]);
    expect(stderr).toBe('');
    expect(stdout).toContain('training images  normalize: { mean: [0.3333, 0.2000, 0.6667], std: [0.4714, 0.0000, 0.4714] }');
    expect(stdout).toContain('repeated         1 of the test images are training images too, pixel by pixel');
    expect(stdout).toMatch(/\nclass +train +validation +test\n─+\na +2 +0 +1\nb +1 +1 +1\nall +3 +1 +2\n$/);
    expect((await run(['data', noise])).stdout).not.toContain('repeated');
  });

  test('says loudly where it is not the data that was asked for', async () => {
    const mnist = configuration('mnist', 'dataset: { mnist: { offline: synthetic-digits, mirrors: ["http://127.0.0.1:9/"], train_count: 30, test_count: 10 } }\n');
    const { code, stdout, stderr } = await run(['data', mnist]);
    expect([code, stderr.includes('!! NOT THE CONFIGURED DATA'), stdout.includes('synthetic-digits, images of 1×28×28')]).toEqual([0, true, true]);
  });

  test('tells what is wrong with the files', async () => {
    writeFiles(photos, { 'test/b/2.png': 'text' });
    const { code, stderr } = await run(['data', file]);
    rmSync(join(photos, 'test/b/2.png'));
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('test/b/2.png: neither PNG nor JPEG') });
  });
});
