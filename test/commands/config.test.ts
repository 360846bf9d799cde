/** `exp config`: the completed experiment in its forms. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadExperiment } from '../../src/config/index.ts';
import { datasetFacts } from '../../src/datasets/index.ts';
import { buildNetwork } from '../../src/network/index.ts';
import { run } from './execute.ts';

const folder = mkdtempSync(join(tmpdir(), 'exp-config-command-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

test('prints what reads back to the same', async () => {
  const first = await run(['config', 'configs/deepconvnet-resnet.yaml']);
  const file = join(folder, 'again.yaml');
  writeFileSync(file, first.stdout);
  const second = await run(['config', file]);
  expect(second).toEqual(first);
  expect(parse(first.stdout)).toMatchObject({ version: 1, name: 'deepconvnet-resnet', blocks: { Basic: { params: { filters: 'required', stride: 1 } } }, train: { schedule: { cosine: {} } } });
});

const configurations = readdirSync('configs').filter((name) => name.endsWith('.yaml')).map((name) => `configs/${name}`);

/** All that is built and trained: names, shapes, primitives, parameters, who reads whom, the loss and the heads. */
function networkOf(source: string): unknown {
  const { dataset, model, train } = loadExperiment({ file: source, environment: {} }).experiment;
  const network = buildNetwork(model, train.loss, datasetFacts(dataset));
  return { ...network, layers: network.layers.map(({ place: _, ...layer }) => layer) };
}

describe('--expand writes the network flat', () => {
  test.each(configurations)('%s: it runs again, and is the same network', async (name) => {
    const { stdout } = await run(['config', name, '--expand']);
    const written = file('flat.yaml', stdout);
    expect(networkOf(written)).toEqual(networkOf(name));
    expect((await run(['config', written, '--expand'])).stdout).toBe(stdout);
    const { model } = parse(stdout) as { model: { layers: unknown[]; heads?: Record<string, { layers: unknown[] }> } };
    const lists = [model.layers, ...Object.values(model.heads ?? {}).map(({ layers }) => layers)];
    expect(JSON.stringify(lists)).not.toMatch(/"(group|repeat|residual|branches|layers|body|[A-Z]\w*)":/);
  });

  const model = (layers: string, more = ''): string => file('nested.yaml', `dataset: mnist\nmodel:\n  layers:\n${layers.split('\n').map((line) => `    - ${line}\n`).join('')}${more}`);
  const flat = async (source: string): Promise<string[]> => (await run(['config', source, '--expand'])).stdout.split('\n').map((line) => line.trim()).filter((line) => line.startsWith('- '));

  test('a name stays automatic where it can, `from` is left out where it says nothing', async () => {
    expect(await flat(model('relu\nresidual: [relu]\nadd: [[], [maxpool: { kernel: 1 }]]\ndense: classes'))).toEqual([
      '- relu',
      '- { relu: {}, name: residual1.body.relu1 }',
      '- { add: {}, name: residual1, from: [ residual1.body.relu1, relu1 ] }',
      '- { maxpool: { kernel: 1, padding: 0, ceil: false }, name: add1.branch2.maxpool1 }',
      '- { add: {}, name: add1, from: [ residual1, add1.branch2.maxpool1 ] }',
      '- dense: { units: classes, bias: true }',
    ]);
  });

  test('what is read last need not be what stands last', async () => {
    const source = model('{ dense: classes, name: logits }\n{ relu: , from: input, name: other }\n{ group: [], from: logits }', '  heads: { aux: { from: other, layers: [dense: classes] } }\n');
    expect((await run(['config', source, '--expand'])).stdout).toContain('    - group:\n        layers: []\n      from: logits\n');
    expect(networkOf(file('flat.yaml', (await run(['config', source, '--expand'])).stdout))).toEqual(networkOf(source));
  });

  test('a head that hides what it reads cannot be written flat, and says so', async () => {
    const branches = (name: string): string => `branches: [[{ relu: , name: ${name} }], []]`;
    const withHead = (name: string): string => model(`${branches('one')}\ndense: classes`, `  heads: { aux: { from: branches1.branch1.one, layers: [${branches(name)}, dense: classes] } }\n`);
    const other = withHead('another');
    expect(networkOf(file('flat.yaml', (await run(['config', other, '--expand'])).stdout))).toEqual(networkOf(other));
    const { code, stderr } = await run(['config', withHead('one'), '--expand']);
    expect(code).toBe(2);
    expect(stderr).toContain('the head aux reads branches1.branch1.one of the network behind a layer of its own that is named branches1.branch1.one too: this cannot be written flat');
  });

  test('layers are found by their full names', async () => {
    const { stdout } = await run(['config', 'configs/deepconvnet-resnet.yaml', '--expand']);
    const source = file('flat.yaml', stdout);
    const name = /name: (\S+\.conv1) /.exec(stdout)![1];
    const changed = await run(['config', source, `model.layers.${name}.filters=77`]);
    expect(changed.stdout).toMatch(new RegExp(`filters: 77, .*\\n      name: ${name.replaceAll('.', '\\.')}\\n`));
    expect(await run(['config', source, `model.layers.${name}.filter=77`])).toMatchObject({ code: 2, stderr: expect.stringContaining('did you mean filters?') as string });
  });

  test('--explain: the line of the block that a layer comes from', async () => {
    const { stdout } = await run(['config', 'configs/resnet20-cifar.yaml', '--expand', '--explain']);
    expect(stdout).toMatch(/- conv:\n {8}filters: 16 # configs\/blocks\/resnet\.yaml:\d+ \(\$filters\)\n {8}kernel: 3 # configs\/blocks\/resnet\.yaml:\d+\n/);
    const unexplained = stdout.split('\n').filter((line) => /: \S/.test(line) && !line.includes(' # ') && !line.startsWith('#'));
    expect(unexplained).toEqual([]);
  });
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
