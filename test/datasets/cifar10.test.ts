/** CIFAR-10 as its authors publish it: records to pixels, a download that is checked, archives that are not it. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { findCifar10, readCifar10 } from '../../src/datasets/cifar10-binary.ts';
import { datasetFacts, loadDataset } from '../../src/datasets/index.ts';
import { createSplit } from '../../src/datasets/splits.ts';
import { pack, picture, writeFiles } from './pictures.ts';
import { startServer } from './server.ts';
import type { TestServer } from './server.ts';
import { tarOf } from './tar-writer.ts';

const folder = mkdtempSync(join(tmpdir(), 'exp-cifar-'));
afterAll(() => rmSync(folder, { recursive: true }));

const shape = { channels: 3, height: 32, width: 32 };
const names = ['data_batch_1.bin', 'data_batch_2.bin', 'data_batch_3.bin', 'data_batch_4.bin', 'data_batch_5.bin', 'test_batch.bin'];

/** One record: red is 100 + number, green the row, blue the column. */
function record(label: number, number: number): Uint8Array {
  return Uint8Array.from({ length: 3073 }, (_, at) => (at === 0 ? label : [100 + number, ((at - 1) % 1024) >> 5, (at - 1) & 31][Math.floor((at - 1) / 1024)]));
}

/** Two records a file, numbered through. */
function archive(change: (name: string, content: Uint8Array) => Uint8Array | undefined = (_, content) => content): Uint8Array {
  const members = names.flatMap((name, index) => {
    const content = change(name, Buffer.concat([record(index, 2 * index), record(index + 1, 2 * index + 1)]));
    return content ? [{ path: `cifar-10-batches-bin/${name}`, content }] : [];
  });
  return gzipSync(tarOf([{ path: 'cifar-10-batches-bin/', type: '5' }, ...members, { path: 'cifar-10-batches-bin/readme.html', content: Buffer.from('<html>') }]));
}

const splits = (train: number, test: number) => [createSplit(shape, train), createSplit(shape, test)] as const;

describe('the binary version', () => {
  it('gives pixels and labels in the order of its files', async () => {
    const [train, test] = splits(10, 2);
    await readCifar10(archive(), train, test);
    expect([...train.labels, ...test.labels]).toEqual([0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6]);
    const pixel = (image: number, y: number, x: number): number[] => [...train.pixels.subarray((image * 1024 + y * 32 + x) * 3, (image * 1024 + y * 32 + x) * 3 + 3)];
    expect([pixel(0, 0, 0), pixel(3, 7, 31), pixel(9, 31, 2)]).toEqual([[100, 0, 0], [103, 7, 31], [109, 31, 2]]);
    expect([...test.pixels.subarray(-3)]).toEqual([111, 31, 31]);
  });

  it('is cut to the first images', async () => {
    const [train, test] = splits(3, 1);
    await readCifar10(archive(), train, test);
    expect([...train.labels, ...test.labels]).toEqual([0, 1, 1, 5]);
  });

  it.each<[string, Uint8Array, string]>([
    ['nothing packed', Buffer.from('text'), 'it cannot be unpacked'],
    ['a missing file', archive((name, content) => (name === 'data_batch_3.bin' ? undefined : content)), 'there is no data_batch_3.bin in it'],
    ['half a record', archive((name, content) => (name === 'test_batch.bin' ? content.subarray(0, 4000) : content)), 'test_batch.bin has 4000 bytes'],
    ['another label', archive((_, content) => content.map((byte, at) => (at === 3073 ? 10 : byte))), 'data_batch_1.bin: label 10 of record 1, expected 0 to 9'],
    ['too few images', archive((_, content) => content.subarray(0, 3073)), '5 training and 1 test images, expected 10 and 2'],
  ])('refuses %s', async (_, packed, message) => {
    await expect(readCifar10(packed, ...splits(10, 2))).rejects.toThrow(`cifar-10-binary.tar.gz: ${message}`);
  });
});

