/** Every optimizer in the engine against the reference: three steps of a small network, learning rates changing, weight decay where it applies. */
import { expect, test } from 'vitest';
import { createEngine } from '../../src/engines/index.ts';
import { referenceForwardBackward, updateParameter } from '../../src/engines/reference/index.ts';
import type { ParameterState } from '../../src/engines/reference/update.ts';
import { parameterKey } from '../../src/network/network.ts';
import { largestDistance, largestValue } from '../layers/numbers.ts';
import { network } from '../network/model.ts';
import { optimizerCases } from '../oracle/cases.ts';
import { classes, drawnWeights } from './conformance/networks.ts';
import { drawBatch, networkInputs, seed, sourceOf } from './conformance/targets.ts';

/**
 * Of the largest change of a tensor. Float32 gradients are right to about 1e-6 of their largest value; AdaGrad and Adam divide by their size, which
 * brings the error of small ones up.
 */
const tolerance = 1e-3;

// No bias before the normalisation: its gradient would be rounding alone.
const small = network([{ conv: { filters: 6, kernel: 3, padding: 1, bias: false } }, 'batchnorm', 'relu', { maxpool: 2 }, { dense: 'classes' }], { channels: 2, height: 7, width: 5 }, classes);
const batch = drawBatch(7, small.input, classes);
const rates = [1, 0.5, 2];

test.each(optimizerCases.map((each) => [each.name, each] as const))('%s', async (_name, { optimizer, options, penalty }) => {
  const start = drawnWeights(small);
  const learningRates = Float64Array.from(rates, (rate) => rate * Number(options.lr));
  const engine = await createEngine({ network: small, threads: 1, training: { batchSize: 7, optimizer: { type: optimizer.name, options }, penalty, seed } });
  try {
    await engine.load(start);
    await engine.attach('batch', sourceOf(batch));
    for (const [step] of rates.entries()) {
      await engine.train('batch', { epoch: step, fromStep: 0, toStep: 1, stepsBefore: step, learningRates: learningRates.subarray(step, step + 1) });
    }
    const { model, optimizer: state } = await engine.save();
    for (const [key, expected] of trainReference(optimizer, options, learningRates)) {
      const before = start.get(key)!.data;
      const change = (after: ArrayLike<number>): number[] => Array.from(before, (value, i) => after[i] - value);
      const expectedChange = change(expected.p);
      expect(largestDistance(change(model.get(key)!.data), expectedChange) / largestValue(expectedChange), key).toBeLessThan(tolerance);
      for (const [name, data] of Object.entries(expected.state)) {
        expect(largestDistance(state.get(`${optimizer.name}.${name}/${key}`)!.data, data) / largestValue(data), `${name} of ${key}`).toBeLessThan(tolerance);
      }
    }
  } finally {
    await engine.close();
  }
});

type Optimizer = (typeof optimizerCases)[number]['optimizer'];

/** Trained parameters and their state after all steps, in float64. */
function trainReference(optimizer: Optimizer, options: Record<string, unknown>, learningRates: Float64Array): Map<string, ParameterState> {
  const weights = new Map<string, { data: Float64Array }>([...drawnWeights(small)].map(([key, { data }]) => [key, { data: Float64Array.from(data) }]));
  const trained = small.layers.flatMap((layer) => layer.parameters.filter((each) => each.trained).map((each) => ({ key: parameterKey(layer, each), decays: each.decay ? (1 as const) : (0 as const) })));
  const states = new Map(trained.map(({ key }): [string, ParameterState] => {
    const p = weights.get(key)!.data;
    return [key, { p, state: Object.fromEntries(optimizer.state(options).map((name) => [name, new Float64Array(p.length)])) }];
  }));
  learningRates.forEach((lr, index) => {
    const { gradients } = referenceForwardBackward(small, weights, networkInputs(batch), batch.labels, { training: true });
    for (const { key, decays } of trained) {
      const after = updateParameter(optimizer, options, states.get(key)!, gradients.get(key)!, { lr, step: index + 1, decays });
      states.set(key, after);
      weights.set(key, { data: after.p });
    }
  });
  return states;
}
