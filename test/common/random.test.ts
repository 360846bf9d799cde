/** Philox against its authors' known answers, and the streams built on it. */
import { describe, expect, it } from 'vitest';
import { hashName, philox, purpose, RandomStream } from '../../src/common/random.ts';

describe('philox', () => {
  // Random123 1.14, tests/kat_vectors, philox4x32 10: counter, key, result.
  const known: [number[], number[], number[]][] = [
    [[0, 0, 0, 0], [0, 0], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]],
    [[0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]],
    [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1]],
  ];
  for (const [counter, key, result] of known) {
    it(`gives the authors' answer for the counter ${counter.map((word) => word.toString(16)).join(' ')}`, () => {
      const words = new Uint32Array(4);
      philox(counter[0], counter[1], counter[2], counter[3], key[0], key[1], words);
      expect([...words]).toEqual(result);
    });
  }
});

describe('streams', () => {
  it('depend on the key and the position alone', () => {
    const stream = new RandomStream(7, purpose.dropout, 1, 2, 3);
    const first = [stream.word(), stream.normal(), stream.uniform()];
    const moved = new RandomStream(7, purpose.dropout);
    moved.normal(); // leaves a spare value behind, which moving must drop
    moved.moveTo(1, 2, 3);
    expect([moved.word(), moved.normal(), moved.uniform()]).toEqual(first);
  });

  it('differ in every part of the key', () => {
    const firstWords = [
      new RandomStream(7, purpose.dropout), new RandomStream(8, purpose.dropout), new RandomStream(7, purpose.shuffle),
      new RandomStream(7, purpose.dropout, 1), new RandomStream(7, purpose.dropout, 0, 1), new RandomStream(7, purpose.dropout, 0, 0, 1),
    ].map((stream) => stream.word());
    expect(new Set(firstWords).size).toBe(firstWords.length);
  });

  it('are uniform: 100,000 draws in 16 boxes', () => {
    const boxes = Array.from({ length: 16 }, () => 0);
    const stream = new RandomStream(1, purpose.weights);
    for (let i = 0; i < 100_000; i++) boxes[stream.below(16)]++;
    const chiSquared = boxes.reduce((sum, count) => sum + (count - 6250) ** 2 / 6250, 0);
    expect(chiSquared).toBeLessThan(37.7); // 15 degrees of freedom, exceeded once in 1000 seeds; this one is fixed
  });

  it('are normal: mean, deviation, kurtosis', () => {
    const stream = new RandomStream(1, purpose.weights);
    const draws = Array.from({ length: 100_000 }, () => stream.normal());
    const moment = (power: number): number => draws.reduce((sum, each) => sum + each ** power, 0) / draws.length;
    expect(moment(1)).toBeCloseTo(0, 1);
    expect(moment(2)).toBeCloseTo(1, 1);
    expect(moment(4)).toBeCloseTo(3, 0);
  });

  it('names hash to FNV-1a', () => {
    expect(hashName('')).toBe(0x811c9dc5);
    expect(hashName('foobar')).toBe(0xbf9cf968); // Fowler, Noll, Vo: test vectors
  });
});
