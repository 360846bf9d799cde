/** `exp inspect`, `exp lint` and `exp diff` on the command line: what they print, and how they exit. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { conv, makeRun, sampleExperiment, temporaryDirectory } from '../runs/sample.ts';
import { run } from './execute.ts';

const folder = mkdtempSync(join(tmpdir(), 'exp-inspect-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const configs = readdirSync('configs').filter((file) => file.endsWith('.yaml')).map((file) => `configs/${file}`);

/** A configuration that there is advice for: 7 images in batches of 3, dropout on the logits. */
function noisyFile(lint = ''): string {
  const file = join(folder, `noisy-${lint.length}.yaml`);
  writeFileSync(file, `dataset: { random: { shape: [1, 8, 8], train_count: 7 } }\nmodel:\n  layers:\n    - global_avgpool\n    - dense: classes\n    - dropout: 0.5\ntrain: { batch_size: 3 }\n${lint}`);
  return file;
}

describe('inspect', () => {
  test('--json has stable keys', async () => {
    const { stdout, code } = await run(['inspect', 'configs/deepconvnet.yaml', '--json']);
    const data = JSON.parse(stdout) as Record<string, unknown> & { layers: Record<string, unknown>[] };
    expect(code).toBe(0);
    expect(Object.keys(data)).toEqual(['name', 'input', 'classes', 'parameters', 'multiply_adds', 'activation_bytes', 'batch_size', 'threads', 'training_bytes', 'layers', 'notes']);
    expect(data).toMatchObject({ input: [1, 28, 28], classes: 10, parameters: 123_552, multiply_adds: 8_772_340, batch_size: 100 });
    // By hand: 3, 5, pool 6 (jump 2), 10, 14, pool 16 (jump 4), 24, 32, pool 36 (jump 8).
    expect(data.layers.find(({ name }) => name === 'maxpool3')).toEqual({
      name: 'maxpool3', type: 'maxpool', inputs: ['relu6'], shape: [64, 4, 4], parameters: 0, multiply_adds: 0, share: 0,
      activation_bytes: 4096, receptive_field: [36, 36], jump: [8, 8], exceeds_input: true,
    });
  });

  test.each(configs)('%s keeps to 80 columns and to a screen', async (file) => {
    const { stdout, code } = await run(['inspect', file], { columns: 80 });
    expect(code).toBe(0);
    const table = stdout.split('\n\n')[0].split('\n');
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(table.length).toBeLessThan(60);
    expect(stdout).toMatch(/^parameters +[\d,]+ /m);
  });

  test('all 174 layers of ResNet-50 at 80 columns', async () => {
    const { stdout } = await run(['inspect', 'configs/resnet50.yaml', '--depth', '9'], { columns: 80 });
    expect(stdout.split('\n\n')[0].split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  test('--depth folds', async () => {
    const { stdout } = await run(['inspect', 'configs/googlenet.yaml', '--depth', '1']);
    expect(stdout).toMatch(/^inception4e \(14\) +832×14×14 +868,352 /m);
  });

  test('overrides apply: twice the width, four times the weights', async () => {
    const parameters = async (...overrides: string[]): Promise<number> => {
      const { stdout } = await run(['inspect', 'configs/resnet20-cifar.yaml', ...overrides, '--json']);
      return (JSON.parse(stdout) as { parameters: number }).parameters;
    };
    expect(await parameters()).toBe(269_722);
    expect(await parameters('variables.width=32') / 269_722).toBeCloseTo(4, 1);
    expect(await parameters('variables.depth=9')).toBe(853_018);
  });

  test('--svg writes a picture, --mermaid and --dot print the graph', async () => {
    const svg = join(folder, 'net.svg');
    expect((await run(['inspect', 'configs/deepconvnet-resnet.yaml', '--svg', svg])).stderr).toContain('net.svg shows');
    expect(readFileSync(svg, 'utf8')).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
    expect((await run(['inspect', 'configs/quickstart.yaml', '--mermaid'])).stdout).toMatch(/^flowchart TD\n/);
    expect((await run(['inspect', 'configs/quickstart.yaml', '--dot'])).stdout).toMatch(/^digraph network \{\n/);
    expect(existsSync(svg)).toBe(true);
  });

  test('advice follows the table, and goes where the file says so', async () => {
    expect((await run(['inspect', noisyFile()])).stdout).toContain('dropout-on-logits');
    expect((await run(['inspect', noisyFile('lint: { allow: [dropout-on-logits, batch-remainder] }\n')])).stdout).not.toContain('dropout-on-logits');
  });

  test('mistakes in the file are shown as by validate', async () => {
    const { code, stderr } = await run(['inspect', 'configs/deepconvnet.yaml', 'model.layers.conv3.kernel=60']);
    expect(code).toBe(2);
    expect(stderr).toContain('60×60 does not fit');
  });
});

describe('lint', () => {
  test('names the rule, the line and the numbers', async () => {
    const { stdout, code } = await run(['lint', noisyFile()]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/noisy-0\.yaml:6:7 {2}dropout-on-logits\n/);
    expect(stdout).toContain('7 images in batches of 3 leave 1 image');
  });

  test('--strict exits 3 where something is found, 0 where not', async () => {
    expect((await run(['lint', noisyFile(), '--strict'])).code).toBe(3);
    expect((await run(['lint', noisyFile(), 'train.batch_size=7', '+lint={ allow: [dropout-on-logits] }', '--strict'])).code).toBe(0);
  });

  test('a rule that does not exist cannot be silenced', async () => {
    const { code, stderr } = await run(['lint', noisyFile('lint: { allow: [dropout] }\n')]);
    expect(code).toBe(2);
    expect(stderr).toContain('there is no advice named dropout');
  });

  test('--json', async () => {
    const { stdout } = await run(['lint', noisyFile(), '--json']);
    expect(JSON.parse(stdout)).toMatchObject([{ advice: [{ rule: 'dropout-on-logits', figures: { rate: 0.5 } }, { rule: 'batch-remainder', figures: { rest: 1 } }] }]);
  });

  test('several files, each with its own', async () => {
    const { stdout } = await run(['lint', 'configs/deepconvnet-resnet.yaml', noisyFile()]);
    expect(stdout).toMatch(/^configs\/deepconvnet-resnet\.yaml: nothing to say\n/);
    expect((await run(['lint', 'configs/deepconvnet-resnet.yaml', '--quiet'])).stdout).toBe('');
  });
});

describe('diff', () => {
  test('configurations: settings, figures and layers', async () => {
    const { stdout } = await run(['diff', 'configs/deepconvnet.yaml', 'configs/deepconvnet-vgg.yaml', '--json']);
    const data = JSON.parse(stdout) as { settings: unknown; figures: Record<string, unknown>; layers: Record<string, unknown>[] };
    expect(data.settings).toEqual([{ path: 'train.schedule', before: 'constant', after: 'cosine' }]);
    expect(data.figures['parameters']).toEqual({ before: 123_552, after: 193_434 });
    expect(data.layers.find(({ before }) => before === 'conv4')).toEqual({
      change: 'changed', before: 'conv4', after: 'repeat2.2.Conv1.conv1', type: 'conv', differences: ['padding 2 → 1', 'bias true → false'],
      parameters: -32, multiply_adds: 9 * 32 * 32 * (14 * 14 - 16 * 16), receptive_field: [0, 0],
    });
    expect(data.layers.filter(({ change, type }) => change === 'inserted' && type === 'batchnorm')).toHaveLength(8);
    const changes = data.layers.map(({ parameters }) => Number(parameters)).reduce((a, b) => a + b, 0);
    expect(changes).toBe(193_434 - 123_552);
  });

  test('a file with itself', async () => {
    const { stdout } = await run(['diff', 'configs/quickstart.yaml', 'configs/quickstart.yaml']);
    expect(stdout).toContain('no difference in settings or layers');
  });

  test('the table keeps to 80 columns', async () => {
    const { stdout } = await run(['diff', 'configs/deepconvnet.yaml', 'configs/deepconvnet-resnet.yaml'], { columns: 80 });
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  test('blocks that were put in as a whole are a row each', async () => {
    const { stdout } = await run(['diff', 'configs/resnet18.yaml', 'configs/resnet34.yaml'], { columns: 80 });
    expect(stdout).toMatch(/^\+ {2}repeat1\.2\.Basic1 +7 layers +\+73,984 +\+231 M +59$/m);
    expect(stdout.split('\n').filter((line) => line.startsWith('+'))).toHaveLength(8);
    const back = await run(['diff', 'configs/resnet34.yaml', 'configs/resnet18.yaml', '--md']);
    expect(back.stdout).toContain('| - | repeat4.2.Basic1 | 7 layers | -4,720,640 | -231 M | 899 |');
    expect((await run(['diff', 'configs/resnet18.yaml', 'configs/resnet34.yaml', '--all'])).stdout).toMatch(/^\+ {2}repeat4\.2\.Basic1\.relu1 +relu /m);
  });

  test('runs: metrics, and a layer that was changed, as Markdown', async () => {
    const root = temporaryDirectory();
    const options = { shape: [1, 8, 8], classes: 10, seed: 1, validation: 0, train_count: 95, test_count: 50 };
    const first = sampleExperiment((experiment) => { experiment.dataset.options = options; });
    const second = sampleExperiment((experiment) => {
      experiment.dataset.options = options;
      experiment.model.layers[0] = conv(8);
      experiment.train.optimizer.options['lr'] = 0.01;
    });
    makeRun(root, 'tiny-001', { experiment: first });
    makeRun(root, 'tiny-002', { experiment: second }, { seconds: 41.5 });
    const { stdout, stderr } = await run(['diff', 'tiny-001', 'tiny-002', '--out', root, '--md']);
    expect(stderr).toBe('');
    expect(stdout).toContain('| train.optimizer.adam.lr | 0.001 | 0.01 |\n');
    expect(stdout).toContain('| test/accuracy | 98.00 % | 98.00 % |  |\n');
    expect(stdout).toContain('| seconds | 1:23 | 41.5 s | -50.0 % |\n');
    expect(stdout).toContain('| ~ | conv1 | filters 16 → 8 | -80 |');
  });
});
