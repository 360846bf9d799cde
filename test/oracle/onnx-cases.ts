/**
 * The operator cases of the ONNX project that our primitives cover. The cases are not part of this repository: they are looked
 * for in ../shared/cases, beside EXP_DATA_DIR where that is set. Where they must be there (CI=true), their absence fails.
 */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { operators } from './onnx-operators.ts';
import type { OnnxTensor } from './onnx-operators.ts';

/** Of the ONNX project's own backend tests, but for the relative one, which is 1e-3 there. */
const relative = 1e-5, absolute = 1e-6;
/** Cases whose inputs and expectations the ONNX project wrote down with four decimals: a mean of both is within 1e-4. */
const rounded = new Set(['test_averagepool_2d_ceil_last_window_starts_on_pad']);

export interface Case {
  name: string;
  nodes: { op: string; inputs: string[]; outputs: string[]; attributes: Record<string, number | string | number[]> }[];
  inputs: (OnnxTensor & { name: string })[];
  outputs: (OnnxTensor & { name: string })[];
}

const file = resolve(process.env.EXP_DATA_DIR ?? '../shared/datasets', '../cases/onnx-ops.json');
export const present = existsSync(file);
/** None where the file is not there. */
export const cases: readonly Case[] = present ? (JSON.parse(readFileSync(file, 'utf8')) as Case[]) : [];

export function sayWhereAbsent(what: string): void {
  if (!present) process.stderr.write(`SKIPPED: ${what}, which are not at ${file}; set EXP_DATA_DIR\n`);
}

/** The outputs in order, or the reason why there are none. */
export function evaluate({ nodes, inputs, outputs }: Case): ReturnType<(typeof operators)[string]> {
  const [node] = nodes;
  const operator = operators[node.op];
  if (operator === undefined || nodes.length !== 1) return `there is no ${node.op}`;
  const given = node.inputs.map((name) => inputs.find((each) => each.name === name)!);
  return operator(given, node.attributes, outputs);
}

/** What differs from the expected outputs by more than is allowed. */
export function wrongOutputs({ name, outputs }: Case, result: readonly (ArrayLike<number> | undefined)[]): string[] {
  const distance = rounded.has(name) ? 1e-4 : absolute;
  return outputs.flatMap((expected, index) => {
    const actual = result[index];
    // An output that we do not give: every first one is there.
    if (actual === undefined) return index === 0 ? [`${expected.name} is not there`] : [];
    if (actual.length !== expected.data.length) return [`${expected.name} has ${actual.length} values, not ${expected.data.length}`];
    const wrong = expected.data.flatMap((value, i) => (Math.abs(actual[i] - value) <= distance + relative * Math.abs(value) ? [] : [`${expected.name}[${i}]: ${actual[i]}, not ${value}`]));
    return wrong.slice(0, 5);
  });
}
