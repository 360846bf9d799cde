/**
 * exp, log, tanh and erf of four floats by range reduction and polynomials, from exact operations only, so that every
 * processor and version gives the same bits. Coefficients: minimax / Cephes single precision (S. Moshier, expf.c, logf.c).
 * Errors: below 2 units in the last place over the normal range.
 */
import { f32x4, i32x4, v128, type Code, type FunctionBuilder, type Local } from '../emitter.ts';

interface Computed { before: Code; value: Code }

/** 2^n · p(r), x = n ln 2 + r, |r| <= ln 2 / 2. Beyond ±87.3 the result stays at the smallest or largest normal value. */
export function emitExponential(f: FunctionBuilder, of: Code): Computed {
  const x = f.local('v128'), n = f.local('v128'), p = f.local('v128'), square = f.local('v128');
  const clamp = f32x4.pmax(f32x4.pmin(of, f32x4.constant(88.3)), f32x4.constant(-87.3));
  const horner = [1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1];
  return {
    before: [
      x.set(clamp),
      n.set(f32x4.nearest(f32x4.mul(x.get(), f32x4.constant(Math.LOG2E)))),
      // ln 2 in two parts, so that n times the first is exact.
      x.set(f32x4.sub(f32x4.sub(x.get(), f32x4.mul(n.get(), f32x4.constant(0.693359375))), f32x4.mul(n.get(), f32x4.constant(-2.12194440e-4)))),
      square.set(f32x4.mul(x.get(), x.get())),
      p.set(f32x4.constant(horner[0])),
      horner.slice(1).map((c) => p.set(f32x4.add(f32x4.mul(p.get(), x.get()), f32x4.constant(c)))),
      p.set(f32x4.add(f32x4.add(f32x4.mul(p.get(), square.get()), x.get()), f32x4.constant(1))),
      n.set(i32x4.shl(i32x4.add(i32x4.truncate(n.get()), i32x4.constant(127)), 23)),
    ],
    value: f32x4.mul(p.get(), n.get()),
  };
}

/** x = 2^e · m, m in [sqrt(1/2), sqrt(2)); log m by a polynomial in m - 1. For positive normal x; 0 and below give about -87.3. */
export function emitLogarithm(f: FunctionBuilder, of: Code): Computed {
  const x = f.local('v128'), e = f.local('v128'), small = f.local('v128'), p = f.local('v128'), square = f.local('v128');
  const horner = [7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1];
  return {
    before: [
      x.set(f32x4.pmax(of, f32x4.constant(1.17549435e-38))),
      e.set(f32x4.convert(i32x4.sub(i32x4.shrU(x.get(), 23), i32x4.constant(126)))),
      x.set(v128.or(v128.and(x.get(), i32x4.constant(0x007fffff)), i32x4.constant(0x3f000000))),
      small.set(f32x4.lt(x.get(), f32x4.constant(Math.SQRT1_2))),
      e.set(f32x4.sub(e.get(), v128.and(small.get(), f32x4.constant(1)))),
      x.set(f32x4.sub(f32x4.add(x.get(), v128.and(small.get(), x.get())), f32x4.constant(1))),
      square.set(f32x4.mul(x.get(), x.get())),
      p.set(f32x4.constant(horner[0])),
      horner.slice(1).map((c) => p.set(f32x4.add(f32x4.mul(p.get(), x.get()), f32x4.constant(c)))),
      p.set(f32x4.mul(f32x4.mul(p.get(), x.get()), square.get())),
      p.set(f32x4.add(p.get(), f32x4.mul(e.get(), f32x4.constant(-2.12194440e-4)))),
      p.set(f32x4.sub(p.get(), f32x4.mul(square.get(), f32x4.constant(0.5)))),
    ],
    value: f32x4.add(f32x4.add(x.get(), p.get()), f32x4.mul(e.get(), f32x4.constant(0.693359375))),
  };
}

/** 1 - 2 / (exp(2 |x|) + 1) with the sign of x; below 0.625 an odd polynomial, which keeps small values exact. */
export function emitTanh(f: FunctionBuilder, of: Code): Computed {
  const x = f.local('v128'), size = f.local('v128'), square = f.local('v128'), p = f.local('v128'), large = f.local('v128');
  const sign = i32x4.constant(-0x80000000);
  const { before, value } = emitExponential(f, f32x4.add(size.get(), size.get()));
  const horner = [-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1];
  return {
    before: [
      x.set(of),
      size.set(v128.andNot(x.get(), sign)),
      before,
      large.set(f32x4.sub(f32x4.constant(1), f32x4.div(f32x4.constant(2), f32x4.add(value, f32x4.constant(1))))),
      large.set(v128.or(large.get(), v128.and(x.get(), sign))),
      square.set(f32x4.mul(x.get(), x.get())),
      p.set(f32x4.constant(horner[0])),
      horner.slice(1).map((c) => p.set(f32x4.add(f32x4.mul(p.get(), square.get()), f32x4.constant(c)))),
      p.set(f32x4.add(f32x4.mul(f32x4.mul(p.get(), square.get()), x.get()), x.get())),
    ],
    value: v128.select(large.get(), p.get(), f32x4.gt(size.get(), f32x4.constant(0.625))),
  };
}

/**
 * 1 - exp(q(|x|)) with the sign of x; below 0.93 an odd polynomial. Coefficients: N. Juffa's erff (minimax, below 1 unit in the
 * last place with fused operations).
 */
export function emitErrorFunction(f: FunctionBuilder, of: Code): Computed {
  const x = f.local('v128'), size = f.local('v128'), square = f.local('v128'), p = f.local('v128'), large = f.local('v128');
  const sign = i32x4.constant(-0x80000000);
  const horner = (variable: Local, coefficients: readonly number[]): Code => [
    p.set(f32x4.constant(coefficients[0])),
    coefficients.slice(1).map((c) => p.set(f32x4.add(f32x4.mul(p.get(), variable.get()), f32x4.constant(c)))),
  ];
  const { before, value } = emitExponential(f, f32x4.sub(f32x4.mul(p.get(), size.get()), size.get()));
  return {
    before: [
      x.set(of),
      // erf(4) is 1 in single precision, and q falls up to there.
      size.set(f32x4.pmin(v128.andNot(x.get(), sign), f32x4.constant(4))),
      horner(size, [-1.72853470e-5, 3.83197126e-4, -3.88396438e-3, 2.42546219e-2, -1.06777877e-1, -6.34846687e-1, -1.28717512e-1]),
      before,
      large.set(v128.or(f32x4.sub(f32x4.constant(1), value), v128.and(x.get(), sign))),
      square.set(f32x4.mul(x.get(), x.get())),
      horner(square, [-5.96761703e-4, 4.99119423e-3, -2.67681349e-2, 1.12819925e-1, -3.76125336e-1, 1.28379166e-1]),
      p.set(f32x4.add(f32x4.mul(p.get(), x.get()), x.get())),
    ],
    value: v128.select(large.get(), p.get(), f32x4.gt(size.get(), f32x4.constant(0.927734375))),
  };
}
