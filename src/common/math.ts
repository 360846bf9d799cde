/**
 * Elementary functions in float64 from `+ - * /` and `Math.sqrt` alone, so that every JavaScript engine gives the same
 * bits (`Math.exp` and its like differ between versions). Wrong by less than 2 units in the last place in the ranges
 * given with each. Coefficients and reductions: fdlibm 5.3 (Sun Microsystems, 1993) unless another source is named.
 */

const log2High = 6.93147180369123816490e-1; // ln 2 in two parts: the high one has 33 significant bits,
const log2Low = 1.90821492927058770002e-10; // so that whole multiples up to 2^20 of it are exact
const inverseLog2 = 1.44269504088896338700;

/** Bits of a double. A typed array, because a DataView is slower; the order of its words is the machine's. */
const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
const littleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
const highWord = littleEndian ? 1 : 0;
const lowWord = 1 - highWord;

/** 2^k for whole k in [-1022, 1023]. */
function powerOfTwo(k: number): number {
  words[highWord] = (k + 1023) << 20;
  words[lowWord] = 0;
  return double[0];
}

/** e^x. Overflows to Infinity above 709.78, goes to 0 through the subnormals below -708.4. */
export function exp(x: number): number {
  if (x !== x) return x;
  if (x > 709.782712893384) return Infinity;
  if (x < -745.133219101941) return 0;
  // x = k ln 2 + r, |r| <= ln 2 / 2; r = high - low
  const k = Math.floor(x * inverseLog2 + 0.5);
  const high = x - k * log2High, low = k * log2Low;
  const r = high - low;
  const t = r * r;
  const c = r - t * (1.66666666666666019037e-1 + t * (-2.77777777770155933842e-3
    + t * (6.61375632143793436117e-5 + t * (-1.65339022054652515390e-6 + t * 4.13813679705723846039e-8))));
  const y = 1 - ((low - (r * c) / (2 - c)) - high);
  if (k > 1023) return y * 2 * powerOfTwo(k - 1);
  if (k < -1022) return y * powerOfTwo(k + 1000) * powerOfTwo(-1000);
  return y * powerOfTwo(k);
}

/** Natural logarithm: -Infinity at 0, NaN below. */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : NaN;
  if (x === Infinity) return x;
  let k = 0;
  if (x < 2.2250738585072014e-308) {
    k = -54; // subnormal: make it normal first
    x *= 18014398509481984;
  }
  // x = 2^k (1 + f), sqrt(2)/2 < 1 + f < sqrt(2)
  double[0] = x;
  const mantissa = words[highWord] & 0xfffff;
  const above = (mantissa + 0x95f64) & 0x100000; // set where the mantissa is above sqrt(2)
  k += (words[highWord] >>> 20) - 1023 + (above >>> 20);
  words[highWord] = mantissa | (above ^ 0x3ff00000);
  const f = double[0] - 1;
  const s = f / (2 + f), z = s * s;
  const series = z * (6.666666666666735130e-1 + z * (3.999999999940941908e-1 + z * (2.857142874366239149e-1
    + z * (2.222219843214978396e-1 + z * (1.818357216161805012e-1 + z * (1.531383769920937332e-1 + z * 1.479819860511658591e-1))))));
  const half = 0.5 * f * f;
  return k * log2High - ((half - (s * (half + series) + k * log2Low)) - f);
}

/** pi / 2 in three parts of 33 bits and a rest (Cody and Waite): multiples up to 2^20 of a part are exact. */
const halfPi1 = 1.57079632673412561417, halfPi2 = 6.07710050630396597660e-11;
const halfPi3 = 2.02226624871116645580e-21, halfPi3Rest = 8.47842766036889956997e-32;

/** sin of r + tail, |r| <= pi / 4. */
function sinNearZero(r: number, tail: number): number {
  const z = r * r, v = z * r;
  const series = 8.33333333332248946124e-3 + z * (-1.98412698298579493134e-4 + z * (2.75573137070700676789e-6
    + z * (-2.50507602534068634195e-8 + z * 1.58969099521155010221e-10)));
  return r - ((z * (0.5 * tail - v * series) - tail) - v * -1.66666666666666324348e-1);
}

/** cos of r + tail, |r| <= pi / 4. */
function cosNearZero(r: number, tail: number): number {
  const z = r * r;
  const series = z * (4.16666666666666019037e-2 + z * (-1.38888888888741095749e-3 + z * (2.48015872894767294178e-5
    + z * (-2.75573143513906633035e-7 + z * (2.08757232129817482790e-9 + z * -1.13596475577881948265e-11)))));
  const half = 0.5 * z, w = 1 - half;
  return w + ((1 - w - half) + (z * series - r * tail));
}

