/** Engines against the float64 reference: each layer example and small networks, odd sizes, batches of 7, 3 and 1 images. */
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { referenceForward, referenceForwardBackward } from '../../../src/engines/reference/index.ts';
import { largestDistance, largestValue, relativeDifference } from '../../layers/numbers.ts';
import { dropoutMasks } from './dropout.ts';
import { alone, behind, classes, drawnWeights, structured, whole } from './networks.ts';
import type { Case } from './networks.ts';
import { drawBatch, networkInputs } from './targets.ts';
import type { Batch, ConformanceTarget, OpenTarget, TrainingResult } from './targets.ts';
import type { Tensors } from '../../../src/common/tensor.ts';

/** Largest error over the largest value of a tensor: float32 has 6e-8, sums of some hundred terms lose two or three digits. */
const usualTolerance = 1e-4;

/** The largest batch first: the others are what remains at the end of an epoch. */
const counts = [7, 3, 1];

/** Every layer of the catalogue, every structure, networks. */
export const allCases: readonly Case[] = [...alone, ...behind, ...structured, ...whole];

/** Defines a test for each case. The outputs of all layers are read from the first target; in training the others must give its bits. */
export function testConformance(targets: readonly ConformanceTarget[], cases: readonly Case[], tolerance = usualTolerance): void {
  test.each(cases.map((each) => [each.name, each] as const))('%s', async (_name, { network }) => {
    const weights = drawnWeights(network);
    const opened = await Promise.all(targets.map((target) => target.open(network, counts[0])));
    const named = opened.map((target, index) => ({ ...target, name: targets[index].name }));
    try {
      for (const [index, count] of counts.entries()) {
        const batch = drawBatch(count, network.input, classes);
        const step = 4 * index;
        const errors = await forwardErrors(named, network, weights, batch);
        if (!normalisesOneValue(network, count)) errors.push(...(await stepErrors(named, network, weights, batch, step)));
        expect(errors.filter(({ error }) => !(error < tolerance)), `a batch of ${count}`).toEqual([]);
      }
    } finally {
      await Promise.all(opened.map((each) => each.close()));
    }
  });
}

type NamedTarget = OpenTarget & { name: string };

interface Compared {
  what: string;
  error: number;
}

/** Batch statistics of a single value have no variance. */
function normalisesOneValue({ layers }: Case['network'], count: number): boolean {
  return layers.some((layer) => layer.needsWholeBatch && count * layer.shape.height * layer.shape.width === 1);
}

async function forwardErrors(opened: readonly NamedTarget[], network: Case['network'], weights: Tensors, batch: Batch): Promise<Compared[]> {
  const expected = referenceForward(network, weights, networkInputs(batch), batch.count, { training: false });
  const results = await Promise.all(opened.map((target) => target.forward(weights, batch)));
  const ofLayers = network.layers.map((layer, index) => ({ what: layer.name, error: relativeDifference(results[0].get(layer.name)?.data ?? [], expected[index].data) }));
  const ofOutputs = results.map((each, index) => ({ what: `output of ${opened[index].name}`, error: relativeDifference(each.get('output')!.data, expected[network.output].data) }));
  return [...ofLayers.slice(1), ...ofOutputs];
}

async function stepErrors(opened: readonly NamedTarget[], network: Case['network'], weights: Tensors, batch: Batch, step: number): Promise<Compared[]> {
  const masks = dropoutMasks(network, batch.count, step);
  const expected = referenceForwardBackward(network, weights, networkInputs(batch), batch.labels, { training: true, masks });
  const [first, ...others] = await Promise.all(opened.map((target) => target.forwardBackward(weights, batch, step)));
  return [
    { what: 'loss', error: Math.abs(first.loss - expected.loss) / Math.max(1, expected.loss) },
    ...tensorErrors('gradient of', first.gradients, expected.gradients),
    ...tensorErrors('buffer', first.buffers, expected.buffers),
    ...others.map((other, index) => ({ what: `bits of ${opened[index + 1].name}`, error: isDeepStrictEqual(other, first) ? 0 : Infinity })),
  ];
}

/** Gradients that are zero but for rounding (a bias before batch normalisation) are held against the largest of the network. */
function tensorErrors(what: string, actual: TrainingResult['gradients'], expected: ReadonlyMap<string, Float64Array>): Compared[] {
  const largest = Math.max(0, ...[...expected.values()].map(largestValue));
  const missing = [...actual.keys()].filter((key) => !expected.has(key)).map((key) => ({ what: `${what} ${key}, which is not expected`, error: Infinity }));
  const compared = [...expected].map(([key, data]) => {
    const distance = largestDistance(actual.get(key) ?? [], data);
    return { what: `${what} ${key}`, error: distance === 0 ? 0 : distance / Math.max(largestValue(data), largest / 100) };
  });
  return [...missing, ...compared];
}
