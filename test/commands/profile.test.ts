/** `exp profile`: what it prints. Times differ from machine to machine: what is tested is that they are there, and add up. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadExperiment } from '../../src/config/index.ts';
import { plainExperiment } from '../../src/runs/record.ts';
import { makeRun, temporaryDirectory } from '../runs/sample.ts';
import { run } from './execute.ts';

const folder = mkdtempSync(join(tmpdir(), 'exp-profile-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = join(folder, 'small.yaml');
/** All methods, batch normalisation, blocks with long names. */
const text = `
name: small
dataset: { random: { shape: [3, 16, 16], train_count: 700, test_count: 100, validation: 60 } }
blocks:
  InvertedBottleneck:
    layers:
      - residual:
          body: [{ conv: { filters: 16, kernel: 3, padding: 1, bias: false } }, batchnorm, relu, { depthwise_conv: { padding: 1 } }, { conv: { filters: 16, kernel: 1 } }]
model:
  layers:
    - { conv: { filters: 16, kernel: 3, padding: 1 }, name: stem }
    - relu
    - { repeat: { times: 3, layers: [InvertedBottleneck] }, name: bottlenecks }
    - maxpool: 2
    - dropout: 0.1
    - dense: classes
train: { epochs: 4, batch_size: 20 }
`;
writeFileSync(file, text);

interface Layer { name: string; forward: number; data: number; weights: number; microseconds: number; share: number; methods: string[]; multiply_adds: number; executed: number; gflops: number | null }
interface Data {
  layers: Layer[];
  around: { work: string; microseconds: number; share: number; by_thread: number[] }[];
  kernels: { kernel: string; layer: string; pass: string; microseconds: number }[];
  prediction: { epoch_seconds: number; total_seconds: number; train_count: number };
  images_per_second: number;
  evaluation_images_per_second: number;
}

describe('--json', () => {
  let data: Data;
  let code: number;
  beforeAll(async () => {
    const done = await run(['profile', file, '--steps', '3', '--threads', '2', '--kernels', '--json']);
    code = done.code;
    data = JSON.parse(done.stdout) as Data;
  });

  test('has stable keys', () => {
    expect(code).toBe(0);
    expect(Object.keys(data)).toEqual([
      'name', 'engine', 'threads', 'batch_size', 'steps', 'images_per_second', 'images_per_second_timed', 'evaluation_images_per_second', 'multiply_adds', 'executed',
      'gflops', 'gflops_executed', 'planned_bytes', 'peak_bytes', 'prediction', 'layers', 'around', 'kernels',
    ]);
    expect(Object.keys(data.layers[0])).toEqual(['name', 'type', 'forward', 'data', 'weights', 'microseconds', 'share', 'methods', 'multiply_adds', 'executed', 'gflops', 'gflops_executed']);
    expect(data.around.map(({ work }) => work)).toEqual(['batches', 'loss', 'clear', 'start', 'finish', 'reduce', 'update', 'derive', 'wait']);
    expect(data).toMatchObject({ name: 'small', engine: { name: 'wasm', kernels: expect.stringMatching(/wide|narrow/) }, threads: 2, batch_size: 20, steps: 3 });
  });

  test('shares add up to one, of all and of each thread; passes to their layer', () => {
    const sum = (list: readonly { share: number }[]): number => list.reduce((total, { share }) => total + share, 0);
    expect(sum(data.layers) + sum(data.around)).toBeCloseTo(1, 6);
    for (const { forward, data: toData, weights, microseconds } of data.layers) expect(forward + toData + weights).toBeCloseTo(microseconds, 6);
    for (const { by_thread } of data.around) expect(by_thread).toHaveLength(2);
    for (const thread of [0, 1]) expect(data.around.reduce((total, { by_thread }) => total + by_thread[thread], 0)).toBeLessThan(1);
  });

  test('methods and multiply-adds of the passes', () => {
    const layer = (end: string): Layer => data.layers.find(({ name }) => name.endsWith(end))!;
    // 3 to 16 channels, 3×3, at 16×16: forward and weights; nobody asks for the gradient to the image.
    expect(layer('stem')).toMatchObject({ methods: ['direct'], data: 0, multiply_adds: 2 * 9 * 3 * 16 * 256 });
    expect(layer('body.conv1')).toMatchObject({ methods: ['F(4×4)'], multiply_adds: 3 * 9 * 16 * 16 * 256, executed: (3 * 9 * 16 * 16 * 256) / 4 });
    expect(layer('body.depthwise_conv1')).toMatchObject({ methods: ['depthwise'], multiply_adds: 3 * 9 * 16 * 256 });
    expect(layer('maxpool1')).toMatchObject({ methods: [], gflops: null });
  });

  test('kernels by name, the most expensive first', () => {
    const names = data.kernels.map(({ kernel }) => kernel);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain('stem.weights');
    const times = data.kernels.map(({ microseconds }) => microseconds);
    expect(times).toEqual(times.toSorted((a, b) => b - a));
  });

  test('the prediction is that of its own speeds', () => {
    const epoch = 640 / data.images_per_second + 160 / data.evaluation_images_per_second;
    expect(data.prediction).toEqual({
      train_count: 640, test_count: 100, validation_count: 60, epochs: 4, epoch_seconds: expect.closeTo(epoch, 9), total_seconds: expect.closeTo(4 * epoch, 9),
    });
  });
});

