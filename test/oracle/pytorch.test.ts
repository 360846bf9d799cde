/** The reference, the optimizers, the schedules and the loss against what PyTorch computed (expected.py made the data). */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { initializers } from '../../src/initializers/index.ts';
import { RandomStream, purpose } from '../../src/common/random.ts';
import { layerBackward, layerBuffers, layerForward, lossAndGradient, referenceForwardBackward, updateParameter } from '../../src/engines/reference/index.ts';
import type { ParameterState } from '../../src/engines/reference/update.ts';
import { learningRateFactor } from '../../src/schedules/index.ts';
import { largestDifference } from '../layers/numbers.ts';
import { withDefaults } from '../layers/samples.ts';
import { headsCase, headsWeights, layerCases, layerData, lossCases, lossLogits, optimizerCases, optimizerGradients, optimizerStart, scheduleCases, scheduleLength } from './cases.ts';

/** The data has 8 significant digits; both sides compute in float64. */
const tolerance = 1e-7;

interface LayerExpectation {
  name: string;
  training: boolean;
  output: { shape: number[]; data: number[] };
  inputs: number[][];
  parameters: Record<string, number[]>;
  buffers: Record<string, number[]>;
}

const expectedLayers = read<LayerExpectation>('layers');
const expectedOptimizers = read<{ name: string; steps: number[][] }>('optimizers');
const expectedSchedules = read<{ name: string; every: number; factors: number[] }>('schedules');
const expectedLosses = read<{ name: string; loss: number; gradient: number[] }>('losses');
const [expectedHeads] = read<{ loss: number; gradients: Record<string, number[]> }>('heads');
const expectedInitializers = read<{ shape: number[]; fanIn: number; fanOut: number; he: number; xavier: number; lecun: number }>('initializers');

test.each(layerCases.map((each) => [each.training ? 'in training' : 'outside', each.sample.name, each] as const))('layer, %s: %s', (_mode, name, { sample, training }) => {
  const expected = found(expectedLayers.find((each) => each.name === name && each.training === training), name);
  const { inputs, parameters, weigh, mask } = layerData(sample);
  const context = { training, mask };
  const output = layerForward(sample.primitives, inputs, parameters, context);
  expect([output.count, output.shape.channels, output.shape.height, output.shape.width]).toEqual(expected.output.shape);
  expect(largestDifference(output.data, expected.output.data)).toBeLessThan(tolerance);
  const gradients = layerBackward(sample.primitives, inputs, parameters, context, { ...output, data: weigh });
  expected.inputs.forEach((gradient, index) => {
    expect(largestDifference(gradients.inputs[index].data, gradient)).toBeLessThan(tolerance);
  });
  expectEqualTensors(gradients.parameters, expected.parameters);
  expectEqualTensors(layerBuffers(sample.primitives, inputs, parameters, context), expected.buffers);
});

test.each(optimizerCases.map((each) => [each.name, each] as const))('optimizer: %s', (name, { optimizer, options }) => {
  const expected = found(expectedOptimizers.find((each) => each.name === name), name);
  let state: ParameterState = { p: optimizerStart, state: Object.fromEntries(optimizer.state(options).map((each) => [each, new Float64Array(optimizerStart.length)])) };
  optimizerGradients.forEach((gradient, index) => {
    state = updateParameter(optimizer, options, state, gradient, { lr: Number(options.lr), step: index + 1, decays: 1 });
    expect(largestDifference(state.p, expected.steps[index]), `step ${index + 1}`).toBeLessThan(tolerance);
  });
});

test.each(scheduleCases.map((each) => [each.name, each] as const))('schedule: %s', (name, { schedule, options }) => {
  const { every, factors } = found(expectedSchedules.find((each) => each.name === name), name);
  const { epochs, stepsPerEpoch } = scheduleLength;
  factors.forEach((expected, step) => {
    if (step % every !== 0) return; // between two of PyTorch's steps
    const factor = learningRateFactor({ type: schedule.name, options }, { position: step / stepsPerEpoch, epochs, stepsPerEpoch });
    expect(Math.abs(factor - expected), `step ${step}`).toBeLessThan(1e-11); // 12 digits
  });
});

test.each(lossCases.map((each) => [each.name, each] as const))('loss: %s', (name, { labelSmoothing, classWeights }) => {
  const expected = found(expectedLosses.find((each) => each.name === name), name);
  const logits = { count: lossLogits.count, shape: { channels: lossLogits.classes, height: 1, width: 1 }, data: lossLogits.data };
  const { loss, gradient } = lossAndGradient({ op: 'softmaxCrossEntropy', labelSmoothing, classWeights }, logits, lossLogits.labels);
  expect(Math.abs(loss - expected.loss)).toBeLessThan(1e-10);
  expect(largestDifference(gradient.data, expected.gradient)).toBeLessThan(tolerance);
});

test('an auxiliary head adds its part to the loss and to the gradients of what it reads', () => {
  const { network, inputs, labels } = headsCase;
  const { loss, gradients } = referenceForwardBackward(network, headsWeights, inputs.data, labels, { training: true });
  expect(Math.abs(loss / expectedHeads.loss - 1)).toBeLessThan(1e-11); // 12 digits
  expectEqualTensors(Object.fromEntries(gradients), expectedHeads.gradients);
});

const scaled = ['he', 'xavier', 'lecun'] as const;
test.each(scaled.flatMap((name) => expectedInitializers.map((each) => [name, each] as const)))('initializer: %s has the deviation of PyTorch, %o', (name, expected) => {
  const initializer = initializers.find((each) => each.name === name)!;
  for (const distribution of ['normal', 'uniform']) {
    const weights = new Float32Array(expected.shape.reduce((product, size) => product * size, 1));
    initializer.fill(withDefaults(initializer, { distribution }), expected, new RandomStream(3, purpose.weights), weights);
    const deviation = Math.sqrt(weights.reduce((sum, value) => sum + value * value, 0) / weights.length);
    // The deviation of n normal draws is known to about 1 / √(2 n): four of that.
    expect(Math.abs(deviation / expected[name] - 1)).toBeLessThan(4 / Math.sqrt(2 * weights.length));
  }
});

test('the data was made by PyTorch 2.13', () => {
  for (const kind of ['layers', 'optimizers', 'schedules', 'losses', 'heads', 'initializers']) expect(load(kind).torch).toMatch(/^2\.13\./);
});

function load(kind: string): { torch: string; cases: unknown[] } {
  return JSON.parse(readFileSync(new URL(`data/${kind}.json`, import.meta.url), 'utf8')) as { torch: string; cases: unknown[] };
}

function read<T>(kind: string): T[] {
  return load(kind).cases as T[];
}

function found<T>(expected: T | undefined, name: string): T {
  if (expected === undefined) throw new Error(`there is nothing to compare with for ${name}: see the head of test/oracle/expected.py`);
  return expected;
}

function expectEqualTensors(actual: Record<string, ArrayLike<number>>, expected: Record<string, number[]>): void {
  expect(Object.keys(actual).toSorted()).toEqual(Object.keys(expected).toSorted());
  for (const [name, data] of Object.entries(expected)) expect(largestDifference(actual[name], data), name).toBeLessThan(tolerance);
}
