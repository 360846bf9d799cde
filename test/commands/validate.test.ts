/** `exp validate`: outcomes, formats, exit codes; and as a whole process, that mistakes never show a stack. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { run } from './execute.ts';

const bad = readdirSync('test/fixtures/bad').filter((name) => name.endsWith('.yaml')).map((name) => `test/fixtures/bad/${name}`);

test('says of every right file what it describes', async () => {
  const { code, stdout, stderr } = await run(['validate', 'configs/deepconvnet.yaml', 'configs/simple-convnet.yaml']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toBe(
    'configs/deepconvnet.yaml: fine (20 layers, 123,552 parameters, 8,772,340 multiply-adds an image)\n' +
    'configs/simple-convnet.yaml: fine (6 layers, 433,890 parameters, 865,000 multiply-adds an image)\n');
});

test('shows mistakes with their line, exits 2, and still tells of the files that are right', async () => {
  const { code, stdout, stderr } = await run(['validate', 'configs/deepconvnet.yaml', 'test/fixtures/bad/unknown-layer.yaml']);
  expect(code).toBe(2);
  expect(stdout).toMatch(/^configs\/deepconvnet.yaml: fine/);
  expect(stderr).toBe(
    'test/fixtures/bad/unknown-layer.yaml:5:7  model.layers[1]: there is no layer "rleu"\n  5 |     - rleu\n    |       ^^^^\n  did you mean relu?\n');
});

test('overrides apply to every file, and their mistakes point into the command line', async () => {
  expect((await run(['validate', 'configs/deepconvnet.yaml', 'model.layers.conv1.filters=32', '--quiet'])).stdout).toBe('');
  const { code, stderr } = await run(['validate', 'configs/deepconvnet.yaml', 'model.layers.conv4.kernel=31', '--set', 'train.epoch=3']);
  expect(code).toBe(2);
  expect(stderr).toContain("command line:1:36  train.epoch: there is no epoch here\n  1 | model.layers.conv4.kernel=31 train.epoch=3\n    |                                    ^^^^^\n  it is called epochs here");
  expect(stderr).toContain('command line:1:27  model.layers[7].conv.kernel: 31×31 does not fit its 18×18 input');
});

test('--json tells of every file', async () => {
  const { code, stdout } = await run(['validate', '--json', 'configs/deepconvnet.yaml', 'test/fixtures/bad/shape-several.yaml']);
  const [first, second] = JSON.parse(stdout) as [unknown, { problems: unknown[] }];
  expect(code).toBe(2);
  expect(first).toEqual({ file: 'configs/deepconvnet.yaml', valid: true, problems: [], layers: 20, parameters: 123552, multiply_adds: 8772340 });
  expect(second).toMatchObject({ valid: false, problems: [{ code: expect.any(String) as string, where: { line: 4, column: 27 } }, {}, {}] });
});

test('without a file it says how to name one', async () => {
  expect(await run(['validate', 'train.epochs=3'])).toMatchObject({ code: 2, stderr: expect.stringContaining('no file is named') as string });
  expect(await run(['validate', 'not-there.yaml'])).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no file not-there.yaml') as string });
  expect(await run(['validate', 'configs'])).toMatchObject({ code: 2, stderr: expect.stringContaining('configs is not a file') as string });
});

test.each(bad)('%s: exit 2, no stack', async (file) => {
  const { code, stdout, stderr } = await run(['validate', file]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^\S+:\d+:\d+ {2}/);
  expect(stderr).not.toMatch(/\n\s+at |internal error|Error:/);
});

describe.skipIf(!existsSync('dist/bin/exp.js'))('as a process', () => {
  const exp = (...argv: string[]) => spawnSync(process.execPath, ['dist/bin/exp.js', ...argv], { encoding: 'utf8' });

  test('all bad files at once', () => {
    const { status, stdout, stderr } = exp('validate', ...bad);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    for (const file of bad) expect(stderr).toContain(`${file}:`);
    expect(stderr).not.toMatch(/\n\s+at |internal error|Error:/);
  });

  test('run refuses what validate refuses', () => {
    const { status, stderr } = exp('run', 'test/fixtures/bad/shape-kernel-after-pools.yaml');
    expect(status).toBe(2);
    expect(stderr).toContain('shape-kernel-after-pools.yaml:11:27');
  });
});