/** sin(x + quarterTurns pi / 2) for |x| up to 10^6; beyond that the reduction loses digits. */
function sinShifted(x: number, quarterTurns: number): number {
  if (!(Math.abs(x) < Infinity)) return NaN;
  const n = Math.floor(x * 6.36619772367581382433e-1 + 0.5);
  // r + tail = x - n pi / 2, each subtraction's rounding error carried along
  const first = x - n * halfPi1;
  const second = n * halfPi2, middle = first - second;
  const third = n * halfPi3, low = (first - middle - second) - third - n * halfPi3Rest;
  const r = middle + low, tail = middle - r + low;
  switch ((((n + quarterTurns) % 4) + 4) % 4) {
    case 0: return sinNearZero(r, tail);
    case 1: return cosNearZero(r, tail);
    case 2: return -sinNearZero(r, tail);
    default: return -cosNearZero(r, tail);
  }
}

/** Sine of x radians, |x| up to 10^6. */
export function sin(x: number): number {
  return x === 0 ? x : sinShifted(x, 0);
}

/** Cosine of x radians, |x| up to 10^6. */
export function cos(x: number): number {
  return sinShifted(x, 1);
}

/** Hyperbolic tangent. Near zero the rational approximation of Cephes (Moshier, 1995), elsewhere from exp. */
export function tanh(x: number): number {
  const size = Math.abs(x);
  if (size < 0.625) {
    const z = x * x;
    const over = (-9.64399179425052238628e-1 * z - 9.92877231001918586564e1) * z - 1.61468768441708447952e3;
    const under = ((z + 1.12811678491632931402e2) * z + 2.23548839060100448583e3) * z + 4.84406305325125486048e3;
    return x + x * z * (over / under);
  }
  if (size > 22) return x > 0 ? 1 : -1; // 1 - tanh(22) < 2^-62
  const value = 1 - 2 / (exp(2 * size) + 1); // NaN falls through to here
  return x < 0 ? -value : value;
}

/**
 * Error function, 2 / √π times the integral of exp(-t²) from 0 to x, to a relative error of 1e-14: the series
 * 2 / √π exp(-x²) Σ 2ⁿ x²ⁿ⁺¹ / (1 · 3 · ... · (2n + 1)), all of whose terms have one sign (Abramowitz and Stegun, 7.1.6).
 */
export function erf(x: number): number {
  if (Math.abs(x) > 6) return x > 0 ? 1 : -1; // 1 - erf(6) < 2^-55
  const square = x * x;
  let term = x, sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= square / (n + 0.5);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * exp(-square) * sum; // NaN ends the loop at once
}

/**
 * base^exponent for base > 0 (any base where the exponent is whole). Whole exponents up to 2^31 are exact to the last
 * place; fractions f = exponent - round(exponent) add a relative error of about |f ln base| 2^-52.
 */
export function pow(base: number, exponent: number): number {
  const whole = Math.floor(exponent + 0.5), fraction = exponent - whole;
  const power = whole < 0 ? 1 / wholePower(base, -whole) : wholePower(base, whole);
  return fraction === 0 ? power : power * exp(fraction * log(base));
}

/** By repeated squaring in double-double (value = high + low), so that a million factors do not lose the last digits. */
function wholePower(base: number, exponent: number): number {
  let high = 1, low = 0;
  let squareHigh = base, squareLow = 0;
  for (let left = exponent; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) {
      const product = high * squareHigh;
      low = productError(high, squareHigh, product) + (high * squareLow + low * squareHigh);
      high = product;
    }
    const square = squareHigh * squareHigh;
    squareLow = productError(squareHigh, squareHigh, square) + 2 * squareHigh * squareLow;
    squareHigh = square;
  }
  return Number.isFinite(low) ? high + low : high; // the low part overflows first, at 2^996
}

/** a b - product exactly, by splitting each factor into two halves of 26 bits (Dekker, 1971). */
function productError(a: number, b: number, product: number): number {
  const splitter = 134217729; // 2^27 + 1
  const aBig = splitter * a, aHigh = aBig - (aBig - a), aLow = a - aHigh;
  const bBig = splitter * b, bHigh = bBig - (bBig - b), bLow = b - bHigh;
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}