describe('the archive', () => {
  const content = archive();
  const published = { name: 'cifar-10-binary.tar.gz', bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') };
  const lines: string[] = [];
  const context = (more: object = {}) => ({ cacheDirectory: join(folder, 'cache'), seed: 1, report: (line: string) => void lines.push(line), patienceMilliseconds: 2000, ...more });
  let server: TestServer | undefined;
  afterEach(async () => server?.close());

  it('is downloaded once, kept, and mended where it was damaged', async () => {
    server = await startServer((_, response) => response.end(content));
    expect(await findCifar10([server.address], context(), published)).toMatchObject({ packed: Buffer.from(content) });
    expect(await findCifar10([server.address], context(), published)).toMatchObject({ packed: Buffer.from(content) });
    expect(server.requests).toHaveLength(1);
    writeFileSync(join(folder, 'cache/cifar10', published.name), 'damaged');
    await findCifar10([server.address], context(), published);
    expect(lines.join('\n')).toContain('is damaged; fetching it again');
    expect(readFileSync(join(folder, 'cache/cifar10', published.name))).toEqual(Buffer.from(content));
  });

  it('is found in EXP_DATA_DIR, and refused there where it is another', async () => {
    const dataDirectory = join(folder, 'own');
    mkdirSync(dataDirectory);
    writeFileSync(join(dataDirectory, published.name), content);
    expect(await findCifar10([], context({ dataDirectory }), published)).toMatchObject({ packed: Buffer.from(content) });
    writeFileSync(join(dataDirectory, published.name), 'another');
    await expect(findCifar10([], context({ dataDirectory }), published)).rejects.toThrow('has another SHA-256');
  });

  it('that is not to be had is told with all that was tried', async () => {
    server = await startServer((_, response) => response.end('a page'));
    const cacheDirectory = join(folder, 'empty');
    const load = loadDataset({ type: 'cifar10', options: { mirrors: [server.address], train_count: 10, test_count: 10, validation: 0 } }, context({ cacheDirectory, dataDirectory: folder }));
    await expect(load).rejects.toThrow(`CIFAR-10 could not be had: not in ${join(folder, 'cifar10')}; not in ${folder}; not in ${join(cacheDirectory, 'cifar10')}; ${server.address}${published.name}: not the right file`);
  });
});

describe('the dataset', () => {
  const options = { mirrors: ['http://127.0.0.1:9/'], train_count: 20, test_count: 10, validation: 5 };

  it('is known without data', () => {
    expect(datasetFacts({ type: 'cifar10', options })).toMatchObject({ shape, classes: 10, trainCount: 15, testCount: 10 });
  });

  it('is replaced by noise of its shape where the configuration says so and it cannot be had', async () => {
    const entry = { type: 'cifar10', options: { ...options, offline: 'random', normalize: { mean: [0.5, 0.5, 0.5], std: 0.25 } } };
    const loaded = await loadDataset(entry, { cacheDirectory: join(folder, 'nothing'), seed: 1, report: () => undefined });
    expect(loaded).toMatchObject({ shape, classes: 10, actual: 'random', trainCount: 15, testCount: 10, validation: { count: 5 } });
    expect(loaded.substitution).toMatch(/^CIFAR-10 could not be had: .*; training on random noise instead, from which nothing can be learnt$/);
  });

  it('takes image files where they are, and says that it did', async () => {
    const place = join(folder, 'images');
    const { classNames } = datasetFacts({ type: 'cifar10', options });
    for (const [label, name] of classNames.entries()) {
      const image = await picture([label * 20, 0, 0], { width: 32, height: 32 });
      writeFiles(place, { [`train/${name}/1.png`]: image, [`train/${name}/2.png`]: image, [`test/${name}/1.png`]: image });
    }
    pack(join(place, 'cifar10-images.tar.gz'), place, 'train', 'test');
    const loaded = await loadDataset({ type: 'cifar10', options }, { dataDirectory: place, cacheDirectory: folder, seed: 1, report: () => undefined });
    expect(loaded).toMatchObject({ actual: 'cifar10-images', trainCount: 15, classNames, validation: { count: 5 } });
    expect([...loaded.test.labels]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect([...loaded.test.labels].map((_, index) => loaded.test.pixels[index * 3072])).toEqual([0, 20, 40, 60, 80, 100, 120, 140, 160, 180]);
  });
});
