/**
 * The operator cases of the ONNX project that our primitives cover. The cases are not part of this repository: they are looked
 * for in ../shared/cases, beside EXP_DATA_DIR where that is set. Where they must be there (CI=true), their absence fails.
 */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { operators } from './onnx-operators.ts';
import type { OnnxTensor } from './onnx-operators.ts';

/** Of the ONNX project's own backend tests, but for the relative one, which is 1e-3 there. */
const relative = 1e-5, absolute = 1e-6;
/** Cases whose inputs and expectations the ONNX project wrote down with four decimals: a mean of both is within 1e-4. */
const rounded = new Set(['test_averagepool_2d_ceil_last_window_starts_on_pad']);

interface Case {
  name: string;
  nodes: { op: string; inputs: string[]; outputs: string[]; attributes: Record<string, number | string | number[]> }[];
  inputs: (OnnxTensor & { name: string })[];
  outputs: (OnnxTensor & { name: string })[];
}

const file = resolve(process.env.EXP_DATA_DIR ?? '../shared/datasets', '../cases/onnx-ops.json');
const present = existsSync(file);
if (!present) process.stderr.write(`SKIPPED: the ONNX operator cases, which are not at ${file}; set EXP_DATA_DIR\n`);
const cases = present ? (JSON.parse(readFileSync(file, 'utf8')) as Case[]) : [];

test.skipIf(!present && process.env.CI !== 'true')('the cases are there', () => {
  expect(cases.length).toBeGreaterThan(90);
});

const results = cases.map((each) => ({ each, result: evaluate(each) }));
const covered = results.filter(({ result }) => typeof result !== 'string');
const uncovered = results.filter(({ result }) => typeof result === 'string');

test.each(covered.map(({ each, result }) => [each.name, each, result] as const))('%s', (name, { outputs }, result) => {
  const distance = rounded.has(name) ? 1e-4 : absolute;
  outputs.forEach((expected, index) => {
    const actual = result[index];
    if (typeof actual !== 'object') return; // an output that we do not give: every first one is there
    expect(actual.length).toBe(expected.data.length);
    const wrong = expected.data.filter((value, i) => !(Math.abs(actual[i] - value) <= distance + relative * Math.abs(value)));
    expect(wrong, expected.name).toEqual([]);
  });
  expect(typeof result[0]).toBe('object');
});

test.skipIf(!present)('what is not covered, and why', () => {
  const reasons: Record<string, number> = {};
  for (const { result } of uncovered) {
    const reason = typeof result === 'string' ? result : 'no reason given';
    reasons[reason] = (reasons[reason] ?? 0) + 1;
  }
  expect(reasons).toMatchInlineSnapshot(`
    {
      "our joins do not broadcast": 1,
    }
  `);
});

/** The outputs in order, or the reason why there are none. */
function evaluate({ nodes, inputs, outputs }: Case): ReturnType<(typeof operators)[string]> {
  const [node] = nodes;
  const operator = operators[node.op];
  if (operator === undefined || nodes.length !== 1) return `there is no ${node.op}`;
  const given = node.inputs.map((name) => inputs.find((each) => each.name === name)!);
  return operator(given, node.attributes, outputs);
}
