/** Hand values of a step or two; PyTorch is asked in test/oracle. */
import { expect, test } from 'vitest';
import { inputsOf } from '../../src/common/expression.ts';
import { updateParameter } from '../../src/engines/reference/index.ts';
import type { ParameterState } from '../../src/engines/reference/update.ts';
import { optimizerNamed, optimizers } from '../../src/optimizers/index.ts';
import { wholePower } from '../../src/optimizers/terms.ts';
import { withDefaults } from '../layers/samples.ts';

/** One parameter from `p` along gradients, one a step. */
function steps(name: string, given: Record<string, unknown>, p: number, gradients: readonly number[], decays: 0 | 1 = 1): number[] {
  const optimizer = optimizerNamed(name)!;
  const options = withDefaults(optimizer, given);
  let at: ParameterState = { p: Float64Array.of(p), state: Object.fromEntries(optimizer.state(options).map((each) => [each, new Float64Array(1)])) };
  return gradients.map((g, index) => {
    at = updateParameter(optimizer, options, at, [g], { lr: Number(options.lr), step: index + 1, decays });
    return at.p[0];
  });
}

test('sgd', () => {
  expect(steps('sgd', { lr: 0.5 }, 1, [2, -1])).toEqual([0, 0.5]);
});

test('momentum begins with the gradient itself', () => {
  // v: 2, then 0.5 · 2 + 2 = 3
  expect(steps('sgd', { lr: 0.25, momentum: 0.5 }, 1, [2, 2])).toEqual([0.5, -0.25]);
});

test('Nesterov goes along g + momentum · v', () => {
  // v: 2, then 3; directions: 2 + 1 = 3, 2 + 1.5 = 3.5
  expect(steps('sgd', { lr: 0.25, momentum: 0.5, nesterov: true }, 1, [2, 2])).toEqual([0.25, -0.625]);
});

test('adam: the first step has the length of the learning rate', () => {
  for (const gradient of [1e-3, 1, 1e3]) expect(steps('adam', { lr: 0.125 }, 1, [gradient])[0]).toBeCloseTo(0.875, 5);
});

test('weight decay: in the gradient for adam, apart from it for adamw, and only where it applies', () => {
  expect(steps('sgd', { lr: 0.5, weight_decay: 0.5 }, 2, [0])).toEqual([1.5]);
  expect(steps('sgd', { lr: 0.5, weight_decay: 0.5 }, 2, [0], 0)).toEqual([2]);
  expect(steps('adamw', { lr: 0.5, weight_decay: 0.5 }, 2, [0])).toEqual([1.5]);
  expect(steps('adamw', { lr: 0.5, weight_decay: 0.5 }, 2, [0], 0)).toEqual([2]);
  expect(steps('adam', { lr: 0.5, weight_decay: 0.5 }, 2, [0])[0]).toBeCloseTo(1.5, 5);
});

test.each(optimizers.map((optimizer) => [optimizer.name, optimizer] as const))('%s: updates are assigned to p and every state, and read nothing else', (_name, optimizer) => {
  for (const given of [{}, { momentum: 0.9 }, { weight_decay: 0.1 }]) {
    const options = withDefaults(optimizer, given);
    const state = optimizer.state(options);
    const update = optimizer.update(options);
    const scalars = optimizer.scalars(options, { lr: 0.1, step: 3, decays: 1 });
    expect(Object.keys(update).toSorted()).toEqual(['p', ...state].toSorted());
    const known = new Set(['p', 'g', ...state, ...Object.keys(scalars)]);
    for (const expression of Object.values(update)) expect([...inputsOf(expression)].filter((name) => !known.has(name))).toEqual([]);
    expect(Object.values(scalars).every(Number.isFinite)).toBe(true);
  }
});

test('whole powers', () => {
  expect([0, 1, 2, 3, 10, 13].map((exponent) => wholePower(2, exponent))).toEqual([1, 2, 4, 8, 1024, 8192]);
  expect(Math.abs(wholePower(0.999, 1234) / 0.999 ** 1234 - 1)).toBeLessThan(1e-13);
  expect(wholePower(0.9, 1e9)).toBe(0);
});
