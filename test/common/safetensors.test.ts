import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { encodeTensors, parseMetadata, parseTensors, TensorFileError } from '../../src/common/safetensors.ts';
import type { Tensors } from '../../src/common/tensor.ts';

const tensors: Tensors = new Map([
  ['conv1.weight', { shape: [2, 1, 1, 3], data: new Float32Array([1, -2, 3.5, 4, 5e-20, -0]) }],
  ['conv1.bias', { shape: [2], data: new Float32Array([NaN, Infinity]) }],
  ['empty', { shape: [0, 4], data: new Float32Array(0) }],
  ['scalar', { shape: [], data: new Float32Array([7]) }],
]);

const encode = (of: Tensors, metadata?: Record<string, string>): Buffer => Buffer.concat(encodeTensors(of, metadata));

/** A file with this header and data, without a seal. */
function fileOf(header: unknown, data: Uint8Array = new Uint8Array(0)): Buffer {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
}

describe('a file of ours', () => {
  test('is read as it was written, sealed', () => {
    const read = parseTensors(encode(tensors, { epoch: '3', odd: '"\u2028ü' }));
    expect(read.sealed).toBe(true);
    expect(read.metadata).toEqual({ epoch: '3', odd: '"\u2028ü' });
    expect([...read.tensors.keys()]).toEqual([...tensors.keys()]);
    for (const [name, { shape, data }] of tensors) {
      expect(read.tensors.get(name)!.shape).toEqual(shape);
      expect(Buffer.from(read.tensors.get(name)!.data.buffer)).toEqual(Buffer.from(data.buffer));
    }
  });

  test('has its data aligned to 8 bytes, whatever the metadata', () => {
    for (let length = 0; length < 9; length++) expect(encode(tensors, { m: 'x'.repeat(length) }).readUInt32LE(0) % 8).toBe(0);
  });

  test('gives its metadata without its tensors', () => {
    expect(parseMetadata(encode(tensors, { epoch: '3' }))).toEqual({ epoch: '3' });
  });

  test('every flipped bit is found', () => {
    const small = encode(new Map([['w', { shape: [3], data: new Float32Array([1, 2, 3]) }]]), { exp: '{"step":12}' });
    for (let bit = 0; bit < small.length * 8; bit++) {
      const damaged = Buffer.from(small);
      damaged[bit >> 3] ^= 1 << (bit & 7);
      expect(isLoaded(damaged), `bit ${bit}`).toBe(false);
    }
  });

  test('every truncation and every tail is found', () => {
    const small = encode(tensors);
    for (let length = 0; length < small.length; length++) expect(isLoaded(small.subarray(0, length)), `${length} bytes`).toBe(false);
    expect(isLoaded(Buffer.concat([small, Buffer.from([0])]))).toBe(false);
  });
});

/** Loaded and sealed: what a checkpoint must be. Damage may throw TensorFileError only. */
function isLoaded(file: Buffer): boolean {
  try {
    return parseTensors(file).sealed;
  } catch (error) {
    expect(error).toBeInstanceOf(TensorFileError);
    return false;
  }
}

describe('files of others', () => {
  test('written by Python (safetensors 0.8, torch 2.13): float32, float64, float16, bfloat16, int64, and a transposed tensor', () => {
    const { tensors: read, sealed, metadata } = parseTensors(readFileSync(new URL('fixtures/python.safetensors', import.meta.url)));
    expect(sealed).toBe(false);
    expect(metadata).toEqual({ made_by: 'test/common/fixtures/python.py' });
    const values = Object.fromEntries([...read].map(([name, { shape, data }]) => [name, { shape, data: [...data] }]));
    expect(values).toEqual({
      'conv1.weight': { shape: [2, 1, 1, 3], data: [0, 0.5, 1, 1.5, 2, 2.5] },
      double: { shape: [2], data: [Math.fround(0.1), -2] },
      half: { shape: [6], data: [0.5, -65504, 2 ** -24, Infinity, 0, Math.fround(0.0999755859375)] },
      brain: { shape: [2], data: [1.5, -3.140625] },
      'bn.num_batches_tracked': { shape: [], data: [12] },
    });
  });

  const f32 = (shape: unknown, offsets: unknown): unknown => ({ dtype: 'F32', shape, data_offsets: offsets });
  test.each<[string, Buffer, RegExp]>([
    ['an empty file', Buffer.alloc(0), /0 bytes, fewer than the 8/],
    ['a header longer than the file', Buffer.from([200, 0, 0, 0, 0, 0, 0, 0, 123]), /claims 200 bytes, but only 1 follow/],
    ['a header of 2^63 bytes', Buffer.from([0, 0, 0, 0, 0, 0, 0, 128]), /at most 100000000 are accepted/],
    ['no JSON', fileOf('{"a"'), /not JSON/],
    ['invalid UTF-8', Buffer.concat([Buffer.from([3, 0, 0, 0, 0, 0, 0, 0]), Buffer.from([0x22, 0xff, 0x22])]), /not JSON/],
    ['a list', fileOf([]), /no JSON object/],
    ['metadata that are numbers', fileOf({ __metadata__: { a: 1 } }), /metadata "a" is no string/],
    ['an unknown type', fileOf({ a: { dtype: 'F8', shape: [1], data_offsets: [0, 1] } }, Buffer.alloc(1)), /has the type F8/],
    ['a negative size', fileOf({ a: f32([-1], [0, 4]) }, Buffer.alloc(4)), /no list of whole numbers/],
    ['a size of 1e300', fileOf({ a: f32([1e300], [0, 4]) }, Buffer.alloc(4)), /no list of whole numbers/],
    ['sizes whose product overflows', fileOf({ a: f32([2 ** 40, 2 ** 40], [0, 4]) }, Buffer.alloc(4)), /needs .* bytes, its offsets span 4/],
    ['offsets that do not match the shape', fileOf({ a: f32([2], [0, 4]) }, Buffer.alloc(4)), /needs 8 bytes, its offsets span 4/],
    ['offsets beyond the data', fileOf({ a: f32([1], [0, 4]) }, Buffer.alloc(3)), /need 4 bytes of data, 3 are there/],
    ['offsets backwards', fileOf({ a: f32([1], [4, 0]) }, Buffer.alloc(4)), /its offsets span -4/],
    ['a gap', fileOf({ a: f32([1], [0, 4]), b: f32([1], [8, 12]) }, Buffer.alloc(12)), /b begins at byte 8 of the data, 4 was expected/],
    ['an overlap', fileOf({ a: f32([2], [0, 8]), b: f32([1], [4, 8]) }, Buffer.alloc(8)), /b begins at byte 4 of the data, 8 was expected/],
    ['a hidden tail', fileOf({ a: f32([1], [0, 4]) }, Buffer.alloc(8)), /need 4 bytes of data, 8 are there/],
    ['an entry that is null', fileOf({ a: null }), /entry of tensor a is no object/],
  ])('%s is refused', (_name, file, message) => {
    expect(() => parseTensors(file)).toThrow(TensorFileError);
    expect(() => parseTensors(file)).toThrow(message);
  });

  test('a tensor called __proto__ is a tensor', () => {
    const read = parseTensors(fileOf('{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', Buffer.alloc(4)));
    expect([...read.tensors.keys()]).toEqual(['__proto__']);
  });
});
