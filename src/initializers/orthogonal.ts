/**
 * Orthogonal weights: seen as a matrix [outputs, everything else], the rows (or the columns, whichever are fewer) are
 * orthogonal and of length `gain`.
 */
import { number } from '../common/options.ts';
import type { RandomStream } from '../common/random.ts';
import { defineInitializer } from './initializer.ts';

export const orthogonal = defineInitializer({
  name: 'orthogonal',
  summary: 'A random orthogonal matrix: lengths are kept on the way forward and back.',
  source: 'Saxe, McClelland and Ganguli, "Exact solutions to the nonlinear dynamics of learning", ICLR 2014',
  options: { gain: number({ about: 'Length of each row or column; sqrt(2) = 1.4142 suits layers before a ReLU.', default: 1, minimum: 0 }) },
  main: 'gain',
  fill({ gain }, { shape }, random, target) {
    const rows = shape[0];
    const columns = target.length / rows;
    const count = Math.min(rows, columns), length = Math.max(rows, columns);
    const vectors = orthonormal(count, length, random);
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < length; j++) target[rows <= columns ? i * columns + j : j * columns + i] = gain * vectors[i][j];
    }
  },
});

/**
 * `count` orthonormal vectors of `length` numbers (count ≤ length) by Gram and Schmidt from normal ones, whose direction
 * is uniform. Each projection is taken off twice, which keeps them orthogonal to the last bits ("twice is enough": Giraud
 * et al., Numerische Mathematik 101, 2005).
 */
function orthonormal(count: number, length: number, random: RandomStream): Float64Array[] {
  const vectors: Float64Array[] = [];
  for (let i = 0; i < count; i++) {
    const vector = Float64Array.from({ length }, () => random.normal());
    for (let pass = 0; pass < 2; pass++) for (const earlier of vectors) subtractProjection(vector, earlier);
    const norm = Math.sqrt(dot(vector, vector));
    vectors.push(vector.map((value) => value / norm));
  }
  return vectors;
}

function subtractProjection(vector: Float64Array, unit: Float64Array): void {
  const share = dot(vector, unit);
  for (let j = 0; j < vector.length; j++) vector[j] -= share * unit[j];
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += a[j] * b[j];
  return sum;
}
