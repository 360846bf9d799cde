/** Weights between unlike groups do not exist: what is saved is all that a trained convolution knows. */
import { expect, test } from 'vitest';
import { createEngine } from '../../../src/engines/index.ts';
import { isDepthwise, lanesOf, spansOf, windowsOf } from '../../../src/engines/wasm/groups.ts';
import { network } from '../../network/model.ts';
import type { Written } from '../../network/model.ts';
import { drawnWeights } from '../conformance/networks.ts';
import { drawBatch, sourceOf } from '../conformance/targets.ts';

const layers: readonly (readonly [string, Written])[] = [
  ['groups that cross blocks of 16', { conv: { filters: 18, kernel: 3, padding: 1, groups: 3 } }],
  ['groups of whole blocks', { conv: { filters: 54, kernel: 1, groups: 27 } }],
  ['one filter a channel', { depthwise_conv: { kernel: 3, padding: 1 } }],
  ['several filters a channel', { depthwise_conv: { kernel: 3, multiplier: 3 } }],
  ['transposed', { conv_transpose: { filters: 9, kernel: 2, stride: 2, groups: 9 } }],
];

test.each(layers)('%s: loaded again, a trained network gives the same bits', async (_name, layer) => {
  const shape = { channels: 2, height: 6, width: 5 };
  const built = network([{ conv: { filters: 27, kernel: 3, padding: 1 } }, 'relu', layer, 'relu', { dense: 'classes' }], shape, 4);
  const optimizer = { type: 'adam', options: { lr: 0.05, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.01 } };
  const batch = sourceOf(drawBatch(24, shape, 4));
  const [trained, loaded] = await Promise.all([1, 2].map((threads) => createEngine({ network: built, threads, training: { batchSize: 8, optimizer, seed: 1 } })));
  try {
    await trained.load(drawnWeights(built));
    await Promise.all([trained, loaded].map((engine) => engine.attach('batch', batch)));
    for (let epoch = 0; epoch < 2; epoch++) {
      await trained.train('batch', { epoch, fromStep: 0, toStep: 3, stepsBefore: 3 * epoch, learningRates: new Float64Array(3).fill(0.05) });
    }
    await loaded.load((await trained.save()).model);
    const [after, again] = [await trained.evaluate('batch'), await loaded.evaluate('batch')];
    expect([...again.losses]).toEqual([...after.losses]);
    expect(new Set(again.losses).size).toBeGreaterThan(12);
  } finally {
    await Promise.all([trained.close(), loaded.close()]);
  }
});

test('a block of 16 outputs reads the channels of its groups, from a multiple of 16 on', () => {
  // 2 groups of 32: the first two blocks read channels 0 to 31, the others 32 to 63.
  const whole = windowsOf(2, 64, { channels: 64, physical: 64 });
  expect(whole).toEqual({ reach: 32, starts: [0, 0, 32, 32] });
  expect(spansOf(whole)).toEqual([{ block: 0, blocks: 2, start: 0 }, { block: 2, blocks: 2, start: 32 }]);
  expect(lanesOf(2, 1, 64, 64, whole)).toBeUndefined();
  // 3 groups of 6 filters over 9 channels: outputs 0 to 15 belong to all three groups, 16 and 17 to the last (channels 18 to 26).
  const crossing = windowsOf(3, 18, { channels: 27, physical: 32 });
  expect(crossing).toEqual({ reach: 32, starts: [0, 0] });
  expect(lanesOf(3, 0, 18, 27, crossing)!.slice(8, 10)).toEqual([[0, 6], [6, 12]]);
  // One group: everything.
  expect(windowsOf(1, 20, { channels: 3, physical: 3 })).toEqual({ reach: 3, starts: [0, 0] });
});

test('depthwise kernels need maps of whole blocks', () => {
  expect(isDepthwise(5, 5, { channels: 5, physical: 16 })).toBe(true);
  expect(isDepthwise(5, 5, { channels: 5, physical: 5 })).toBe(false);
  expect(isDepthwise(5, 10, { channels: 5, physical: 16 })).toBe(false);
  expect(isDepthwise(1, 1, { channels: 1, physical: 16 })).toBe(false);
});
