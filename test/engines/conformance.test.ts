/** Every engine against the float64 reference: each layer example and small networks, odd sizes, batches of 7, 3 and 1 images. */
import { expect, test } from 'vitest';
import { referenceForward, referenceForwardBackward } from '../../src/engines/reference/index.ts';
import { largestDistance, largestValue, relativeDifference } from '../layers/numbers.ts';
import { dropoutMasks } from './conformance/dropout.ts';
import { alone, behind, classes, drawnWeights, structured, whole } from './conformance/networks.ts';
import type { Case } from './conformance/networks.ts';
import { drawBatch, networkInputs, wasm } from './conformance/targets.ts';
import type { Batch, ConformanceTarget, OpenTarget, TrainingResult } from './conformance/targets.ts';
import type { Tensors } from '../../src/common/tensor.ts';

/** Largest error over the largest value of a tensor: float32 has 6e-8, sums of some hundred terms lose two or three digits. */
const tolerance = 1e-4;

/** The largest batch first: the others are what remains at the end of an epoch. */
const counts = [7, 3, 1];
/** In training the second must give the bits of the first. */
const targets: readonly ConformanceTarget[] = [wasm(1, true), wasm(2, false)];

const cases: readonly Case[] = [...alone, ...behind, ...structured, ...whole];

test.each(cases.map((each) => [each.name, each] as const))('%s', async (_name, { network }) => {
  const weights = drawnWeights(network);
  const opened = await Promise.all(targets.map((target) => target.open(network, counts[0])));
  try {
    for (const [index, count] of counts.entries()) {
      const batch = drawBatch(count, network.input, classes);
      const step = 4 * index;
      await compareForward(opened, network, weights, batch);
      if (!normalisesOneValue(network, count)) await compareStep(opened, network, weights, batch, step);
    }
  } finally {
    await Promise.all(opened.map((each) => each.close()));
  }
});

/** Batch statistics of a single value have no variance. */
function normalisesOneValue({ layers }: Case['network'], count: number): boolean {
  return layers.some((layer) => layer.needsWholeBatch && count * layer.shape.height * layer.shape.width === 1);
}

async function compareForward(opened: readonly OpenTarget[], network: Case['network'], weights: Tensors, batch: Batch): Promise<void> {
  const expected = referenceForward(network, weights, networkInputs(batch), batch.count, { training: false });
  const [first, ...others] = await Promise.all(opened.map((target) => target.forward(weights, batch)));
  network.layers.slice(1).forEach((layer, index) => {
    expect(relativeDifference(first.get(layer.name)!.data, expected[index + 1].data), `${layer.name} of ${batch.count}`).toBeLessThan(tolerance);
  });
  for (const each of [first, ...others]) expect(relativeDifference(each.get('output')!.data, expected[network.output].data), `output of ${batch.count}`).toBeLessThan(tolerance);
}

async function compareStep(opened: readonly OpenTarget[], network: Case['network'], weights: Tensors, batch: Batch, step: number): Promise<void> {
  const masks = dropoutMasks(network, batch.count, step);
  const expected = referenceForwardBackward(network, weights, networkInputs(batch), batch.labels, { training: true, masks });
  const results = await Promise.all(opened.map((target) => target.forwardBackward(weights, batch, step)));
  expect(Math.abs(results[0].loss - expected.loss)).toBeLessThan(tolerance * Math.max(1, expected.loss));
  expectTensors('gradient', results[0].gradients, expected.gradients);
  expectTensors('buffer', results[0].buffers, expected.buffers);
  for (const result of results.slice(1)) expect<TrainingResult>(result).toEqual(results[0]);
}

/** Gradients that are zero but for rounding (a bias before batch normalisation) are held against the largest of the network. */
function expectTensors(what: string, actual: TrainingResult['gradients'], expected: ReadonlyMap<string, Float64Array>): void {
  expect([...actual.keys()].toSorted()).toEqual([...expected.keys()].toSorted());
  const largest = Math.max(...[...expected.values()].map(largestValue));
  for (const [key, data] of expected) {
    const scale = Math.max(largestValue(data), largest / 100);
    expect(largestDistance(actual.get(key)!, data) / scale, `${what} of ${key}`).toBeLessThan(tolerance);
  }
}
