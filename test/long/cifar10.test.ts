/** The real CIFAR-10: 60,000 image files in a packed archive, and the authors' binary version, where they are. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { datasetFacts, loadDataset } from '../../src/datasets/index.ts';
import { cifar10Archive } from '../../src/datasets/cifar10-binary.ts';

const dataDirectory = resolve(process.env['EXP_DATA_DIR'] ?? '../shared/datasets');
const expected = process.env['CI'] === 'true' || process.env['EXP_DATA_DIR'] !== undefined;
const isMissing = (name: string): boolean => !existsSync(join(dataDirectory, name));
if (isMissing('cifar10-images.tar.gz') && !expected) process.stderr.write(`SKIPPED: tests on CIFAR-10's images, which are not in ${dataDirectory}; set EXP_DATA_DIR\n`);

const options = { mirrors: [], train_count: 50_000, test_count: 10_000, validation: 5000 };
const cacheDirectory = mkdtempSync(join(tmpdir(), 'exp-cifar-'));
afterAll(() => rmSync(cacheDirectory, { recursive: true }));
const context = { dataDirectory, cacheDirectory, seed: 1, report: () => undefined };

describe.skipIf(isMissing('cifar10-images.tar.gz') && !expected)('image files', () => {
  it('are listed without being decoded', () => {
    const entry = { type: 'image-folder', options: { path: 'cifar10-images.tar.gz', size: 32, channels: 3, fit: 'crop', validation: 0 } };
    expect(datasetFacts(entry, context)).toMatchObject({ classes: 10, trainCount: 50_000, testCount: 10_000 });
  });

  it('are all read, with every class as often as every other, and the colours that are known of them', async () => {
    const { train, validation, test, classNames, hashes } = await loadDataset({ type: 'cifar10', options }, context);
    expect([train.count, validation?.count, test.count]).toEqual([45_000, 5000, 10_000]);
    for (const split of [train, validation!, test]) {
      const counts = classNames.map((_, label) => split.labels.filter((each) => each === label).length);
      expect(counts).toEqual(Array.from({ length: 10 }, () => split.count / 10));
    }
    // Published for the training images: means 0.4914, 0.4822, 0.4465. JPEG changes them by less than one grey level.
    const sums = [0, 0, 0];
    for (let at = 0; at < train.pixels.length; at++) sums[at % 3] += train.pixels[at];
    sums.forEach((sum, channel) => expect(sum / (train.pixels.length / 3) / 255).toBeCloseTo([0.4914, 0.4822, 0.4465][channel], 2));
    expect(hashes).toMatchObject({
      names: '5d9f607a66b994c1f3cf4f89e458b69ee45e09b34e502080e9143019e8f4b0d9',
      content: '75bd45c8812b141f7ca3516e7a3e1ef575b04234bf8ea8c621dbfee420ff5b80',
    });
    const lines: string[] = [];
    const again = await loadDataset({ type: 'cifar10', options }, { ...context, report: (line) => void lines.push(line) });
    expect(lines).toEqual([expect.stringContaining('images decoded before')]);
    expect([again.hashes, Buffer.compare(again.train.pixels, train.pixels), Buffer.compare(again.test.pixels, test.pixels)]).toEqual([hashes, 0, 0]);
  });
});

// Nobody is asked to download 170 MB: this one runs where the archive lies already.
describe.skipIf(isMissing(cifar10Archive.name))('the binary version', () => {
  it('is read whole', async () => {
    const { actual, train, test } = await loadDataset({ type: 'cifar10', options }, context);
    expect([actual, train.count, test.count]).toEqual(['cifar10', 45_000, 10_000]);
  });
});
