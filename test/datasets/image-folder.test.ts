/** Class folders as directories and archives: pixels, labels, facts with and without data, hashes, and files that are no images. */
import { cpSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import * as memory from '../../src/common/memory.ts';
import { UserError } from '../../src/common/problem.ts';
import type { LoadedDataset } from '../../src/datasets/dataset.ts';
import { datasetFacts, loadDataset } from '../../src/datasets/index.ts';
import { type Colour, pack, picture, writeFiles } from './pictures.ts';
import { tarOf } from './tar-writer.ts';

const folder = mkdtempSync(join(tmpdir(), 'exp-folders-'));
afterAll(() => rmSync(folder, { recursive: true }));

const red: Colour = [250, 10, 20], green: Colour = [10, 240, 30], blue: Colour = [0, 20, 230];
const data = join(folder, 'data');

beforeAll(async () => {
  writeFiles(data, {
    'train/cat/1.png': await picture(red), 'train/cat/2.jpg': await picture(green, { format: 'jpeg' }),
    'train/dog/1.png': await picture(blue, { width: 20, height: 10 }), 'test/dog/1.png': await picture(green), 'test/cat/7.png': await picture(blue),
  });
});

const completed = (options: Record<string, unknown>) => ({ type: 'image-folder', options: { path: data, size: 4, channels: 3, fit: 'crop', validation: 0, ...options } });
const lines: string[] = [];
const context = { cacheDirectory: join(folder, 'cache'), seed: 1, report: (line: string) => void lines.push(line) };
const load = (options: Record<string, unknown> = {}, more: object = {}): Promise<LoadedDataset> => loadDataset(completed(options), { ...context, ...more });

async function refusal(promise: Promise<unknown>): Promise<string[]> {
  const error: unknown = await promise.then(() => undefined, (reason: unknown) => reason);
  if (!(error instanceof UserError)) throw new Error(`expected a UserError, got ${String(error)}`);
  return error.problems.map(({ message }) => message);
}

/** The first pixel of each image. */
const corners = ({ pixels, count }: LoadedDataset['train']): number[][] =>
  Array.from({ length: count }, (_, index) => [...pixels.subarray((index * pixels.length) / count, (index * pixels.length) / count + 3)]);

describe('images', () => {
  it('reach memory in their order, at their size, with their labels', async () => {
    const { train, test, shape, classNames, actual } = await load();
    expect({ shape, classNames, actual }).toEqual({ shape: { channels: 3, height: 4, width: 4 }, classNames: ['cat', 'dog'], actual: 'image-folder' });
    expect([...train.labels, ...test.labels]).toEqual([0, 1, 0, 0, 1]);
    expect(train.pixels.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(train.pixels).toHaveLength(3 * 48);
    const [first, second, third] = corners(train);
    expect([first, second]).toEqual([red, blue]);
    third.forEach((value, channel) => expect(Math.abs(value - green[channel])).toBeLessThan(6)); // JPEG
    expect(corners(test)).toEqual([blue, green]);
  });

  it('are the same from an archive, packed or not, wrapped or not, with the same hashes', async () => {
    const expected = await load();
    for (const archive of [pack(join(folder, 'a.tar'), data, 'train', 'test'), pack(join(folder, 'b.tar.gz'), folder, 'data'), pack(join(folder, 'c.tar'), data, './test', './train')]) {
      const { train, test, hashes } = await load({ path: archive });
      expect([train.pixels, train.labels, test.pixels, hashes]).toEqual([expected.train.pixels, expected.train.labels, expected.test.pixels, expected.hashes]);
    }
  });

  it('keep the middle of their longer side, or are stretched', async () => {
    // Red, green and blue thirds: the middle is green.
    const stripes = await sharp(Uint8Array.from({ length: 3 * 30 * 10 }, (_, at) => [red, green, blue][Math.floor((Math.floor(at / 3) % 30) / 10)][at % 3]), { raw: { width: 30, height: 10, channels: 3 } }).png().toBuffer();
    const place = join(folder, 'stripes');
    writeFiles(place, { 'a/1.png': stripes, 'b/1.png': stripes, 'a/2.png': stripes, 'b/2.png': stripes });
    const middle = (await load({ path: place, test_share: 0.5, size: 6 })).train;
    middle.pixels.subarray(3 * 3, 3 * 3 + 3).forEach((value, channel) => expect(Math.abs(value - green[channel])).toBeLessThanOrEqual(1));
    const all = (await load({ path: place, test_share: 0.5, size: [10, 30], fit: 'stretch' })).train;
    expect(all.pixels.subarray(0, 900)).toEqual(new Uint8Array(await sharp(stripes).raw().toBuffer()));
    const stretched = (await load({ path: place, test_share: 0.5, size: 6, fit: 'stretch' })).train;
    expect(stretched.pixels[0]).toBeGreaterThan(200);
    expect(stretched.pixels[5 * 3 + 2]).toBeGreaterThan(190);
  });

  it('become grey, or colours from grey; transparent is white', async () => {
    const grey = await sharp(new Uint8Array(64).fill(77), { raw: { width: 8, height: 8, channels: 1 } }).png().toBuffer();
    const clear = await sharp({ create: { width: 8, height: 8, channels: 4, background: { r: 9, g: 9, b: 9, alpha: 0 } } }).png().toBuffer();
    const place = join(folder, 'grey');
    writeFiles(place, { 'train/a/1.png': grey, 'train/b/1.png': clear, 'test/a/1.png': grey });
    expect(corners((await load({ path: place })).train)).toEqual([[77, 77, 77], [255, 255, 255]]);
    const { train, shape } = await load({ path: place, channels: 1 });
    expect([shape.channels, train.pixels.length, train.pixels[0], train.pixels[16]]).toEqual([1, 32, 77, 255]);
  });

  it('are cut to size, with some held back', async () => {
    expect(await load({ train_count: 2, validation: 1, test_count: 1 })).toMatchObject({ trainCount: 1, testCount: 1, train: { count: 1 }, validation: { count: 1 }, test: { count: 1 } });
    expect(await refusal(load({ train_count: 4 }))).toEqual(['4 are asked for, there are 3']);
    expect(await refusal(load({ validation: 3 }))).toEqual(['validation: 3 leaves none of the 3 training images to train on']);
  });

  it('are told about while they are read', async () => {
    vi.spyOn(performance, 'now').mockImplementation(() => Date.now() * 1e4);
    lines.length = 0;
    writeFiles(data, { 'other/1.png': '' });
    await load({}, { cacheDirectory: join(folder, 'slow') }); // so slow that it is kept
    rmSync(join(data, 'other'), { recursive: true });
    expect(lines).toEqual(expect.arrayContaining([`${data}: not read: other`, expect.stringMatching(/^reading images: [1-5] of 5$/)]));
  });

  it('are no more read when told to stop', async () => {
    await expect(load({}, { signal: AbortSignal.abort() })).rejects.toThrow('abort');
  });
});

describe('hashes', () => {
  it('tell renamed files from changed ones', async () => {
    const { hashes } = await load();
    const copy = join(folder, 'copy');
    cpSync(data, copy, { recursive: true });
    expect((await load({ path: copy })).hashes).toEqual(hashes);
    cpSync(join(copy, 'train/cat/1.png'), join(copy, 'train/cat/0.png'));
    rmSync(join(copy, 'train/cat/1.png'));
    expect((await load({ path: copy })).hashes).toEqual({ ...hashes, names: expect.not.stringContaining(hashes.names) });
    writeFiles(copy, { 'train/cat/0.png': await picture([1, 2, 3]) });
    const changed = (await load({ path: copy })).hashes;
    expect([changed.content === hashes.content, changed.train === hashes.train, changed.test === hashes.test]).toEqual([false, false, true]);
  });
});

describe('facts', () => {
  it('come from the names of files, read or packed', () => {
    const expected = { shape: { channels: 3, height: 4, width: 4 }, classes: 2, classNames: ['cat', 'dog'], trainCount: 2, testCount: 2 };
    expect(datasetFacts(completed({ validation: 1 }))).toEqual(expected);
    expect(datasetFacts(completed({ validation: 1, path: pack(join(folder, 'facts.tar.gz'), data, '.') }))).toEqual(expected);
    expect(datasetFacts(completed({ validation: 1, path: pack(join(folder, 'facts.tar'), data, '.') }))).toEqual(expected);
  });

  it('are looked for in the working directory, then in EXP_DATA_DIR, and not outside it', () => {
    expect(datasetFacts(completed({ path: 'data' }), { dataDirectory: folder, cacheDirectory: folder }).classes).toBe(2);
    vi.spyOn(process, 'cwd').mockReturnValue(folder);
    expect(datasetFacts(completed({ path: 'data' }), { cacheDirectory: folder }).classes).toBe(2);
    vi.restoreAllMocks();
    expect(() => datasetFacts(completed({ path: '../data' }), { dataDirectory: join(folder, 'copy'), cacheDirectory: folder })).toThrow('there is neither a directory nor an archive at');
  });

  it('come from the options where there is no data', () => {
    const path = 'no/such/folder';
    expect(datasetFacts(completed({ path, classes: 3, size: [4, 6] }))).toEqual({ shape: { channels: 3, height: 4, width: 6 }, classes: 3, classNames: ['0', '1', '2'], trainCount: undefined, testCount: undefined });
    expect(datasetFacts(completed({ path, classes: ['a', 'b'], train_count: 50, test_count: 9, validation: 10 }))).toMatchObject({ classNames: ['a', 'b'], trainCount: 40, testCount: 9 });
    expect(() => datasetFacts(completed({ path }), { dataDirectory: folder, cacheDirectory: folder })).toThrow(`there is neither a directory nor an archive at ${process.cwd()}/${path} or ${folder}/${path}`);
    expect(() => datasetFacts(completed({ path, classes: 3, validation: 5, train_count: 5 }))).toThrow('validation: 5 leaves none');
    expect(() => datasetFacts(completed({ path, classes: 3, normalize: { mean: [1, 2], std: 1 } }))).toThrow('mean has 2 numbers');
  });

  it('agree with what is expected', () => {
    expect(datasetFacts(completed({ classes: 2 })).classNames).toEqual(['cat', 'dog']);
    expect(() => datasetFacts(completed({ classes: 3 }))).toThrow(`${data}: has 2 classes, expected 3`);
    expect(() => datasetFacts(completed({ classes: ['dog', 'cat'] }))).toThrow(`${data}: class 0 is cat, expected dog`);
    expect(() => datasetFacts(completed({ classes: ['cat'] }))).toThrow(`${data}: class 1 is dog, expected no more`);
  });
});

describe('refuses', () => {
  it('files that are no images or damaged, all at once, by name', async () => {
    const place = join(folder, 'bad');
    const noise = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#000', noise: { type: 'gaussian', mean: 128, sigma: 60 } } }).jpeg().toBuffer();
    writeFiles(place, { 'train/a/text.png': 'no picture', 'train/a/empty.jpg': '', 'train/b/cut.jpg': noise.subarray(0, noise.length >> 1), 'train/b/good.jpg': noise, 'test/a/good.jpg': noise });
    const messages = (await refusal(load({ path: place }))).toSorted();
    expect(messages).toEqual([
      `${place}: train/a/empty.jpg: neither PNG nor JPEG, whatever its name says`,
      `${place}: train/a/text.png: neither PNG nor JPEG, whatever its name says`,
      expect.stringContaining(`${place}: train/b/cut.jpg: a JPEG file that cannot be decoded`),
    ]);
    const archive = pack(join(folder, 'bad.tar'), place, 'train', 'test');
    expect((await refusal(load({ path: archive }))).toSorted()[0]).toBe(`${archive}: train/a/empty.jpg: neither PNG nor JPEG, whatever its name says`);
  });

  it('giants', async () => {
    const place = join(folder, 'giant');
    writeFiles(place, { 'train/a/1.png': await picture(red), 'train/b/1.png': '', 'test/a/1.png': await picture(red) });
    truncateSync(join(place, 'train/b/1.png'), 65 << 20);
    expect(await refusal(load({ path: place }))).toEqual([`${join(place, 'train/b/1.png')}: larger than 64 MB`]);
  });

  it('archives that are cut, are none, hold a file twice, a link or a giant', async () => {
    const image = await picture(red);
    const good = ['train/a/1.png', 'train/b/1.png', 'test/a/1.png'].map((path) => ({ path, content: image }));
    const write = (name: string, bytes: Uint8Array): string => {
      writeFileSync(join(folder, name), bytes);
      return join(folder, name);
    };
    const message = async (name: string, bytes: Uint8Array): Promise<string> => (await refusal(load({ path: write(name, bytes) }))).join('\n');
    expect((await load({ path: write('good.tar', tarOf(good)) })).train.count).toBe(2);
    expect(await message('text.tar', Buffer.from('nothing'.repeat(100)))).toContain('text.tar: not a tar archive');
    expect(await message('cut.tar', tarOf(good).subarray(0, 2000))).toContain('cut.tar: it was cut');
    expect(await message('cut.tar.gz', gzipSync(tarOf(good)).subarray(0, 200))).toContain('cut.tar.gz cannot be unpacked');
    expect(await message('twice.tar', tarOf([...good, good[0]]))).toContain('twice.tar: train/a/1.png is in it twice');
    expect(await message('link.tar', tarOf([...good, { path: 'train/a/9.png', type: '2' }]))).toContain('link.tar: train/a/9.png is a link');
    const giant = Buffer.concat([tarOf([{ path: 'train/a/0.png', size: 80 << 20 }]).subarray(0, 512), Buffer.alloc(80 << 20), tarOf(good)]);
    expect(await message('giant.tar', giant)).toBe(`${join(folder, 'giant.tar')}: train/a/0.png: larger than 64 MB`);
    expect(await message('promise.tar', tarOf([{ path: 'train/a/0.png', size: 2 ** 33 - 1 }, ...good]))).toContain('promise.tar: it was cut');
    expect((await load({ path: write('up.tar', tarOf([...good, { path: '../../evil/1.png', content: image }])) })).train.count).toBe(2);
  });

  it('what would not fit into memory, before reading it', async () => {
    vi.spyOn(memory, 'permittedMemoryBytes').mockReturnValue(2_000_000);
    expect(await refusal(load({ size: 1000 }))).toEqual(['5 images of 3×1000×1000 take 15,000,000 bytes (15 MB), this process may use 2.0 MB']);
  });

  it('a folder that links to itself, in the end', async () => {
    const place = join(folder, 'circle');
    writeFiles(place, { 'train/a/1.png': await picture(red), 'train/b/1.png': await picture(red), 'test/a/1.png': await picture(red) });
    symlinkSync('.', join(place, 'train/a/loop'));
    expect((await refusal(load({ path: place })))[0]).toContain('lies too deep');
  });

  it('a directory linked to elsewhere is read', async () => {
    const place = join(folder, 'linked');
    writeFiles(place, { 'train/a/1.png': await picture(red), 'train/b/1.png': await picture(red) });
    symlinkSync(join(data, 'test'), join(place, 'test'));
    expect(await refusal(load({ path: place }))).toEqual([`${place}: test/ has classes that train/ has not: cat, dog`]);
  });
});
