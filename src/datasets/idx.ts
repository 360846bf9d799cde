/**
 * The IDX format of MNIST (http://yann.lecun.com/exdb/mnist/): two zero bytes, the type (8: unsigned byte), the number
 * of dimensions, each dimension as a big-endian 32-bit number, then the values with the last dimension fastest.
 */
import { runFailure } from '../common/problem.ts';

export interface Idx {
  dimensions: readonly number[];
  /** In the memory of the file. */
  values: Uint8Array;
}

/** Reads an IDX file of unsigned bytes with the given number of dimensions. `name` is what errors call it. */
export function parseIdx(bytes: Uint8Array, dimensionCount: number, name: string): Idx {
  const refuse = (message: string): never => {
    throw runFailure({ code: 'bad-idx', message: `${name}: ${message}`, fix: 'this is not the file it should be, or it was cut; delete it and get it again' });
  };
  const headerLength = 4 + 4 * dimensionCount;
  if (bytes.length < headerLength) refuse(`${bytes.length} bytes, an IDX header of ${dimensionCount} dimensions needs ${headerLength}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0), expected = 0x0800 + dimensionCount;
  if (magic !== expected) refuse(`starts with 0x${magic.toString(16).padStart(8, '0')}, expected 0x${expected.toString(16).padStart(8, '0')} (IDX, unsigned bytes, ${dimensionCount} dimensions)`);
  const dimensions = Array.from({ length: dimensionCount }, (_, index) => view.getUint32(4 + 4 * index));
  const size = dimensions.reduce((product, each) => product * each, 1);
  if (bytes.length !== headerLength + size) {
    refuse(`${bytes.length} bytes, but its header promises ${dimensions.join(' × ')} values and so ${headerLength + size} bytes`);
  }
  return { dimensions, values: bytes.subarray(headerLength) };
}

/** Refuses labels that are not below `classes`. */
export function checkLabels(labels: Uint8Array, classes: number, name: string): void {
  const wrong = labels.findIndex((label) => label >= classes);
  if (wrong >= 0) {
    throw runFailure({ code: 'bad-idx', message: `${name}: label ${labels[wrong]} of image ${wrong}, expected 0 to ${classes - 1}`, fix: 'this is not the file it should be; delete it and get it again' });
  }
}
