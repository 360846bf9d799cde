/** `exp config`: the completed experiment in its forms. */
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { run } from './execute.ts';

const folder = mkdtempSync(join(tmpdir(), 'exp-config-command-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('prints what reads back to the same', async () => {
  const first = await run(['config', 'configs/deepconvnet-resnet.yaml']);
  const file = join(folder, 'again.yaml');
  writeFileSync(file, first.stdout);
  const second = await run(['config', file]);
  expect(second).toEqual(first);
  expect(parse(first.stdout)).toMatchObject({ version: 1, name: 'deepconvnet-resnet', blocks: { Basic: { params: { filters: 'required', stride: 1 } } }, train: { schedule: { cosine: {} } } });
});

test('--expand: blocks and repeats are groups, and the network is the same', async () => {
  const { stdout } = await run(['config', 'configs/deepconvnet-vgg.yaml', '--expand']);
  expect(stdout).not.toMatch(/blocks:|repeat:|\$filters/);
  const file = join(folder, 'expanded.yaml');
  writeFileSync(file, stdout);
  const facts = async (name: string): Promise<string> => (await run(['validate', name])).stdout.replace(/^.*?: /, '');
  expect(await facts(file)).toBe(await facts('configs/deepconvnet-vgg.yaml'));
});

test('--explain: every value with its origin', async () => {
  const { stdout } = await run(['config', 'configs/deepconvnet-augmented.yaml', 'train.epochs=3', '--explain']);
  expect(stdout).toContain('epochs: 3 # command line\n');
  expect(stdout).toContain('batch_size: 100 # configs/deepconvnet.yaml:');
  expect(stdout).toContain('degrees: 10 # configs/deepconvnet-augmented.yaml:9\n');
  expect(stdout).toContain('beta1: 0.9 # default\n');
  const unexplained = stdout.split('\n').filter((line) => /: \S/.test(line) && !line.includes(' # ') && !line.startsWith('#'));
  expect(unexplained).toEqual([]);
});

test('--json: data, or a list of values with origins', async () => {
  const data = JSON.parse((await run(['config', 'configs/deepconvnet.yaml', '--json'])).stdout) as { train: unknown };
  expect(data.train).toMatchObject({ epochs: 20, batch_size: 100, optimizer: { adam: { lr: 0.001 } } });
  const list = JSON.parse((await run(['config', 'configs/deepconvnet.yaml', '--json', '--explain', '--set', 'seed=5'])).stdout) as unknown[];
  expect(list).toContainEqual({ path: 'seed', value: 5, from: 'command line' });
});

test('of a wrong file it shows the mistakes', async () => {
  expect(await run(['config', 'test/fixtures/bad/shape-logits-count.yaml'])).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('ends in 9 numbers') as string });
});
