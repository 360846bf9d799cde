/** Our elementary functions against the engine's, which are right to within one unit in the last place. */
import { describe, expect, it } from 'vitest';
import { cos, erf, exp, log, pow, sin, tanh } from '../../src/common/math.ts';
import { purpose, RandomStream } from '../../src/common/random.ts';

const float = new Float64Array(1);
const bits = new BigInt64Array(float.buffer);

/** Distance of two doubles of the same sign in units in the last place. */
function ulps(actual: number, expected: number): number {
  if (Object.is(actual, expected) || actual === expected) return 0;
  if (!Number.isFinite(actual) || !Number.isFinite(expected)) return Infinity;
  float[0] = actual;
  const first = bits[0];
  float[0] = expected;
  return Math.abs(Number(first - bits[0]));
}

function worst(f: (x: number) => number, reference: (x: number) => number, low: number, high: number): number {
  const random = new RandomStream(1, purpose.split);
  let largest = 0;
  for (let i = 0; i < 20_000; i++) {
    const x = random.between(low, high);
    largest = Math.max(largest, ulps(f(x), reference(x)));
  }
  return largest;
}

const ranges: [string, (x: number) => number, (x: number) => number, number, number][] = [
  ['exp', exp, Math.exp, -1, 1],
  ['exp', exp, Math.exp, -708, 709],
  ['log', log, Math.log, 1e-3, 2],
  ['log', log, Math.log, 0.9, 1.1],
  ['log', log, Math.log, 1, 1e9],
  ['sin', sin, Math.sin, -4, 4],
  ['sin', sin, Math.sin, -1e5, 1e5],
  ['cos', cos, Math.cos, -4, 4],
  ['cos', cos, Math.cos, -1e5, 1e5],
  ['tanh', tanh, Math.tanh, -0.7, 0.7],
  ['tanh', tanh, Math.tanh, -25, 25],
];

describe('elementary functions', () => {
  for (const [name, f, reference, low, high] of ranges) {
    it(`${name} on [${low}, ${high}] is within 2 units in the last place`, () => {
      expect(worst(f, reference, low, high)).toBeLessThanOrEqual(2);
    });
  }

  it('whole powers are within 2 units in the last place', () => {
    for (const base of [0.1, 0.9, 0.97, 0.99, 0.999, 1.0001, 3, 10]) {
      for (const exponent of [0, 1, 2, 3, 7, 20, 100, 250]) {
        expect(ulps(pow(base, exponent), base ** exponent), `${base} ^ ${exponent}`).toBeLessThanOrEqual(2);
      }
    }
    expect(pow(2, -3)).toBe(0.125);
    expect(pow(-2, 3)).toBe(-8);
    expect(pow(0, 0)).toBe(1);
    expect(pow(0.9, 100_000)).toBe(0);
    expect(pow(10, 400)).toBe(Infinity);
  });

  it('fractional powers are close', () => {
    for (const exponent of [0.5, 1.25, 10.75, -0.3]) expect(pow(0.9, exponent) / 0.9 ** exponent).toBeCloseTo(1, 14);
  });

  it('the error function has the values of the C library', () => {
    const values = [[0.1, 0.1124629160182849], [0.5, 0.5204998778130465], [1, 0.8427007929497149], [2, 0.9953222650189527], [3, 0.9999779095030014], [5, 0.9999999999984626]];
    for (const [x, value] of values) expect([erf(x) / value - 1, erf(-x) / value + 1].every((error) => Math.abs(error) < 1e-14), `${x}`).toBe(true);
  });

  it('gives the limits', () => {
    expect([exp(0), exp(1000), exp(-1000), exp(-Infinity), exp(Infinity)]).toEqual([1, Infinity, 0, 0, Infinity]);
    expect(ulps(exp(-740), Math.exp(-740))).toBeLessThanOrEqual(2);
    expect([log(1), log(0), log(Infinity)]).toEqual([0, -Infinity, Infinity]);
    expect(ulps(log(5e-324), Math.log(5e-324))).toBeLessThanOrEqual(2);
    expect([sin(0), cos(0), tanh(0), tanh(100), tanh(-Infinity), erf(0), erf(7), erf(-Infinity)]).toEqual([0, 1, 0, 1, -1, 0, 1, -1]);
    for (const notANumber of [exp(NaN), log(NaN), log(-1), sin(Infinity), cos(NaN), tanh(NaN), erf(NaN)]) expect(notANumber).toBeNaN();
  });

  it('gives the bits that are written here, on any engine', () => {
    const values = [exp(1), log(10), sin(2), cos(2), tanh(0.5), tanh(2), pow(0.999, 1234)];
    expect(values.map((value) => { float[0] = value; return BigInt.asUintN(64, bits[0]).toString(16); })).toMatchInlineSnapshot(`
      [
        "4005bf0a8b14576a",
        "40026bb1bbb55516",
        "3fed18f6ead1b446",
        "bfdaa22657537205",
        "3fdd9353d7568af3",
        "3feed9505e1bc3d4",
        "3fd29edc3254efc2",
      ]
    `);
  });
});
