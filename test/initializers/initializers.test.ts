/** Distributions of the initializers; fans and deviations are compared with PyTorch's in test/oracle. */
import { expect, test } from 'vitest';
import { RandomStream, purpose } from '../../src/common/random.ts';
import { initializerNamed, initializers } from '../../src/initializers/index.ts';
import { withDefaults } from '../layers/samples.ts';

function fill(name: string, given: Record<string, unknown>, shape: readonly number[], seed = 1): Float32Array {
  const initializer = initializerNamed(name)!;
  const weights = new Float32Array(shape.reduce((product, size) => product * size, 1));
  const fanIn = weights.length / shape[0];
  initializer.fill(withDefaults(initializer, given), { shape, fanIn, fanOut: shape[0] }, new RandomStream(seed, purpose.weights), weights);
  return weights;
}

const moment = (values: Float32Array, power: number): number => values.reduce((sum, value) => sum + value ** power, 0) / values.length;

test('normal: mean 0, the deviation asked for, and the tails of a normal distribution', () => {
  const weights = fill('normal', { deviation: 0.5 }, [200, 100]);
  expect(Math.abs(moment(weights, 1))).toBeLessThan(0.015); // 4 · 0.5 / √20000
  expect(Math.abs(Math.sqrt(moment(weights, 2)) / 0.5 - 1)).toBeLessThan(0.02); // 4 / √40000
  expect(Math.abs(moment(weights, 4) / moment(weights, 2) ** 2 - 3)).toBeLessThan(0.2); // 4 · √(24 / 20000)
});

test('uniform: within ±√3 deviations, and up to there', () => {
  const weights = fill('he', { distribution: 'uniform' }, [100, 50]);
  const bound = Math.sqrt(6 / 50);
  const largest = weights.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  expect(largest).toBeLessThanOrEqual(Math.fround(bound));
  expect(largest).toBeGreaterThan(0.99 * bound);
});

test.each([[[6, 20]], [[20, 6]], [[8, 3, 3, 3]], [[40, 2, 3, 3]], [[5, 5]]])('orthogonal: the fewer of rows and columns of %o are orthonormal, times the gain', (shape) => {
  const gain = 1.5;
  const weights = fill('orthogonal', { gain }, shape);
  const [rows] = shape, columns = weights.length / rows;
  const at = (vector: number, i: number): number => (rows <= columns ? weights[vector * columns + i] : weights[i * columns + vector]);
  for (let a = 0; a < Math.min(rows, columns); a++) {
    for (let b = 0; b <= a; b++) {
      let product = 0;
      for (let i = 0; i < Math.max(rows, columns); i++) product += at(a, i) * at(b, i);
      expect(Math.abs(product - (a === b ? gain * gain : 0))).toBeLessThan(1e-6); // stored as float32
    }
  }
});

test('zeros', () => {
  expect(fill('zeros', {}, [2, 3])).toEqual(new Float32Array(6));
});

test.each(initializers.map((initializer) => initializer.name))('%s: the same seed, the same weights', (name) => {
  expect(fill(name, {}, [4, 7])).toEqual(fill(name, {}, [4, 7]));
  if (name !== 'zeros') expect(fill(name, {}, [4, 7], 2)).not.toEqual(fill(name, {}, [4, 7]));
});
