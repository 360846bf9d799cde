/** Weight decay and penalties: what they add to the step of each parameter, and which parameters they spare. */
import { expect, test } from 'vitest';
import { createEngine } from '../../src/engines/index.ts';
import type { TrainingSpec } from '../../src/engines/engine.ts';
import type { Tensors } from '../../src/common/tensor.ts';
import { network } from '../network/model.ts';
import { classes, drawnWeights } from './conformance/networks.ts';
import { drawBatch, sourceOf } from './conformance/targets.ts';

const shape = { channels: 2, height: 5, width: 5 };
const net = network([{ conv: { filters: 4, kernel: 3 } }, 'batchnorm', { prelu: { shared: false } }, { dense: 'classes' }], shape, classes);
const weights = drawnWeights(net);
const batch = drawBatch(6, shape, classes);
const lr = 0.5, decay = 0.25, l1 = 0.125;
const decaying = new Set(['conv1.weight', 'dense1.weight']);

/** The weights after one step. */
async function step(weightDecay: number, penalty?: TrainingSpec['penalty']): Promise<Tensors> {
  const optimizer = { type: 'sgd', options: { lr, momentum: 0, nesterov: false, weight_decay: weightDecay } };
  const engine = await createEngine({ network: net, threads: 1, training: { batchSize: 6, optimizer, seed: 1, ...(penalty === undefined ? {} : { penalty }) } });
  await engine.load(weights);
  await engine.attach('all', sourceOf(batch));
  await engine.train('all', { epoch: 0, fromStep: 0, toStep: 1, stepsBefore: 0, learningRates: Float64Array.of(lr) });
  const { model } = await engine.save();
  await engine.close();
  return model;
}

test.each([
  ['weight decay', () => step(decay), (p: number) => decay * p],
  ['an L2 penalty', () => step(0, { l1: 0, l2: decay }), (p: number) => decay * p],
  ['an L1 penalty', () => step(0, { l1, l2: 0 }), (p: number) => l1 * Math.sign(p)],
] as const)('%s reaches the weights of convolutions and dense layers, and nothing else', async (_name, stepped, slope) => {
  const plain = await step(0);
  const model = await stepped();
  for (const [key, { data }] of plain) {
    const after = model.get(key)!.data, before = weights.get(key)!.data;
    if (!decaying.has(key)) expect([...after], key).toEqual([...data]);
    else data.forEach((value, i) => expect(after[i], `${key} ${i}`).toBeCloseTo(value - lr * slope(before[i]), 5)); // single precision
  }
});
