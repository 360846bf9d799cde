/** Warm-up, and what must hold for every schedule; PyTorch is asked in test/oracle. */
import { expect, test } from 'vitest';
import { learningRateFactor, scheduleNamed, schedules } from '../../src/schedules/index.ts';
import { withDefaults } from '../layers/samples.ts';

function factors(type: string, given: Record<string, unknown>, epochs: number, stepsPerEpoch: number): number[] {
  const options = withDefaults(scheduleNamed(type)!, given);
  return Array.from({ length: epochs * stepsPerEpoch }, (_, step) => learningRateFactor({ type, options }, { position: step / stepsPerEpoch, epochs, stepsPerEpoch }));
}

const close = (numbers: readonly number[]): unknown => numbers.map((each): unknown => expect.closeTo(each, 12));

test('warm-up in steps: 1/4, 2/4, 3/4, 4/4, then the schedule', () => {
  expect(factors('constant', { warmup_steps: 4 }, 2, 5)).toEqual(close([0.25, 0.5, 0.75, 1, 1, 1, 1, 1, 1, 1]));
});

test('warm-up in epochs and steps adds up', () => {
  expect(factors('constant', { warmup_epochs: 1, warmup_steps: 1 }, 2, 4)).toEqual(close([0.2, 0.4, 0.6, 0.8, 1, 1, 1, 1]));
});

test('a schedule begins where the warm-up ends, and still ends with training', () => {
  const plain = factors('cosine', {}, 3, 4);
  expect(factors('cosine', { warmup_epochs: 2 }, 5, 4).slice(8)).toEqual(close(plain));
  expect(factors('step', { epochs: [1], warmup_epochs: 1 }, 3, 2)).toEqual(close([0.5, 1, 1, 1, 0.1, 0.1]));
});

test('a drop comes at its step, whatever fraction of an epoch a warm-up step is', () => {
  for (const stepsPerEpoch of [3, 7, 600]) {
    const all = factors('step', { epochs: 1, warmup_steps: 1 }, 3, stepsPerEpoch);
    expect(all.findIndex((factor) => factor < 0.5)).toBe(1 + stepsPerEpoch);
  }
});

test('a warm-up as long as training is linear throughout', () => {
  expect(factors('cosine', { warmup_epochs: 2 }, 2, 2)).toEqual(close([0.25, 0.5, 0.75, 1]));
});

test('one cycle over very few steps', () => {
  for (const steps of [1, 2, 3, 4]) for (const factor of factors('one_cycle', {}, 1, steps)) expect(factor).toBeGreaterThanOrEqual(0);
});

test.each(schedules.map((schedule) => schedule.name))('%s: between 0 and 1, at any length', (type) => {
  const given = type === 'step' ? { epochs: 2 } : {};
  for (const [epochs, stepsPerEpoch] of [[1, 1], [1, 600], [20, 600], [3, 7]]) {
    expect(factors(type, given, epochs, stepsPerEpoch).filter((factor) => !(factor >= 0 && factor <= 1))).toEqual([]);
  }
});
