/**
 * The layer that CONTRIBUTING.md writes, put into a copy of the project as it says: one file and one line of the list (with its
 * import). Schema, reference page, messages, `exp inspect`, training and the conformance tests then know it.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const [layer, importLine] = [...readFileSync('CONTRIBUTING.md', 'utf8').matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, text]) => text);
const file = /from '\.\/(.*)'/.exec(importLine)![1];
const name = 'thresholded_relu';

let copy: string;

/** Compiles the copy, which also checks the types of what CONTRIBUTING.md writes. */
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'exp-new-layer-'));
  for (const each of ['src', 'test', 'docs', 'package.json', 'tsconfig.json', 'tsconfig.build.json', 'vitest.config.ts']) cpSync(each, join(copy, each), { recursive: true });
  symlinkSync(resolve('node_modules'), join(copy, 'node_modules'));
  writeFileSync(join(copy, 'src/layers', file), layer);
  const index = join(copy, 'src/layers/index.ts');
  const listed = readFileSync(index, 'utf8').replace('import { upsample }', `${importLine}import { upsample }`).replace('  upsample,\n', '  upsample,\n  thresholdedRelu,\n');
  writeFileSync(index, listed);
  writeFileSync(join(copy, 'mine.yaml'), configuration('thresholded_relu: 0.25'));
  const { status, stdout } = node('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json');
  if (status !== 0) throw new Error(stdout);
}, 60_000);
afterAll(() => rmSync(copy, { recursive: true, force: true }));

function configuration(entry: string): string {
  return `dataset: { random: { shape: [2, 7, 6], classes: 3, train_count: 8, test_count: 4 } }
model:
  layers:
    - conv: { filters: 5, kernel: 3 }
    - ${entry}
    - dense: classes
train: { epochs: 1, batch_size: 4 }
`;
}

function node(...argv: string[]): { status: number | null; stdout: string; stderr: string } {
  // The copy's tests read where they are and what they are told, not where this one runs.
  const { VITEST: _, VITEST_POOL_ID: __, VITEST_WORKER_ID: ___, ...env } = process.env;
  return spawnSync(process.execPath, argv, { cwd: copy, encoding: 'utf8', env: { ...env, NO_COLOR: '1' } });
}

const exp = (...argv: string[]): ReturnType<typeof node> => node('dist/bin/exp.js', ...argv);

test('the schema and the reference page have it', () => {
  expect(exp('schema').stdout).toContain(`"${name}"`);
  expect(exp('schema').stdout).toContain('What x must exceed to be passed on.');
  expect(node('--import', import.meta.resolve('tsx'), 'docs/scripts/reference.ts').stderr).toBe('');
  expect(readFileSync(join(copy, 'docs/reference/layers.md'), 'utf8')).toContain(`## ${name}`);
});

test('mistakes with it are found, with a fix', () => {
  const complaint = (entry: string): string => {
    writeFileSync(join(copy, 'wrong.yaml'), configuration(entry));
    return exp('validate', 'wrong.yaml').stderr;
  };
  expect(complaint('thresholded_rel: 1')).toContain(`did you mean ${name}?`);
  expect(complaint('thresholded_relu: { treshold: 1 }')).toContain('did you mean threshold?');
  expect(complaint('thresholded_relu: -1')).toContain('expected a number from 0, found -1');
});

test('it is validated, inspected and trained', () => {
  expect(exp('validate', 'mine.yaml')).toMatchObject({ status: 0, stderr: '', stdout: expect.stringMatching(/fine \(3 layers/) as string });
  const { layers } = JSON.parse(exp('inspect', 'mine.yaml', '--json').stdout) as { layers: unknown[] };
  expect(layers[1]).toMatchObject({ name: `${name}1`, type: name, shape: [5, 5, 4], parameters: 0 });
  expect(exp('config', 'mine.yaml').stdout).toContain('- thresholded_relu: { threshold: 0.25 }');
  expect(exp('run', 'mine.yaml', '--out', 'runs', '--quiet')).toMatchObject({ status: 0, stderr: '' });
  expect(JSON.parse(readFileSync(join(copy, 'runs/mine-001/summary.json'), 'utf8'))).toMatchObject({ last: { step: 2 } });
});

test('its gradient is that of finite differences, and the engine computes what the reference does', () => {
  const { stdout, status } = node('node_modules/vitest/vitest.mjs', 'run', '--project', 'quick', '--reporter', 'verbose', '-t', name, 'test/layers', 'test/engines/conformance.test.ts');
  const passed = stdout.split('\n').filter((line) => line.includes('✓') && line.includes(name));
  expect({ status, files: ['gradients', 'catalogue', 'conformance'].filter((each) => !passed.some((line) => line.includes(each))) }, stdout).toEqual({ status: 0, files: [] });
}, 60_000);
