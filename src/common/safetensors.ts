/**
 * Tensors in files, as the safetensors format has them (github.com/huggingface/safetensors): 8 bytes header length
 * (little-endian), a JSON header of `name → { dtype, shape, data_offsets }` and `__metadata__` (strings), then the bytes.
 * Ours are F32, row-major, and sealed: the metadata hold a SHA-256 of every tensor and one of the header itself, so that
 * any flipped bit is found. Files of others are read without a seal; their half, double and whole numbers become F32.
 */
import { createHash } from 'node:crypto';
import type { Tensor, Tensors } from './tensor.ts';

export interface TensorFile {
  tensors: Tensors;
  metadata: Readonly<Record<string, string>>;
  /** True where checksums are present and right. (Wrong ones are refused.) */
  sealed: boolean;
}

/** The file is damaged or not safetensors. The message says what and where, not which file. */
export class TensorFileError extends Error {}

/** As the reference implementation bounds it. */
const largestHeader = 100_000_000;
const checksumsKey = 'sha256';
const sealKey = 'header_sha256';
const emptySeal = '0'.repeat(64);

/** The chunks of a sealed file, in order. The tensors' bytes are not copied. */
export function encodeTensors(tensors: Tensors, metadata: Readonly<Record<string, string>> = {}): Uint8Array[] {
  const checksums: Record<string, string> = {};
  const entries: [string, unknown][] = [];
  const chunks: Uint8Array[] = [];
  let offset = 0;
  for (const [name, { shape, data }] of tensors) {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    checksums[name] = sha256(bytes);
    entries.push([name, { dtype: 'F32', shape, data_offsets: [offset, offset + bytes.length] }]);
    chunks.push(bytes);
    offset += bytes.length;
  }
  const sealedMetadata = { ...metadata, [checksumsKey]: JSON.stringify(checksums), [sealKey]: emptySeal };
  const header = sealHeader(JSON.stringify(Object.fromEntries([['__metadata__', sealedMetadata], ...entries])));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return [length, header, ...chunks];
}

/** The header padded with blanks to 8 bytes (so that the data are aligned), its own hash in place of the zeros. */
function sealHeader(text: string): Buffer {
  const unsealed = Buffer.from(text);
  const padded = Buffer.concat([unsealed, Buffer.alloc((8 - (unsealed.length % 8)) % 8, ' ')]);
  const position = padded.lastIndexOf(`"${sealKey}":"${emptySeal}"`) + sealKey.length + 4;
  padded.write(sha256(padded), position, 'latin1');
  return padded;
}

/** Reads a whole file. Throws TensorFileError for anything that is not a consistent safetensors file. */
export function parseTensors(file: Uint8Array): TensorFile {
  const { header, headerBytes, data } = splitFile(file);
  const metadata = checkMetadata(header['__metadata__']);
  const entries = Object.entries(header).filter(([name]) => name !== '__metadata__').map(([name, entry]) => checkEntry(name, entry));
  checkLayout(entries, data.length);
  const sealed = verifySeal(headerBytes, metadata, entries, data);
  const tensors: Tensors = new Map(entries.map((entry) => [entry.name, readTensor(entry, data)]));
  return { tensors, metadata: withoutSeal(metadata), sealed };
}

/** Only the metadata, from the beginning of a file; for listings. */
export function parseMetadata(file: Uint8Array): Readonly<Record<string, string>> {
  return withoutSeal(checkMetadata(splitFile(file).header['__metadata__']));
}

function splitFile(file: Uint8Array): { header: Record<string, unknown>; headerBytes: Buffer; data: Uint8Array } {
  if (file.length < 8) refuse(`it has ${file.length} bytes, fewer than the 8 of the header's length`);
  const length = Buffer.from(file.buffer, file.byteOffset, 8).readBigUInt64LE();
  if (length > largestHeader) refuse(`its header claims ${length} bytes; at most ${largestHeader} are accepted`);
  const end = 8 + Number(length);
  if (end > file.length) refuse(`its header claims ${length} bytes, but only ${file.length - 8} follow`);
  const headerBytes = Buffer.from(file.buffer, file.byteOffset + 8, Number(length));
  return { header: parseHeader(headerBytes), headerBytes, data: file.subarray(end) };
}

function parseHeader(bytes: Buffer): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    refuse('its header is not JSON');
  }
  return isRecord(header) ? header : refuse('its header is no JSON object');
}

function checkMetadata(value: unknown): Record<string, string> {
  if (value === undefined) return {};
  if (!isRecord(value)) refuse('its __metadata__ is no object');
  const strings: Record<string, string> = {};
  for (const [key, text] of Object.entries(value)) {
    strings[key] = typeof text === 'string' ? text : refuse(`its metadata "${key}" is no string`);
  }
  return strings;
}

