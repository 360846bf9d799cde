/**
 * Counter-based randomness: Philox 4×32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3",
 * SC 2011). A stream is a key and a counter; what is drawn depends on the key and the position alone, never on order,
 * threads or interruptions.
 */
import { log } from './math.ts';

const multiplierA = 0xd2511f53;
const multiplierB = 0xcd9e8d57;
const weylA = 0x9e3779b9;
const weylB = 0xbb67ae85;

/** What a stream is for. The numbers are part of every result: never change or reuse one. */
export const purpose = { shuffle: 1, augmentation: 2, dropout: 3, weights: 4, synthetic: 5, split: 6 } as const;
export type Purpose = (typeof purpose)[keyof typeof purpose];

/** High 32 bits of a 32×32-bit product, in 16-bit halves because a double holds 53 bits. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff, aHigh = a >>> 16, bLow = b & 0xffff, bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const middle2 = aLow * bHigh + (middle & 0xffff) + 0;
  return (aHigh * bHigh + Math.floor(middle / 65536) + Math.floor(middle2 / 65536)) >>> 0;
}

/** Ten rounds: counter (4 words) and key (2 words) → 4 words, written to `out`. */
export function philox(c0: number, c1: number, c2: number, c3: number, key0: number, key1: number, out: Uint32Array): void {
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(multiplierA, c0), low0 = Math.imul(multiplierA, c0) >>> 0;
    const high1 = multiplyHigh(multiplierB, c2), low1 = Math.imul(multiplierB, c2) >>> 0;
    c0 = (high1 ^ c1 ^ key0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ key1) >>> 0;
    c3 = low0;
    key0 = (key0 + weylA) >>> 0;
    key1 = (key1 + weylB) >>> 0;
  }
  out[0] = c0; out[1] = c1; out[2] = c2; out[3] = c3;
}

/** Key: (seed, purpose); counter: (draw, a, b, c), where a, b, c say what the draws are for, e.g. epoch, sample, position. */
export class RandomStream {
  private readonly words = new Uint32Array(4);
  private draw = 0;
  private left = 0;
  private spare: number | undefined;

  constructor(
    private readonly seed: number,
    private readonly purposeOf: Purpose,
    private a = 0,
    private b = 0,
    private c = 0,
  ) {}

  /** The same key at another place, from its first draw: for loops that must not allocate a stream each time. */
  moveTo(a: number, b: number, c: number): this {
    this.a = a;
    this.b = b;
    this.c = c;
    this.draw = 0;
    this.left = 0;
    this.spare = undefined;
    return this;
  }

  /** A whole number in [0, 2^32). */
  word(): number {
    if (this.left === 0) {
      philox(this.draw++, this.a >>> 0, this.b >>> 0, this.c >>> 0, this.seed >>> 0, this.purposeOf, this.words);
      this.left = 4;
    }
    return this.words[4 - this.left--];
  }

  /** In [0, 1), 32 bits fine. */
  uniform(): number {
    return this.word() / 4294967296;
  }

  /** In [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /** A whole number in [0, count). */
  below(count: number): number {
    return Math.floor(this.uniform() * count);
  }

  /** Standard normal, by Box and Muller's polar method (Marsaglia, 1964). */
  normal(): number {
    if (this.spare !== undefined) {
      const value = this.spare;
      this.spare = undefined;
      return value;
    }
    for (;;) {
      const u = 2 * this.uniform() - 1, v = 2 * this.uniform() - 1;
      const s = u * u + v * v;
      if (s >= 1 || s === 0) continue;
      const scale = Math.sqrt((-2 * log(s)) / s);
      this.spare = v * scale;
      return u * scale;
    }
  }
}

/** A stable 32-bit number of a name (FNV-1a), to key streams by tensor or layer names. */
export function hashName(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}
