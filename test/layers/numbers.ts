/** Comparing arrays of numbers, and slopes by finite differences. */

/** Largest difference of two arrays over the largest value of the second (or 1 where that is smaller); Infinity where their lengths differ or something is not finite. */
export function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  let difference = 0, largest = 1;
  for (let i = 0; i < expected.length; i++) {
    const distance = Math.abs(actual[i] - expected[i]);
    if (!Number.isFinite(distance)) return Infinity;
    difference = Math.max(difference, distance);
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  return difference / largest;
}

/** The same over the largest value itself, however small: for gradients. A tensor of zeros must be zeros. */
export function relativeDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  const largest = Array.from(expected).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (largest === 0) return Array.from(actual).every((value) => value === 0) && actual.length === expected.length ? 0 : Infinity;
  return largestDifference(Array.from(actual, (value) => value / largest), Array.from(expected, (value) => value / largest));
}

/** At most about `most` positions, spread over the whole length by a stride that is odd, so that no axis is missed. */
export function positionsIn(length: number, most = 64): number[] {
  const stride = Math.floor(length / most) | 1;
  return Array.from({ length: Math.ceil(length / stride) }, (_, i) => i * stride);
}

/** d f / d values[position], by central differences; `f` reads `values`, which are as before afterwards. */
export function slopes(values: Float64Array, positions: readonly number[], f: () => number, step = 1e-6): number[] {
  return positions.map((i) => {
    const value = values[i];
    values[i] = value + step;
    const above = f();
    values[i] = value - step;
    const below = f();
    values[i] = value;
    return (above - below) / (2 * step);
  });
}

/** How far gradients are from the slopes, at positions spread over the values. */
export function gradientError(gradient: ArrayLike<number>, values: Float64Array, f: () => number): number {
  if (gradient.length !== values.length) return Infinity;
  const positions = positionsIn(values.length);
  return largestDifference(positions.map((i) => gradient[i]), slopes(values, positions, f));
}
