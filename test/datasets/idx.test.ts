/** IDX files: good ones, and thousands of damaged ones, which may only be refused politely. */
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/common/problem.ts';
import { purpose, RandomStream } from '../../src/common/random.ts';
import { checkLabels, type Idx, parseIdx } from '../../src/datasets/idx.ts';

const images = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6); // 2 images of 1×3

describe('IDX', () => {
  it('gives dimensions and values', () => {
    expect(parseIdx(images, 3, 'x')).toEqual({ dimensions: [2, 1, 3], values: Uint8Array.of(1, 2, 3, 4, 5, 6) });
  });

  it('reads from the middle of a buffer', () => {
    const padded = Uint8Array.of(9, ...images, 9);
    expect(parseIdx(padded.subarray(1, -1), 3, 'x').dimensions).toEqual([2, 1, 3]);
  });

  const broken: [string, Uint8Array, string][] = [
    ['an empty file', new Uint8Array(), 'x: 0 bytes, an IDX header of 3 dimensions needs 16'],
    ['labels in place of images', Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8), 'x: starts with 0x00000801, expected 0x00000803 (IDX, unsigned bytes, 3 dimensions)'],
    ['a file that was cut', images.subarray(0, -1), 'x: 21 bytes, but its header promises 2 × 1 × 3 values and so 22 bytes'],
    ['a file that is too long', Uint8Array.of(...images, 0), 'x: 23 bytes, but its header promises 2 × 1 × 3 values and so 22 bytes'],
    ['dimensions whose product overflows', Uint8Array.of(0, 0, 8, 3, ...new Uint8Array(12).fill(255)), 'x: 16 bytes, but its header promises'],
  ];
  for (const [what, bytes, message] of broken) {
    it(`refuses ${what}`, () => {
      expect(() => parseIdx(bytes, 3, 'x')).toThrow(message);
    });
  }

  it('refuses labels beyond the classes', () => {
    expect(() => checkLabels(Uint8Array.of(0, 9, 10), 10, 'labels')).toThrow('labels: label 10 of image 2, expected 0 to 9');
    checkLabels(Uint8Array.of(0, 9), 10, 'labels');
  });

  it('survives 10,000 mutations: values inside the file, or a UserError', () => {
    const random = new RandomStream(1, purpose.split);
    let refused = 0;
    for (let i = 0; i < 10_000; i++) {
      const mutated = mutate(images, random);
      const idx = parseOrRefuse(mutated);
      if (!idx) refused++;
      // Not one byte beyond the file, and all of what the header promises.
      const end = idx && idx.values.byteOffset + idx.values.length;
      expect(idx && [idx.values.length, end]).toEqual(idx && [idx.dimensions.reduce((a, b) => a * b), mutated.byteOffset + mutated.length]);
    }
    expect(refused).toBeGreaterThan(5000);
  });
});

/** Undefined where it was refused politely; anything else is thrown on. */
function parseOrRefuse(bytes: Uint8Array): Idx | undefined {
  try {
    return parseIdx(bytes, 3, 'x');
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** Flips bits, cuts, or appends. */
function mutate(bytes: Uint8Array, random: RandomStream): Uint8Array {
  const copy = Uint8Array.from([...bytes, ...new Uint8Array(random.below(4))]);
  for (let flips = random.below(4); flips > 0; flips--) copy[random.below(16)] ^= 1 << random.below(8);
  return random.below(3) === 0 ? copy.subarray(0, random.below(copy.length + 1)) : copy;
}
