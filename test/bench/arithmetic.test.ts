/** What `npm run bench` makes of its samples; nothing here measures anything. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { standings } from '../../bench/comparison.ts';
import type { Comparison } from '../../bench/comparison.ts';
import type { Contender } from '../../bench/contender.ts';
import { executedOf, layerTimes, totalMilliseconds } from '../../bench/layers.ts';
import { parseOptions } from '../../bench/options.ts';
import { describeComparison, describeLayers } from '../../bench/report.ts';
import type { Result } from '../../bench/rounds.ts';
import { median, ratioByRound, spread } from '../../bench/summary.ts';
import { networkNames, writeTask } from '../../bench/task.ts';
import type { Task } from '../../bench/task.ts';
import { countWork, gigaflops } from '../../bench/work.ts';
import type { WorkTime } from '../../src/engines/engine.ts';

describe('samples', () => {
  test('median and spread', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(spread([10, 30, 20])).toEqual({ best: 30, median: 20, worst: 10 });
  });

  test('a ratio is taken in each round, to whoever was fastest in it', () => {
    // Round 1: 30 / max(10, 20); round 2: 30 / max(60, 20).
    expect(ratioByRound([30, 30], [[10, 60], [20, 20]])).toEqual({ best: 1.5, median: 1, worst: 0.5 });
  });

  test('only rounds that all have', () => {
    expect(ratioByRound([30], [[10, 60]])).toEqual({ best: 3, median: 3, worst: 3 });
    expect(ratioByRound([30], [])).toBeUndefined();
    expect(ratioByRound([], [[10]])).toBeUndefined();
  });
});

describe('work', () => {
  test('training is three passes less the gradient to the images', () => {
    const layers = [[[], 0], [[0], 10], [[1], 0], [[2], 100]].map(([inputs, multiplyAdds]) => ({ inputs, multiplyAdds }));
    expect(countWork({ layers: layers as never })).toEqual({ inference: 110, training: 3 * 100 + 2 * 10 });
  });

  test('two operations a multiply-add', () => {
    expect(gigaflops(5e6, 100)).toBe(1);
  });
});

test('layers: kernels of a pass are added, threads averaged, the other program passed over', () => {
  const time = (part: Partial<WorkTime>): WorkTime => ({ program: 'train', layer: 'conv1', pass: 'forward', kernel: '', seconds: [0, 0], ...part });
  const times = [
    time({ program: 'infer', seconds: [9, 9], executed: 1 }),
    time({ seconds: [0.01, 0.03], method: 'F(4×4)', executed: 5 }),
    time({ seconds: [0.02, 0.02] }),
    time({ pass: 'weights', seconds: [0.04, 0.04], method: 'direct', executed: 7 }),
    time({ program: 'around', layer: '', pass: 'wait', seconds: [0, 0.02] }),
  ];
  const layers = layerTimes(times, 'training', 10);
  expect(layers).toEqual([
    { name: 'conv1', method: 'F(4×4), direct', milliseconds: { forward: 4, data: 0, weights: 4 }, executed: 12 },
    { name: '(wait)', method: '', milliseconds: { forward: 1, data: 0, weights: 0 }, executed: 0 },
  ]);
  expect(totalMilliseconds(layers[0])).toBe(8);
  expect(executedOf(layers)).toBe(12);
});

describe('a comparison', () => {
  const result = (name: string, role: Contender['role'], threads: number, speeds: readonly number[], peak?: number): Result => ({
    running: { contender: { name, role, threads, command: '', argv: [], install: '', once: false }, version: 'Node 24.21.0', about: 'as it is', round: () => Promise.reject(new Error('not here')), peakMebibytes: () => undefined, stop: () => {} },
    rounds: speeds.map((speed) => ({ seconds: 1, images: speed, loss: 0.5, calibration: 800, peakGigaflops: peak })),
    peakMebibytes: 1234, warmUp: { seconds: 1, images: 1, loss: 2.345678, calibration: 800 },
  });
  const name = 'stage3.3.Basic1.residual1.body.batchnorm2.of.a.long.name';
  const comparison: Comparison = {
    task: { name: 'resnet20', batch: 128, multiplyAdds: { training: 1e6, inference: 0 } } as Task, work: 'training', steps: 10,
    results: [
      result('exp, Node 24.21.0', 'ours', 1, [20000, 30000], 100), result('exp, Node 24.21.0', 'ours', 2, [40000, 45000], 200),
      result('pytorch-compile', 'rival', 1, [10000, 30000]), result('tensorflow', 'rival', 2, [20000, 15000]), result('onnxruntime', 'other', 2, [1, 90000]),
    ],
    leftOut: [{ name: 'numpy', threads: 1, reason: 'No module named numpy', install: 'pip install numpy' }],
    layers: [{ name, method: 'F(2×2), direct', milliseconds: { forward: 100.25, data: 200.5, weights: 50 }, executed: 250_000 }],
  };

  test('rivals count with as many threads; shares and scaling are taken in each round', () => {
    const [one, two] = standings(comparison);
    expect(one.ratioToRival).toEqual({ best: 2, median: 1.5, worst: 1 });
    expect(two.ratioToRival).toEqual({ best: 3, median: 2.5, worst: 2 });
    expect(two.ratioToItself).toEqual({ threads: 1, best: 2, median: 1.75, worst: 1.5 });
    // 2 · 250,000 · 40,000 = 20 and 22.5 thousand millions, of 200.
    expect(two.gigaflops).toEqual({ direct: 85, executed: 21.25, peak: 200, shareOfPeak: expect.closeTo(0.10625) });
  });

  test('fits 100 columns, and names what is left out and how to get it', () => {
    const text = `${describeComparison(comparison, 'a machine', 2)}\n${describeLayers(comparison)}`;
    expect(text.split('\n').filter((line) => line.length > 100)).toEqual([]);
    expect(text).toContain('left out: numpy: No module named numpy\n  pip install numpy');
    expect(text).toContain('1.75 × (1.50 to 2.00) itself on 1 thread');
  });
});

describe('tasks', () => {
  test.each(networkNames())('%s: what is written is consistent', (name) => {
    const { task, folder } = writeTask(name);
    try {
      const { channels, height, width } = task.input;
      const images = task.batch * task.batches;
      const weights = task.layers.flatMap((layer) => layer.parameters).reduce((sum, each) => sum + each.shape.reduce((a, b) => a * b, 1), 0);
      const bytes = (file: string): number => readFileSync(join(folder, file)).length;
      expect([bytes('weights.bin'), bytes('images.bin'), bytes('labels.bin')]).toEqual([4 * weights, images * channels * height * width, 4 * images]);
      expect(JSON.parse(readFileSync(join(folder, 'task.json'), 'utf8'))).toEqual(task);
      expect(existsSync(task.file)).toBe(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('options', () => {
  test('lists by comma or by repetition', () => {
    const { networks, works, threads, peers, steps } = parseOptions(['--network', 'vgg,resnet20', '--network', 'deepconvnet', '--work=training,inference', '--threads', '1,2', '--peers', 'pytorch,tf']);
    expect({ networks, works, threads, peers, steps }).toEqual({
      networks: ['vgg', 'resnet20', 'deepconvnet'], works: ['training', 'inference'], threads: [1, 2], peers: ['pytorch', 'tf'], steps: undefined,
    });
    expect(parseOptions(['--peers', 'none']).peers).toEqual([]);
  });

  test.each([
    [['--network', 'lenet'], '--network: there is no lenet; there are: deepconvnet, inception, resnet20, vgg'],
    [['--work', 'sleep'], '--work: there is no sleep; there are: training, inference'],
    [['--rounds', '0'], '--rounds: 0 is no whole number above 0'],
    [['--threads', '1,x'], '--threads: x is no whole number above 0'],
    [['--peers', 'jax'], '--peers: there is no jax; there are: pytorch, pytorch-last'],
  ])('%j is refused', (argv, message) => {
    expect(() => parseOptions(argv)).toThrow(message);
  });
});
