/** The files of class folders → pixels in memory, several at once. Every file is hashed on the way. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { describeCount } from '../../common/describe.ts';
import { decodeImage, describeDecodeError, imageKind, loadSharp, maximumFileBytes } from '../../common/image-codec.ts';
import type { Fit, Sharp } from '../../common/image-codec.ts';
import { exitCode, runFailure, UserError } from '../../common/problem.ts';
import type { Problem } from '../../common/problem.ts';
import { sizeOf } from '../../common/shape.ts';
import type { Shape } from '../../common/shape.ts';
import type { LoadContext, Split } from '../dataset.ts';
import { unreadable } from '../files.ts';
import { createTarReader } from '../tar.ts';
import type { Sample } from './layout.ts';
import type { FolderSource } from './source.ts';

export interface DecodeJob {
  source: FolderSource;
  shape: Shape;
  fit: Fit;
  /** What goes where: sample i of a list becomes image i of its split. */
  parts: readonly { samples: readonly Sample[]; into: Split }[];
}

/** Enough to keep every thread of Node's pool busy, few enough to hold little in memory. */
const inFlight = 16;
/** Told at once; whoever has more has something else. */
const maximumProblems = 10;

/** One file on its way. */
interface Slot {
  sample: Sample;
  into: Split;
  index: number;
  /** Its place in the list of all. */
  ordinal: number;
}

interface Found {
  slot: Slot;
  read(): Promise<Uint8Array> | Uint8Array;
}

/**
 * Fills the splits. The hashes: `names` of every file's name and size, `content` of the SHA-256 of every file, both in the
 * order of the samples, so that a directory and an archive with the same files agree. Throws UserError naming bad files.
 */
export async function decodeFiles(job: DecodeJob, context: LoadContext): Promise<{ names: string; content: string }> {
  const sharp = await loadSharp();
  const slots = job.parts.flatMap(({ samples, into }) => samples.map((sample, index) => ({ sample, into, index }))).map((slot, ordinal) => ({ ...slot, ordinal }));
  const record = createRecord(slots.length);
  const progress = createProgress(slots.length, context);
  const problems: Problem[] = [];
  const files = job.source.kind === 'directory' ? filesOfDirectory(job.source.path, slots) : filesOfArchive(job.source, slots);

  async function work(): Promise<void> {
    for (;;) {
      const { value, done } = await files.next();
      if (done || problems.length >= maximumProblems) return;
      context.signal?.throwIfAborted();
      try {
        await decodeOne(sharp, job, value, record);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        problems.push(...error.problems);
      }
      progress();
    }
  }

  try {
    await Promise.all(Array.from({ length: inFlight }, work));
  } finally {
    await files.return(undefined);
  }
  if (problems.length > 0) throw new UserError(problems.slice(0, maximumProblems), exitCode.failed);
  return record.hashes(slots);
}

async function decodeOne(sharp: Sharp, { source, shape, fit }: DecodeJob, { slot, read }: Found, record: ContentRecord): Promise<void> {
  const refuse = (reason: string, fix: string): UserError => runFailure({ code: 'bad-image', message: `${source.path}: ${slot.sample.path}: ${reason}`, fix });
  const bytes = await read();
  record.add(slot.ordinal, bytes);
  const kind = imageKind(bytes);
  if (!kind) throw refuse('neither PNG nor JPEG, whatever its name says', 'convert or remove it');
  const { channels, height, width } = shape;
  try {
    const pixels = await decodeImage(sharp, bytes, kind, { channels: channels === 1 ? 1 : 3, resize: { height, width, fit } });
    slot.into.pixels.set(pixels.data, slot.index * sizeOf(shape));
    slot.into.labels[slot.index] = slot.sample.label;
  } catch (error) {
    throw refuse(`a ${kind} file that cannot be decoded (${describeDecodeError(error)})`, 'it is damaged; save it again or remove it');
  }
}

async function* filesOfDirectory(root: string, slots: readonly Slot[]): AsyncGenerator<Found, undefined> {
  for (const slot of slots) yield { slot, read: () => readBounded(join(root, slot.sample.path)) };
}

async function readBounded(path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > maximumFileBytes) throw tooLarge(path);
    return await readFile(path);
  } catch (error) {
    throw error instanceof UserError ? error : unreadable(path, error);
  }
}

function tooLarge(path: string): UserError {
  return runFailure({ code: 'bad-image', message: `${path}: larger than ${maximumFileBytes >> 20} MB`, fix: 'scale it down' });
}

/** In the order of the archive, which is read once. Nothing is taken from it but the files that were listed. */
async function* filesOfArchive({ path, kind }: FolderSource, slots: readonly Slot[]): AsyncGenerator<Found, undefined> {
  const wanted = new Map(slots.map((slot) => [slot.sample.path, slot]));
  const reader = createTarReader(path, (name, size) => {
    if (wanted.has(name) && size > maximumFileBytes) throw tooLarge(`${path}: ${name}`);
    return wanted.has(name);
  });
  for await (const chunk of chunksOf(path, kind)) {
    for (const { path: name, bytes } of reader.read(chunk)) {
      const slot = wanted.get(name);
      if (!slot) throw runFailure({ code: 'bad-archive', message: `${path}: ${name} is in it twice`, fix: 'pack it again' });
      wanted.delete(name);
      yield { slot, read: () => bytes };
    }
  }
  reader.end();
  const [missing] = wanted.keys();
  if (missing !== undefined) throw runFailure({ code: 'bad-archive', message: `${path}: ${missing} was in it and is gone`, fix: 'something changes it; try again' });
  return undefined;
}

async function* chunksOf(path: string, kind: FolderSource['kind']): AsyncGenerator<Uint8Array> {
  const file = createReadStream(path, { highWaterMark: 1 << 18 });
  const unpacked = kind === 'tar.gz' ? file.pipe(createGunzip({ chunkSize: 1 << 18 })) : file;
  file.on('error', (error) => unpacked.destroy(error));
  try {
    for await (const chunk of unpacked) yield chunk as Uint8Array;
  } catch (error) {
    throw runFailure({ code: 'bad-archive', message: `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`, fix: 'it is damaged or was cut; get it again' });
  } finally {
    file.destroy();
  }
}

interface ContentRecord {
  add(ordinal: number, bytes: Uint8Array): void;
  hashes(slots: readonly Slot[]): { names: string; content: string };
}

/** Files come in any order; what is kept of each is its size and its SHA-256. */
function createRecord(count: number): ContentRecord {
  const sizes = new Float64Array(count);
  const digests = new Uint8Array(32 * count);
  return {
    add(ordinal, bytes) {
      sizes[ordinal] = bytes.length;
      digests.set(createHash('sha256').update(bytes).digest(), 32 * ordinal);
    },
    hashes(slots) {
      const names = createHash('sha256');
      for (const { sample, ordinal } of slots) names.update(`${sample.name}\t${sizes[ordinal]}\n`);
      return { names: names.digest('hex'), content: createHash('sha256').update(digests).digest('hex') };
    },
  };
}

/** A line every two seconds: small folders need none. */
function createProgress(total: number, { report }: LoadContext): () => void {
  let done = 0, last = performance.now();
  return () => {
    done++;
    if (performance.now() - last < 2000) return;
    last = performance.now();
    report(`reading images: ${describeCount(done)} of ${describeCount(total)}`);
  };
}
