/**
 * Decoding tens of thousands of files takes many times as long as reading what came out. So it is kept in the cache, under
 * a key made of everything that decides it: the bytes of an archive, or name, size and times of every file of a directory;
 * which images, in which order, at which size, decoded by which library. What is read back is checked by its hashes.
 */
import { createHash } from 'node:crypto';
import { existsSync, closeSync, createReadStream, openSync, readdirSync, readSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describeBytes } from '../../common/describe.ts';
import { loadSharp } from '../../common/image-codec.ts';
import type { LoadContext, Split } from '../dataset.ts';
import { keepInCache } from '../files.ts';
import { hashOf } from '../splits.ts';
import { decodeFiles } from './decode.ts';
import type { DecodeJob } from './decode.ts';

export interface DecodedHashes {
  names: string;
  content: string;
  /** Of the pixels and labels. */
  train: string;
  test: string;
}

export interface SplitsJob extends DecodeJob {
  parts: readonly [train: DecodeJob['parts'][number], test: DecodeJob['parts'][number]];
}

/** What takes less is not worth a file. */
const worthKeepingSeconds = 2;
const maximumBytes = 2 ** 31;
/** The ones used last; who tries many sizes does not fill the disk. */
const keptFiles = 4;
/** The hashes, padded with blanks. */
const headerBytes = 4096;

/** Fills the splits, from the cache or from the files themselves. */
export async function decodeSplits(job: SplitsJob, context: LoadContext, worthKeeping = worthKeepingSeconds): Promise<DecodedHashes> {
  const folder = join(context.cacheDirectory, 'decoded');
  const name = `${await keyOf(job)}.bin`;
  const [train, test] = job.parts.map(({ into }) => into);
  const before = readDecoded(join(folder, name), train, test);
  if (before) {
    context.report(`${join(folder, name)}: images decoded before`);
    return before;
  }
  const started = performance.now();
  const decoded = await decodeFiles(job, context);
  const hashes = { ...decoded, train: hashOf(train), test: hashOf(test) };
  if ((performance.now() - started) / 1000 >= worthKeeping) keepDecoded(folder, name, { hashes, train, test }, context);
  return hashes;
}

/** Hexadecimal. */
async function keyOf({ source, shape, fit, parts }: SplitsJob): Promise<string> {
  const { versions } = await loadSharp();
  const key = createHash('sha256').update(JSON.stringify({ format: 1, versions, shape, fit, kind: source.kind }));
  for (const { samples } of parts) {
    key.update('\n\n');
    for (const { path, label } of samples) {
      key.update(`${path}\t${label}\n`);
      if (source.kind === 'directory') key.update(timesOf(join(source.path, path)));
    }
  }
  if (source.kind !== 'directory') {
    for await (const chunk of createReadStream(source.path, { highWaterMark: 1 << 20 })) key.update(chunk as Uint8Array);
  }
  return key.digest('hex');
}

/** The time of change cannot be set back as the time of modification can. */
function timesOf(path: string): string {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found ? `${found.size} ${found.mtimeNs} ${found.ctimeNs} ${found.ino}\n` : 'missing\n';
}

/** Undefined where there is no such file, or where it is not what was written. */
function readDecoded(path: string, train: Split, test: Split): DecodedHashes | undefined {
  // Below a path that is no directory, statSync of Node 20 throws whatever it is told.
  if (!existsSync(path) || !statSync(path).isFile()) return undefined;
  try {
    const header = new Uint8Array(headerBytes);
    const hashes = readChunks(path, [header, ...chunksOf(train), ...chunksOf(test)]) ? parseHeader(header) : undefined;
    if (!hashes || hashes.train !== hashOf(train) || hashes.test !== hashOf(test)) return undefined;
    utimesSync(path, new Date(), new Date());
    return hashes;
  } catch {
    return undefined; // as good as not there
  }
}

/** Whether the file held as much. */
function readChunks(path: string, chunks: readonly Uint8Array[]): boolean {
  const descriptor = openSync(path, 'r');
  try {
    return chunks.every((chunk) => readWhole(descriptor, chunk));
  } finally {
    closeSync(descriptor);
  }
}

/** One read gives 2 GiB at most. */
function readWhole(descriptor: number, chunk: Uint8Array): boolean {
  for (let done = 0; done < chunk.length;) {
    const bytes = readSync(descriptor, chunk, done, chunk.length - done, null);
    if (bytes === 0) return false;
    done += bytes;
  }
  return true;
}

/** JSON with a hash of its own. */
function encodeHeader(hashes: DecodedHashes): Uint8Array {
  return Buffer.from(JSON.stringify({ hashes, sum: sumOf(hashes) }).padEnd(headerBytes));
}

function parseHeader(header: Uint8Array): DecodedHashes | undefined {
  const { hashes, sum } = JSON.parse(Buffer.from(header).toString('utf8')) as { hashes: DecodedHashes; sum: string };
  return sum === sumOf(hashes) ? hashes : undefined;
}

const sumOf = (hashes: DecodedHashes): string => createHash('sha256').update(JSON.stringify(hashes)).digest('hex');

function keepDecoded(folder: string, name: string, { hashes, train, test }: { hashes: DecodedHashes; train: Split; test: Split }, context: LoadContext): void {
  const chunks = [encodeHeader(hashes), ...chunksOf(train), ...chunksOf(test)];
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  if (bytes > maximumBytes || !keepInCache(folder, name, chunks, context)) return;
  context.report(`${join(folder, name)}: the decoded images are kept for the next time (${describeBytes(bytes)})`);
  const files = readdirSync(folder).filter((file) => file.endsWith('.bin')).map((file) => join(folder, file));
  const byUse = files.toSorted((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  for (const file of byUse.slice(keptFiles)) rmSync(file, { force: true });
}

function chunksOf({ pixels, labels }: Split): Uint8Array[] {
  return [pixels, new Uint8Array(labels.buffer, labels.byteOffset, labels.byteLength)];
}
