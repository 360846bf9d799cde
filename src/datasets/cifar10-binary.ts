/**
 * CIFAR-10 as its authors publish it for C programs (https://www.cs.toronto.edu/~kriz/cifar.html): a packed archive of six
 * files of records, each one byte of label, then 1024 bytes of red, of green and of blue, row by row.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { runFailure } from '../common/problem.ts';
import type { Problem } from '../common/problem.ts';
import type { LoadContext, Split } from './dataset.ts';
import { createDownloader } from './download.ts';
import { keepInCache, readFirst } from './files.ts';
import { createTarReader } from './tar.ts';

export interface Publication {
  name: string;
  bytes: number;
  sha256: string;
}

/**
 * Its authors publish the MD5, c32a1d4ab5d03f1284b67883e8d87530. Everybody could make another file of the same MD5, so the
 * SHA-256 of the file with that MD5 is what is checked.
 */
export const cifar10Archive: Publication = {
  name: 'cifar-10-binary.tar.gz',
  bytes: 170_052_171,
  sha256: 'c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd',
};

const cells = 32 * 32;
const recordBytes = 1 + 3 * cells;
/** Six files of 10,000 records, and a few small ones. */
const maximumUnpackedBytes = 6 * 10_000 * recordBytes + (1 << 20);
const trainFiles = [1, 2, 3, 4, 5].map((number) => `data_batch_${number}.bin`);
const testFile = 'test_batch.bin';

/** The archive from EXP_DATA_DIR, the cache or a mirror; or the problem that says all that was tried. */
export async function findCifar10(mirrors: readonly string[], context: LoadContext, archive: Publication = cifar10Archive): Promise<{ packed: Uint8Array; found: string } | { problem: Problem }> {
  const isRight = (bytes: Uint8Array): boolean => bytes.length === archive.bytes && createHash('sha256').update(bytes).digest('hex') === archive.sha256;
  const folders = context.dataDirectory === undefined ? [] : [join(context.dataDirectory, 'cifar10'), context.dataDirectory];
  const own = await readFirst(folders.map((folder) => join(folder, archive.name)));
  if (own && isRight(own.bytes)) return { packed: own.bytes, found: own.path };
  if (own) throw runFailure(wrongFile(own.path));
  const cache = join(context.cacheDirectory, 'cifar10');
  const inCache = join(cache, archive.name);
  const kept = await readFirst([inCache]);
  if (kept && isRight(kept.bytes)) return { packed: kept.bytes, found: inCache };
  if (kept) context.report(`${kept.path} is damaged; fetching it again`);
  const downloader = createDownloader(mirrors, context);
  const packed = await downloader.get(archive.name, archive.bytes, async (content) => (isRight(content) ? content : undefined));
  if (!packed) return { problem: missingData(archive, [...[...folders, cache].map((folder) => `not in ${folder}`), ...downloader.failures]) };
  keepInCache(cache, archive.name, packed, context);
  return { packed, found: inCache };
}

const unpack = promisify(gunzip);

/** Writes the first images into the splits, as pixels [height, width, channel]. Throws UserError where the archive does not hold as many. */
export async function readCifar10(packed: Uint8Array, train: Split, test: Split): Promise<void> {
  const files = await readMembers(packed);
  let first = 0;
  for (const name of trainFiles) first += writeRecords(files.get(name), name, train, first);
  const count = writeRecords(files.get(testFile), testFile, test, 0);
  if (first < train.count || count < test.count) throw bad(`${first} training and ${count} test images, expected ${train.count} and ${test.count}`);
}

async function readMembers(packed: Uint8Array): Promise<Map<string, Uint8Array>> {
  const content = await unpack(packed, { maxOutputLength: maximumUnpackedBytes, chunkSize: 1 << 22 }).catch((error: unknown) => {
    throw bad(`it cannot be unpacked: ${error instanceof Error ? error.message : String(error)}`);
  });
  const wanted = new Set([...trainFiles, testFile]);
  const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
  const reader = createTarReader(cifar10Archive.name, (path, size) => wanted.has(baseName(path)) && size <= maximumUnpackedBytes);
  const files = new Map(reader.read(content).map(({ path, bytes }) => [baseName(path), bytes]));
  reader.end();
  return files;
}

/** From planes to pixels. Gives the number of records written: no more than the split has room for. */
function writeRecords(bytes: Uint8Array | undefined, name: string, split: Split, first: number): number {
  if (!bytes) throw bad(`there is no ${name} in it`);
  if (bytes.length % recordBytes !== 0) throw bad(`${name} has ${bytes.length} bytes, which are no whole records of ${recordBytes}`);
  const count = Math.min(bytes.length / recordBytes, split.count - first);
  for (let record = 0; record < count; record++) {
    const from = record * recordBytes, to = (first + record) * 3 * cells;
    if (bytes[from] > 9) throw bad(`${name}: label ${bytes[from]} of record ${record}, expected 0 to 9`);
    split.labels[first + record] = bytes[from];
    for (let cell = 0; cell < cells; cell++) {
      for (let channel = 0; channel < 3; channel++) split.pixels[to + 3 * cell + channel] = bytes[from + 1 + channel * cells + cell];
    }
  }
  return count;
}

function bad(message: string): Error {
  return runFailure({ code: 'bad-archive', message: `${cifar10Archive.name}: ${message}`, fix: 'this is not the file it should be; delete it and get it again' });
}

function wrongFile(path: string): Problem {
  return { code: 'wrong-data', message: `${path} is not the file that CIFAR-10's authors publish: it has another SHA-256`, fix: 'it is damaged or was cut; delete it (it will be downloaded), or point EXP_DATA_DIR elsewhere' };
}

function missingData({ name }: Publication, tried: readonly string[]): Problem {
  return {
    code: 'no-data',
    message: `CIFAR-10 could not be had: ${tried.join('; ')}`,
    fix: `put ${name} (https://www.cs.toronto.edu/~kriz/cifar.html) or cifar10-images.tar.gz (train/CLASS/*, test/CLASS/*) into a folder and set EXP_DATA_DIR to it; or write cifar10: { offline: random } to try the network on noise`,
    path: 'dataset.cifar10',
  };
}
