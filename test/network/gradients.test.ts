/** Finite differences of the reference for whole networks: joins, outputs read several times, heads, losses. */
import { expect, test } from 'vitest';
import { lossAndGradient, referenceForward, referenceForwardBackward } from '../../src/engines/reference/index.ts';
import { dropoutMasks } from '../engines/conformance/dropout.ts';
import { classes, drawnWeights, structured, whole } from '../engines/conformance/networks.ts';
import { sizeOf } from '../../src/common/shape.ts';
import { directionalError } from '../layers/numbers.ts';
import { drawn } from '../layers/samples.ts';

/** Of central differences with a step of 1e-6 in float64, along directions some 10 long; losses are about 1. */
const tolerance = 1e-7;
const count = 3;

test.each([...structured, ...whole].map((each) => [each.name, each] as const))('%s', (name, { network }) => {
  const weights = new Map([...drawnWeights(network)].map(([key, { data }]) => [key, { data: Float64Array.from(data) }]));
  const inputs = drawn(name, count * sizeOf(network.input));
  const labels = Array.from({ length: count }, (_, image) => (2 * image) % classes);
  const mode = { training: true, masks: dropoutMasks(network, count, 0) };
  const loss = (): number => {
    const outputs = referenceForward(network, weights, inputs, count, mode);
    return [{ output: network.output, weight: 1 }, ...network.heads].reduce((sum, head) => sum + head.weight * lossAndGradient(network.loss, outputs[head.output], labels).loss, 0);
  };
  const result = referenceForwardBackward(network, weights, inputs, labels, mode);
  expect(Math.abs(result.loss - loss())).toBeLessThan(1e-12);
  const error = (key: string, gradient: Float64Array, values: Float64Array): number => directionalError(gradient, values, drawn(`towards ${key}`, values.length), loss);
  expect(error('input', result.inputGradient, inputs)).toBeLessThan(tolerance);
  for (const [key, gradient] of result.gradients) expect(error(key, gradient, weights.get(key)!.data), key).toBeLessThan(tolerance);
});
