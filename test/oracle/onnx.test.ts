/** The operator cases of the ONNX project, by the float64 reference. */
import { expect, test } from 'vitest';
import { cases, evaluate, present, sayWhereAbsent, wrongOutputs } from './onnx-cases.ts';

sayWhereAbsent('the ONNX operator cases');

test.skipIf(!present && process.env.CI !== 'true')('the cases are there', () => {
  expect(cases.length).toBeGreaterThan(90);
});

const results = cases.map((each) => ({ each, result: evaluate(each) }));

test.each(results.flatMap(({ each, result }) => (typeof result === 'string' ? [] : [[each.name, each, result] as const])))('%s', (_name, each, result) => {
  expect(wrongOutputs(each, result)).toEqual([]);
});

test.skipIf(!present)('what is not covered, and why', () => {
  const uncovered = results.flatMap(({ each, result }) => (typeof result === 'string' ? [[each.name, result]] : []));
  expect(Object.fromEntries(uncovered)).toEqual({ test_add_bcast: 'our joins do not broadcast' });
});