describe('as a table', () => {
  test('keeps to 80 columns; what it did goes to stderr', async () => {
    const columns = 80;
    const before = readdirSync('.');
    const { code, stdout, stderr } = await run(['profile', file, '--steps', '1', '--threads', '2'], { columns });
    expect(code).toBe(0);
    expect(stdout.split('\n').filter((line) => line.length > columns)).toEqual([]);
    expect(stdout).toMatch(/^microseconds an image, in 1 step of 20 images on 2 threads\nlayer +method +forward +data +weights +share +GFLOP\/s +executed\n/);
    expect(stdout).toMatch(/^bottlenecks\.1 +F\(4×4\), +[\d.]+ +[\d.]+ +[\d.]+ +\d+\.\d % +\d+ +\d+$/m);
    expect(stdout).toMatch(/^all layers +[\d.,]+ +[\d.,]+ +[\d.,]+ +\d+\.\d %/m);
    expect(stdout).toMatch(/^waiting +[\d.,]+ +\d+\.\d % +\d+\.\d % +\d+\.\d %$/m);
    expect(stdout).toMatch(/^training {4}[\d,]+ images\/s on 2 threads \([\d,]+ with every call timed\)$/m);
    expect(stdout).toMatch(/^epoch {7}about [\d.]+ s: 640 training images [\d.]+ s, 160 to evaluate [\d.]+ s$/m);
    expect(stdout).toMatch(/^in all {6}about [\d.]+ s for 4 epochs$/m);
    expect(stdout).toMatch(/^memory {6}[\d.]+ [MG]B planned, [\d.]+ [MG]B the process at its peak; the dataset's\s+images\s+take\s+614 kB more$/m);
    expect(stderr).toMatch(/^training .*small\.yaml on noise of 3×16×16\n/);
    expect(readdirSync('.')).toEqual(before);
  });

  test('--depth folds, --quiet says nothing, overrides apply', async () => {
    const { stdout, stderr } = await run(['profile', file, 'train.batch_size=8', '--steps', '1', '--depth', '1', '--quiet', '--threads', '1', '--kernels'], { columns: 120 });
    expect(stdout.split('\n').filter((line) => line.length > 120)).toEqual([]);
    expect(stdout).toMatch(/^bottlenecks \(15\) +F\(4×4\), depthwise, direct /m);
    expect(stdout).toContain('in 1 step of 8 images on 1 thread\n');
    expect(stdout).toMatch(/^kernel +method +time +share$/m);
    expect(stderr).toBe('');
  });

  test('a run', async () => {
    const root = temporaryDirectory();
    const experiment = plainExperiment(loadExperiment({ file }).experiment);
    makeRun(root, 'tiny-001', { experiment });
    const { code, stdout, stderr } = await run(['profile', 'latest', '--out', root, '--steps', '1']);
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('training tiny-001 on noise of 3×16×16') });
    expect(stdout).toMatch(/^epoch {7}about [\d.]+ s: 640 training images/m);
  });

  test('where only the data tells how many images there are, nothing is predicted', async () => {
    const photos = join(folder, 'photos.yaml');
    writeFileSync(photos, text.replace(/^dataset: .*$/m, 'dataset: { image-folder: { path: nowhere, size: 16, classes: 7 } }'));
    expect((await run(['profile', photos, '--steps', '1'])).stdout).toContain('only the data tells how many images there are: it is not here');
  });
});

describe('mistakes', () => {
  test.each([
    [['profile', file, 'model.layers.stem.kernel=60'], /60×60 does not fit/],
    [['profile', file, '--steps', '0'], /--steps/],
    [['profile', 'no-such-run'], /no-such-run/],
  ])('%j', async (argv, message) => {
    const { code, stdout, stderr } = await run(argv);
    expect({ code, stdout, stderr }).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(message) });
  });
});
