/** An engine that measures where its time goes computes the same, and accounts for all of it. */
import { afterAll, expect, test } from 'vitest';
import type { Engine, StepReports, WorkTime } from '../../src/engines/engine.ts';
import type { Tensors } from '../../src/common/tensor.ts';
import { network } from '../network/model.ts';
import type { Written } from '../network/model.ts';
import { drawnWeights } from './conformance/networks.ts';
import { createEngine, drawBatch, sourceOf } from './conformance/targets.ts';

const classes = 5, batchSize = 40, threads = 2;
const conv = (filters: number): Written => ({ conv: { filters, kernel: 3, padding: 1 } });
/** Batch normalisation: several phases, with finales between them. */
const net = network([conv(16), 'relu', conv(16), 'batchnorm', 'relu', { maxpool: 2 }, { dropout: 0.25 }, { dense: 'classes' }], { channels: 3, height: 16, width: 16 }, classes);
const images = sourceOf(drawBatch(batchSize, net.input, classes));
const optimizer = { type: 'adam', options: { lr: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0 } };

const engines: Engine[] = [];
afterAll(() => Promise.all(engines.map((engine) => engine.close())));

async function open(timed: boolean): Promise<Engine> {
  const engine = await createEngine({ network: net, threads, timed, training: { batchSize, optimizer, clipNorm: 1, seed: 3 } });
  engines.push(engine);
  await engine.load(drawnWeights(net));
  await engine.attach('images', images);
  return engine;
}

/** One step an epoch. */
async function train(engine: Engine, epochs: number): Promise<StepReports[]> {
  const reports: StepReports[] = [];
  for (let epoch = 0; epoch < epochs; epoch++) {
    reports.push(await engine.train('images', { epoch, fromStep: 0, toStep: 1, stepsBefore: epoch, learningRates: Float64Array.of(0.01) }));
  }
  return reports;
}

const plain = (tensors: Tensors): unknown => [...tensors].map(([key, { data }]) => [key, [...data]]);
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
const secondsOf = (times: readonly WorkTime[], thread: number): number => sum(times.map(({ seconds }) => seconds[thread]));

test('the same bits as without', async () => {
  const [untimed, timed] = [await open(false), await open(true)];
  expect(await train(timed, 5)).toEqual(await train(untimed, 5));
  const [expected, found] = [await untimed.save(), await timed.save()];
  expect(plain(found.model)).toEqual(plain(expected.model));
  expect(plain(found.optimizer)).toEqual(plain(expected.optimizer));
  expect(await timed.evaluate('images')).toEqual(await untimed.evaluate('images'));
  expect(untimed.takeTimes().filter(({ seconds }) => seconds.length > 0)).toEqual([]);
});

test('what is measured adds up to the time of the threads, and is handed out once', async () => {
  const engine = await open(true);
  await train(engine, 3);
  engine.takeTimes();
  const began = performance.now();
  await train(engine, 30);
  for (let i = 0; i < 10; i++) await engine.evaluate('images');
  const wall = (performance.now() - began) / 1000;
  const times = engine.takeTimes();
  for (const thread of [0, 1]) {
    const seconds = secondsOf(times, thread);
    // Messages to the threads and back are not theirs to measure; on a busy machine these take their time.
    expect(seconds, `thread ${thread}`).toBeLessThan(1.01 * wall);
    expect(seconds, `thread ${thread}`).toBeGreaterThan(0.3 * wall);
  }
  expect(sum(engine.takeTimes().flatMap(({ seconds }) => seconds))).toBe(0);
});

test('times are by layer and pass, with the work of each operation once', async () => {
  const engine = await open(true);
  await train(engine, 3);
  const times = engine.takeTimes();
  const passes = (layer: string): string[] => [...new Set(times.filter((each) => each.program === 'train' && each.layer === layer).map(({ pass }) => pass))].toSorted();
  expect(passes('conv1')).toEqual(['forward', 'weights']);
  expect(passes('conv2')).toEqual(['data', 'forward', 'weights']);
  const work = times.filter(({ program, layer, multiplyAdds }) => program === 'train' && layer === 'conv2' && multiplyAdds !== undefined);
  // 16 to 16 channels, 3×3, at 16×16.
  expect(Object.fromEntries(work.map(({ pass, multiplyAdds }) => [pass, multiplyAdds]))).toEqual({ forward: 589_824, data: 589_824, weights: 589_824 });
  expect(work).toHaveLength(3);
  const spent = (part: (each: WorkTime) => boolean): number => sum(times.filter(part).flatMap(({ seconds }) => seconds));
  expect(spent(({ program }) => program === 'infer')).toBe(0);
  for (const pass of ['batches', 'reduce', 'update', 'wait']) expect(spent((each) => each.program === 'around' && each.pass === pass), pass).toBeGreaterThan(0);
});
