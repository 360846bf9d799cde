/** Cross-entropy by hand. */
import { expect, test } from 'vitest';
import { lossAndGradient } from '../../src/engines/reference/index.ts';
import { lossNamed } from '../../src/losses/index.ts';

const of = (logits: readonly number[], labels: readonly number[], smoothing: number): ReturnType<typeof lossAndGradient> => {
  const primitive = lossNamed('cross_entropy')!.lower({ label_smoothing: smoothing });
  const classes = logits.length / labels.length;
  return lossAndGradient(primitive, { count: labels.length, shape: { channels: classes, height: 1, width: 1 }, data: Float64Array.from(logits) }, labels);
};

test('equal logits: the logarithm of the number of classes, gradients 1/n and 1/n - 1', () => {
  const { loss, gradient } = of([7, 7, 7, 7], [2], 0);
  expect(loss).toBeCloseTo(Math.log(4), 12);
  [0.25, 0.25, -0.75, 0.25].forEach((expected, label) => expect(gradient.data[label]).toBeCloseTo(expected, 12));
});

test('logits of 1000 overflow nothing', () => {
  const { loss, gradient } = of([1000, 0, 0, 1000], [0, 0], 0);
  expect(loss).toBe(500); // 0 and 1000, their mean
  expect([...gradient.data]).toEqual([0, 0, -0.5, 0.5]);
});

test('smoothing moves its share of the target to all classes', () => {
  // Target 0.8 + 0.1 and 0.1; probabilities 3/4 and 1/4.
  const { loss, gradient } = of([Math.log(3), 0], [0], 0.2);
  expect(loss).toBeCloseTo(-0.9 * Math.log(0.75) - 0.1 * Math.log(0.25), 12);
  expect(gradient.data[0]).toBeCloseTo(0.75 - 0.9, 12);
});