interface TensorEntry {
  name: string;
  type: NumberType;
  shape: readonly number[];
  count: number;
  begin: number;
  end: number;
}

function checkEntry(name: string, entry: unknown): TensorEntry {
  if (!isRecord(entry)) refuse(`the entry of tensor ${name} is no object`);
  const { dtype, shape, data_offsets: offsets } = entry;
  const type = typeof dtype === 'string' ? numberTypes.get(dtype) : undefined;
  if (!type) refuse(`tensor ${name} has the type ${String(dtype)}; known are ${[...numberTypes.keys()].join(', ')}`);
  if (!isCounts(shape)) refuse(`the shape of tensor ${name} is no list of whole numbers`);
  if (!isCounts(offsets) || offsets.length !== 2) refuse(`the offsets of tensor ${name} are no two whole numbers`);
  const count = shape.reduce((product, size) => product * size, 1);
  const [begin = 0, end = 0] = offsets;
  if (!Number.isSafeInteger(count) || end - begin !== count * type.bytes) {
    refuse(`tensor ${name} of shape [${shape.join(', ')}] needs ${count * type.bytes} bytes, its offsets span ${end - begin}`);
  }
  return { name, type, shape, count, begin, end };
}

/** The tensors fill the data without gap or overlap. */
function checkLayout(entries: readonly TensorEntry[], bytes: number): void {
  let position = 0;
  for (const { name, begin, end } of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== position) refuse(`tensor ${name} begins at byte ${begin} of the data, ${position} was expected`);
    position = end;
  }
  if (position !== bytes) refuse(`its tensors need ${position} bytes of data, ${bytes} are there`);
}

function verifySeal(headerBytes: Buffer, metadata: Record<string, string>, entries: readonly TensorEntry[], data: Uint8Array): boolean {
  const seal = metadata[sealKey];
  if (seal === undefined) return false;
  const position = headerBytes.indexOf(`"${sealKey}":"${seal}"`) + sealKey.length + 4;
  const unsealed = Buffer.from(headerBytes);
  unsealed.write(emptySeal, position, 'latin1');
  if (sha256(unsealed) !== seal) refuse('its header does not match its checksum');
  const checksums: unknown = JSON.parse(metadata[checksumsKey] ?? '{}');
  for (const { name, begin, end } of entries) {
    if (!isRecord(checksums) || checksums[name] !== sha256(data.subarray(begin, end))) refuse(`tensor ${name} does not match its checksum`);
  }
  return true;
}

function withoutSeal(metadata: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).filter(([key]) => key !== sealKey && key !== checksumsKey));
}

function readTensor({ type, shape, count, begin, end }: TensorEntry, file: Uint8Array): Tensor {
  const bytes = new Uint8Array(file.subarray(begin, end)); // a copy begins at offset 0 of its buffer, hence is aligned
  if (type === float32) return { shape, data: new Float32Array(bytes.buffer, bytes.byteOffset, count) };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return { shape, data: Float32Array.from({ length: count }, (_, index) => type.read(view, index * type.bytes)) };
}

interface NumberType {
  bytes: number;
  read(view: DataView, offset: number): number;
}

const float32: NumberType = { bytes: 4, read: (view, offset) => view.getFloat32(offset, true) };

const numberTypes: ReadonlyMap<string, NumberType> = new Map<string, NumberType>([
  ['F32', float32],
  ['F64', { bytes: 8, read: (view, offset) => view.getFloat64(offset, true) }],
  ['F16', { bytes: 2, read: (view, offset) => halfToNumber(view.getUint16(offset, true)) }],
  ['BF16', { bytes: 2, read: bfloat }],
  ['I64', { bytes: 8, read: (view, offset) => Number(view.getBigInt64(offset, true)) }],
  ['I32', { bytes: 4, read: (view, offset) => view.getInt32(offset, true) }],
  ['U8', { bytes: 1, read: (view, offset) => view.getUint8(offset) }],
]);

/** The upper half of a float32. */
function bfloat(view: DataView, offset: number): number {
  const single = new DataView(new ArrayBuffer(4));
  single.setUint16(2, view.getUint16(offset, true), true);
  return single.getFloat32(0, true);
}

/** IEEE 754 binary16: sign 1, exponent 5 (bias 15), fraction 10. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : (fraction / 1024) * 2 ** -14);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && each >= 0);
}

function refuse(message: string): never {
  throw new TensorFileError(message);
}
