/**
 * The four files of MNIST: what they are called, their SHA-256, where they may lie. Everything returned has been
 * checked. A file of the user's that is not what it should be is an error; one of the cache's is fetched again.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { type Problem, runFailure } from '../common/problem.ts';
import type { LoadContext } from './dataset.ts';
import { createDownloader } from './download.ts';
import { keepInCache, readFirst } from './files.ts';

export type MnistFile = 'train-images' | 'train-labels' | 'test-images' | 'test-labels';
export type MnistFiles = Record<MnistFile, Uint8Array>;

/** `bytes` and `sha256` are of the unpacked file. */
export const mnistFiles: Readonly<Record<MnistFile, { name: string; bytes: number; sha256: string }>> = {
  'train-images': { name: 'train-images-idx3-ubyte', bytes: 47_040_016, sha256: 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db' },
  'train-labels': { name: 'train-labels-idx1-ubyte', bytes: 60_008, sha256: '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5' },
  'test-images': { name: 't10k-images-idx3-ubyte', bytes: 7_840_016, sha256: '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7' },
  'test-labels': { name: 't10k-labels-idx1-ubyte', bytes: 10_008, sha256: 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2' },
};
const fileNames = Object.keys(mnistFiles) as MnistFile[];

/** From EXP_DATA_DIR, the cache or a mirror, in this order; or the problem that says all that was tried. */
export async function findMnist(mirrors: readonly string[], context: LoadContext): Promise<{ files: MnistFiles; found: string } | { problem: Problem }> {
  const tried: string[] = [];
  for (const folder of context.dataDirectory === undefined ? [] : [join(context.dataDirectory, 'mnist'), context.dataDirectory]) {
    const { files, missing, wrong } = await readFolder(folder);
    if (wrong.length > 0) throw runFailure(wrongFile(wrong[0]));
    if (missing.length === 0) return { files: files as MnistFiles, found: folder };
    tried.push(missing.length === fileNames.length ? `not in ${folder}` : `${folder} has no ${mnistFiles[missing[0]].name}`);
  }
  const cache = join(context.cacheDirectory, 'mnist');
  const { files, missing, wrong } = await readFolder(cache);
  if (missing.length === 0) return { files: files as MnistFiles, found: cache };
  for (const path of wrong) context.report(`${path} is damaged; fetching it again`);
  if (missing.length === fileNames.length) tried.push(`not in ${cache}`);
  const downloaded = await downloadFiles(missing, mirrors, cache, context);
  if ('failures' in downloaded) return { problem: missingData([...tried, ...downloaded.failures]) };
  return { files: { ...files, ...downloaded.files } as MnistFiles, found: cache };
}

/** What a folder holds, under either spelling, packed or not. `wrong`: paths whose content is not MNIST's; those files are missing too. */
async function readFolder(folder: string): Promise<{ files: Partial<MnistFiles>; missing: MnistFile[]; wrong: string[] }> {
  const files: Partial<MnistFiles> = {}, missing: MnistFile[] = [], wrong: string[] = [];
  await Promise.all(fileNames.map(async (file) => {
    const path = await readFirst(namesOf(file).map((name) => join(folder, name)));
    const unpacked = path && await unpackAndCheck(file, path.bytes);
    if (unpacked) files[file] = unpacked;
    else missing.push(file);
    if (path && !unpacked) wrong.push(path.path);
  }));
  return { files, missing: fileNames.filter((file) => missing.includes(file)), wrong };
}

/** `train-images-idx3-ubyte` and `train-images.idx3-ubyte`, the unpacked one first because it is read faster. */
function namesOf(file: MnistFile): string[] {
  const { name } = mnistFiles[file];
  const dotted = name.replace('-idx', '.idx');
  return [name, `${name}.gz`, dotted, `${dotted}.gz`];
}

const unpack = promisify(gunzip);

/** The unpacked bytes where they are, to the last one, the file they should be. */
async function unpackAndCheck(file: MnistFile, bytes: Uint8Array): Promise<Uint8Array | undefined> {
  const { bytes: size, sha256 } = mnistFiles[file];
  const packed = bytes[0] === 0x1f && bytes[1] === 0x8b;
  // The bound keeps a malicious archive from filling the memory; one chunk for all saves a copy of 47 MB.
  const unpacked = packed ? await unpack(bytes, { maxOutputLength: size, chunkSize: size + 64 }).catch(() => undefined) : bytes;
  return unpacked && createHash('sha256').update(unpacked).digest('hex') === sha256 ? unpacked : undefined;
}

/** Each file from the first mirror that has it; checked, then kept in the cache. */
async function downloadFiles(
  files: readonly MnistFile[], mirrors: readonly string[], cache: string, context: LoadContext,
): Promise<{ files: Partial<MnistFiles> } | { failures: string[] }> {
  const downloader = createDownloader(mirrors, context);
  const result: Partial<MnistFiles> = {};
  for (const file of files) {
    const { name, bytes } = mnistFiles[file];
    // Packed is never larger than unpacked by more than a header.
    const found = await downloader.get(`${name}.gz`, bytes + 4096, (content) => unpackAndCheck(file, content));
    if (found === undefined) return { failures: downloader.failures };
    result[file] = found;
    keepInCache(cache, name, found, context);
  }
  return { files: result };
}

function wrongFile(path: string): Problem {
  return {
    code: 'wrong-data',
    message: `${path} is not MNIST's file of this name: its unpacked bytes have another SHA-256`,
    fix: 'it is damaged or another data set; delete it (it will be downloaded), or point EXP_DATA_DIR elsewhere',
  };
}

function missingData(tried: readonly string[]): Problem {
  return {
    code: 'no-data',
    message: `MNIST could not be had: ${tried.join('; ')}`,
    fix: `put ${fileNames.map((file) => `${mnistFiles[file].name}.gz`).join(', ')} into a folder and set EXP_DATA_DIR to it; or write mnist: { offline: synthetic-digits } to train on generated digits instead`,
    path: 'dataset.mnist',
  };
}
