/** Decoded images that are kept: read back where nothing has changed, decoded anew where anything has, or the file is damaged. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { decodeSplits } from '../../src/datasets/folder/decoded-cache.ts';
import { layoutOf } from '../../src/datasets/folder/layout.ts';
import { findSource, listFiles } from '../../src/datasets/folder/source.ts';
import { createSplit } from '../../src/datasets/splits.ts';
import { pack, picture, writeFiles } from './pictures.ts';

const folder = mkdtempSync(join(tmpdir(), 'exp-decoded-'));
const data = join(folder, 'data'), cache = join(folder, 'cache');
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(async () => {
  for (const name of ['train/a/1.png', 'train/b/1.png', 'train/b/2.png', 'test/a/1.png', 'test/b/1.png']) writeFiles(data, { [name]: await picture([name.length, name.charCodeAt(6), 7]) });
});
beforeEach(() => rmSync(cache, { recursive: true, force: true }));

/** How the images came, what they are, and what was said. */
async function decode(path = data, size = 4, worthKeeping = 0): Promise<{ from: 'cache' | 'files'; result: unknown; lines: string[] }> {
  const source = findSource(path, {})!;
  const layout = layoutOf({ root: path, files: listFiles(source)!, path: '' });
  const shape = { channels: 3, height: size, width: size };
  const [train, test] = [createSplit(shape, layout.train.length), createSplit(shape, layout.test.length)];
  const lines: string[] = [];
  const hashes = await decodeSplits(
    { source, shape, fit: 'crop', parts: [{ samples: layout.train, into: train }, { samples: layout.test, into: test }] },
    { cacheDirectory: cache, seed: 1, report: (line) => void lines.push(line) }, worthKeeping,
  );
  return { from: lines.some((line) => line.endsWith('images decoded before')) ? 'cache' : 'files', result: { hashes, train, test }, lines };
}

const kept = (): string[] => readdirSync(join(cache, 'decoded'));

it.each([['a directory', () => data], ['an archive', () => pack(join(folder, 'data.tar.gz'), data, 'train', 'test')]])('the images of %s are decoded once', async (_, pathOf) => {
  const path = pathOf();
  const first = await decode(path), second = await decode(path);
  expect([first.from, second.from]).toEqual(['files', 'cache']);
  expect(second.result).toEqual(first.result);
  expect(kept()).toHaveLength(1);
  expect(first.lines).toEqual([`${join(cache, 'decoded', kept()[0])}: the decoded images are kept for the next time (4.4 kB)`]);
});

it('what is decoded fast is not kept', async () => {
  expect([(await decode(data, 4, 60)).from, (await decode(data, 4, 60)).from]).toEqual(['files', 'files']);
});

it('another size, another file, another name or another time are decoded anew', async () => {
  const place = join(folder, 'copy');
  cpSync(data, place, { recursive: true });
  const from = async (size?: number): Promise<string> => (await decode(place, size)).from;
  expect([await from(), await from(8), await from(8)]).toEqual(['files', 'files', 'cache']);
  utimesSync(join(place, 'train/a/1.png'), 1, 1);
  expect([await from(), await from()]).toEqual(['files', 'cache']);
  writeFileSync(join(place, 'train/a/1.png'), await picture([1, 2, 3]));
  utimesSync(join(place, 'train/a/1.png'), 1, 1);
  expect([await from(), await from()]).toEqual(['files', 'cache']);
  cpSync(join(place, 'train/a/1.png'), join(place, 'train/a/2.png'));
  expect([await from(), await from()]).toEqual(['files', 'cache']);
});

it('a file that was damaged or cut, anywhere, is not believed', async () => {
  const first = await decode();
  const path = join(cache, 'decoded', kept()[0]);
  const good = readFileSync(path);
  for (const at of [0, 20, 200, 350, 4000, 4096, 4096 + 144, good.length - 1]) {
    writeFileSync(path, good.map((byte, index) => (index === at ? byte ^ 1 : byte)));
    const again = await decode();
    expect([at, again.from]).toEqual([at, 'files']);
    expect(again.result).toEqual(first.result);
  }
  for (const length of [0, 100, 4096, good.length - 1]) {
    writeFileSync(path, good.subarray(0, length));
    expect([length, (await decode()).from]).toEqual([length, 'files']);
  }
  expect((await decode()).from).toBe('cache');
});

it('the four that were used last are kept', async () => {
  for (const size of [1, 2, 3, 4]) await decode(data, size);
  for (const name of kept()) utimesSync(join(cache, 'decoded', name), 1e9, 1e9);
  expect((await decode(data, 1)).from).toBe('cache'); // used again
  for (const size of [5, 6, 7]) await decode(data, size);
  expect(kept()).toHaveLength(4);
  expect((await decode(data, 1)).from).toBe('cache');
  expect((await decode(data, 2)).from).toBe('files');
});

it('where nothing can be kept, that is said and nothing else', async () => {
  writeFileSync(cache, 'a file where the cache should be');
  const { from, lines } = await decode();
  expect(from).toBe('files');
  expect(lines).toEqual([expect.stringContaining('could not be kept for the next time')]);
});
