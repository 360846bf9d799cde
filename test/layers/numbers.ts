/** Comparing arrays of numbers, and slopes by finite differences. */

/** Infinity where the lengths differ or something is not finite. */
export function largestDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const distance = Math.abs(a[i] - b[i]);
    if (!Number.isFinite(distance)) return Infinity;
    largest = Math.max(largest, distance);
  }
  return largest;
}

export function largestValue(values: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]));
  return largest;
}

/** Largest difference over the largest expected value, or over 1 where that is smaller. */
export function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  return largestDistance(actual, expected) / Math.max(1, largestValue(expected));
}

/** Largest difference over the largest expected value, however small. What should be zeros must be zeros. */
export function relativeDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  const distance = largestDistance(actual, expected);
  return distance === 0 ? 0 : distance / largestValue(expected);
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
