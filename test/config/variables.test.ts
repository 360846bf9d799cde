/** `variables`: values of the file's own, in layers, in blocks, in arithmetic, from the command line and across files. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { examineExperiment, loadExperiment } from '../../src/config/index.ts';
import type { LayerEntry } from '../../src/config/experiment.ts';

const folder = mkdtempSync(join(tmpdir(), 'exp-variables-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

const wide = write('wide.yaml', `
dataset: { random: { shape: [3, 8, 8] } }
variables: { width: 4, depth: 2, shortcut: auto }
blocks:
  Unit:
    params: { factor: 1 }
    layers: [conv: { filters: $variables.width * $factor, padding: 1 }, residual: { body: [relu], shortcut: $variables.shortcut }]
model:
  layers:
    - conv: { filters: $variables.width, padding: 1 }
    - repeat: { times: $variables.depth, layers: [Unit: { factor: 3 }] }
    - dense: classes
`);

const filtersOf = (layers: readonly LayerEntry[]): unknown[] =>
  layers.flatMap(({ type, options }) => (type === 'group' ? filtersOf(options['layers'] as LayerEntry[]) : type === 'conv' ? [options['filters']] : []));
const load = (file: string, ...overrides: string[]): unknown[] => filtersOf(loadExperiment({ file, overrides, environment: {} }).experiment.model.layers);

test('in layers, in blocks and in arithmetic', () => {
  expect(load(wide)).toEqual([4, 12, 12]);
});

test('from the command line', () => {
  expect(load(wide, 'variables.width=5', 'variables.depth=3')).toEqual([5, 15, 15, 15]);
});

test('a file changes those of the one it extends', () => {
  expect(load(write('deep.yaml', 'extends: wide.yaml\nvariables: { depth: 1 }\n'))).toEqual([4, 12]);
});

test('what was completed gives the same network again', () => {
  const { completedYaml } = loadExperiment({ file: wide, environment: {} });
  expect(load(write('completed.yaml', completedYaml))).toEqual([4, 12, 12]);
});

test('one that does not exist is an error with the nearest name', () => {
  const { problems } = examineExperiment({ file: write('wrong.yaml', 'extends: wide.yaml\nmodel: { layers: [conv: $variables.widht, dense: classes] }\n'), environment: {} });
  expect(problems).toMatchObject([{ code: 'bad-reference', fix: expect.stringContaining('width') as string, where: { line: 2 } }]);
});

test('a file that only has blocks is no experiment, but one may extend it', () => {
  const blocks = write('blocks.yaml', 'blocks:\n  Pair:\n    params: { filters: required }\n    layers: [conv: $filters, relu]\n');
  expect(examineExperiment({ file: blocks, environment: {} }).problems.map(({ code }) => code)).toContain('missing');
  expect(load(write('uses.yaml', 'extends: [wide.yaml, blocks.yaml]\nmodel: { layers: [Pair: 7, dense: classes] }\n'))).toEqual([7]);
});
