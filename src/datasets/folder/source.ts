/** Where class folders lie: a directory, or a tar archive (packed with gzip or not); and the files in it, by their names alone. */
import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { isAbsolute, join, resolve, sep } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { runFailure, UserError } from '../../common/problem.ts';
import type { DataLocations } from '../dataset.ts';
import { reading } from '../files.ts';
import { createTarReader } from '../tar.ts';

export interface FolderSource {
  /** Absolute. */
  path: string;
  kind: 'directory' | 'tar' | 'tar.gz';
}

/** Unpacked, as far as it is listed without being unpacked to memory by and by; such archives are better read unpacked anyway. */
const maximumListedBytes = 1 << 30;
/** train/CLASS/FILE below one folder that wraps them all, and a level more, to name what lies too deep. */
const maximumDepth = 5;
const maximumFiles = 20_000_000;

/** Relative paths are looked for in the working directory, then in EXP_DATA_DIR; undefined where there is nothing. */
export function findSource(path: string, { dataDirectory }: Partial<DataLocations>): FolderSource | undefined {
  for (const candidate of candidatesOf(path, dataDirectory)) {
    const found = reading(candidate, () => statSync(candidate, { throwIfNoEntry: false }));
    if (found?.isDirectory()) return { path: candidate, kind: 'directory' };
    if (found?.isFile()) return { path: candidate, kind: reading(candidate, () => isPacked(candidate)) ? 'tar.gz' : 'tar' };
  }
  return undefined;
}

/** The places where `findSource` looks. What is named relative to EXP_DATA_DIR must lie in it. */
export function candidatesOf(path: string, dataDirectory: string | undefined): string[] {
  if (isAbsolute(path)) return [path];
  const inData = dataDirectory === undefined ? undefined : resolve(dataDirectory, path);
  return [resolve(path), ...(inData?.startsWith(resolve(dataDirectory!) + sep) ? [inData] : [])];
}

/** Paths of all files, relative, with slashes, in no order. Undefined: a packed archive that is too large to be listed without reading it whole. */
export function listFiles(source: FolderSource): readonly string[] | undefined {
  if (source.kind === 'directory') return listDirectory(source.path);
  const { size, mtimeMs } = statSync(source.path);
  const key = `${source.path}:${size}:${mtimeMs}`;
  if (lastListing?.key === key) return lastListing.files;
  const files = source.kind === 'tar' ? listTar(source.path, size) : listPacked(source.path);
  lastListing = { key, files };
  return files;
}

/** A configuration is asked for its facts several times, and unpacking takes a while. */
let lastListing: { key: string; files: readonly string[] | undefined } | undefined;

function listDirectory(root: string): string[] {
  const files: string[] = [];
  const visit = (relative: string, depth: number): void => {
    const folder = join(root, relative);
    for (const entry of reading(folder, () => readdirSync(folder, { withFileTypes: true }))) {
      if (entry.name.startsWith('.')) continue;
      const path = relative === '' ? entry.name : `${relative}/${entry.name}`;
      const isFolder = entry.isSymbolicLink() ? statSync(join(root, path), { throwIfNoEntry: false })?.isDirectory() === true : entry.isDirectory();
      if (!isFolder) files.push(path);
      else if (depth < maximumDepth) visit(path, depth + 1);
      if (files.length > maximumFiles) throw new UserError({ code: 'too-many-files', message: `${root} holds more than ${maximumFiles} files`, fix: 'name the folder that holds train/ and test/' });
    }
  };
  visit('', 1);
  return files;
}

/** Reads the headers and passes over what lies between them. */
function listTar(path: string, size: number): string[] {
  const files: string[] = [];
  const reader = createListing(path, files);
  const chunk = new Uint8Array(1 << 16);
  const descriptor = openSync(path, 'r');
  try {
    for (let at = 0; at < size;) {
      const bytes = readSync(descriptor, chunk, 0, chunk.length, at);
      if (bytes === 0) break;
      reader.read(chunk.subarray(0, bytes));
      at += bytes + reader.skip();
    }
  } finally {
    closeSync(descriptor);
  }
  reader.end();
  return files;
}

function listPacked(path: string): string[] | undefined {
  const files: string[] = [];
  const reader = createListing(path, files);
  const content = unpack(path);
  if (!content) return undefined;
  reader.read(content);
  reader.end();
  return files;
}

function unpack(path: string): Uint8Array | undefined {
  try {
    const packed = readFileSync(path);
    // Its last four bytes tell the unpacked size (RFC 1952): one chunk for all saves a copy.
    const told = packed.length < 4 ? 0 : packed.readUInt32LE(packed.length - 4);
    return gunzipSync(packed, { maxOutputLength: maximumListedBytes, chunkSize: Math.max(1 << 16, Math.min(told + 64, maximumListedBytes)) });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') return undefined;
    throw runFailure({ code: 'bad-archive', message: `${path} cannot be unpacked: ${error instanceof Error ? error.message : String(error)}`, fix: 'it is damaged or was cut; get it again' });
  }
}

function createListing(path: string, files: string[]): ReturnType<typeof createTarReader> {
  return createTarReader(path, (file) => {
    files.push(file);
    return false;
  });
}

function isPacked(path: string): boolean {
  const start = new Uint8Array(2);
  const descriptor = openSync(path, 'r');
  try {
    readSync(descriptor, start, 0, 2, 0);
  } finally {
    closeSync(descriptor);
  }
  return start[0] === 0x1f && start[1] === 0x8b;
}
