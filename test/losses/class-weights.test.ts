/** Weights of classes: what is refused, what an evaluation reports, and that threads do not matter. */
import { expect, test } from 'vitest';
import { UserError } from '../../src/common/problem.ts';
import { createEngine } from '../../src/engines/index.ts';
import { referenceForwardBackward } from '../../src/engines/reference/index.ts';
import type { StepReports } from '../../src/engines/engine.ts';
import { drawnWeights } from '../engines/conformance/networks.ts';
import { drawBatch, networkInputs, sourceOf } from '../engines/conformance/targets.ts';
import { network } from '../network/model.ts';

const shape = { channels: 1, height: 3, width: 3 };
const weighted = (weights: number[]): { type: string; options: Record<string, unknown> } => ({ type: 'cross_entropy', options: { label_smoothing: 0.1, class_weights: weights } });

test.each([
  [[1, 2], 'has 2 numbers, but there are 3 classes'],
  [[0, 0, 0], 'is 0 for every class: there is nothing to learn'],
])('weights %j for three classes are refused', (weights, message) => {
  expect(() => network([{ dense: 'classes' }], shape, 3, weighted(weights))).toThrow(expect.objectContaining({
    constructor: UserError, problems: [expect.objectContaining({ path: 'train.loss.cross_entropy.class_weights', message })],
  }));
});

test('training and evaluation report the weighted mean, for any number of threads', async () => {
  const net = network([{ dense: 'classes' }], shape, 3, weighted([0.3, 1.7, 1.1]));
  const weights = drawnWeights(net);
  const batch = drawBatch(11, shape, 3);
  const { loss: expected } = referenceForwardBackward(net, weights, networkInputs(batch), batch.labels, { training: false });
  const reports: StepReports[] = [];
  for (const threads of [1, 2, 3]) {
    const training = { batchSize: 11, optimizer: { type: 'sgd', options: { lr: 0.1, momentum: 0, nesterov: false, weight_decay: 0 } }, seed: 1 };
    const engine = await createEngine({ network: net, threads, training });
    await engine.load(weights);
    await engine.attach('all', sourceOf(batch));
    expect((await engine.evaluate('all')).loss).toBeCloseTo(expected, 5); // single precision
    reports.push(await engine.train('all', { epoch: 0, fromStep: 0, toStep: 1, stepsBefore: 0, learningRates: Float64Array.of(0.1) }));
    await engine.close();
  }
  expect(reports[0].loss[0] / 11).toBeCloseTo(expected, 5);
  expect(reports[1]).toEqual(reports[0]);
  expect(reports[2]).toEqual(reports[0]);
});

test('a batch whose labels all weigh nothing changes nothing', async () => {
  const net = network([{ dense: 'classes' }], shape, 3, weighted([0, 1, 1]));
  const weights = drawnWeights(net);
  const batch = drawBatch(4, shape, 3);
  batch.labels.fill(0);
  const training = { batchSize: 4, optimizer: { type: 'sgd', options: { lr: 0.1, momentum: 0, nesterov: false, weight_decay: 0 } }, seed: 1 };
  const engine = await createEngine({ network: net, threads: 1, training });
  await engine.load(weights);
  await engine.attach('all', sourceOf(batch));
  const report = await engine.train('all', { epoch: 0, fromStep: 0, toStep: 1, stepsBefore: 0, learningRates: Float64Array.of(0.1) });
  const { model } = await engine.save();
  await engine.close();
  expect([report.steps, report.loss[0], report.gradientNorm[0]]).toEqual([1, 0, 0]);
  expect([...model.get('dense1.weight')!.data]).toEqual([...weights.get('dense1.weight')!.data]);
});
