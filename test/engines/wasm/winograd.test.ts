import { afterAll, expect, test } from 'vitest';
import type { LayerEntry } from '../../../src/config/experiment.ts';
import type { Engine } from '../../../src/engines/engine.ts';
import { evaluate } from '../../../src/common/expression.ts';
import { createWasmEngine } from '../../../src/engines/wasm/engine.ts';
import { winograd2, winograd4, type Transform, type Winograd } from '../../../src/engines/wasm/kernels/winograd.ts';
import type { Methods } from '../../../src/engines/wasm/lower/method.ts';
import { buildNetwork, initialWeights } from '../../../src/network/index.ts';
import { randomFloats, relativeError } from './kernel.ts';

const apply = (transform: Transform, values: readonly number[]): number[] =>
  transform.map((each) => evaluate(each, Object.fromEntries(values.map((value, i) => [`x${i}`, value]))));

/** Aᵀ [(G g) ⊙ (Bᵀ d)] is the correlation of d with g: m outputs of three taps. */
test.each([winograd2, winograd4])('F($tile, 3) is exact, forward and for the gradient to the weights', (method: Winograd) => {
  const data = [...randomFloats(method.points, 7)], taps = [...randomFloats(3, 8)], slope = [...randomFloats(method.tile, 9)];
  const inPoints = apply(method.data, data);
  const products = apply(method.weights, taps).map((value, i) => value * inPoints[i]);
  apply(method.output, products).forEach((value, i) => expect(value).toBeCloseTo(taps.reduce((sum, tap, k) => sum + tap * data[i + k], 0), 12));
  const gradients = apply(method.gradient, slope).map((value, i) => value * inPoints[i]);
  apply(method.weightGradient, gradients).forEach((value, k) => expect(value).toBeCloseTo(slope.reduce((sum, s, i) => sum + s * data[i + k], 0), 12));
});

const facts = { shape: { channels: 3, height: 11, width: 14 }, classes: 4 };
const conv = (filters: number, padding: number): LayerEntry => ({ type: 'conv', options: { filters, kernel: 3, stride: 1, padding, dilation: 1, bias: true } });
const relu: LayerEntry = { type: 'relu', options: {} };
/** Sizes that are no multiple of a tile, paddings 0 to 2, channels that are padded, a join so that gradients are added. */
const layers: LayerEntry[] = [
  conv(20, 1), relu, { ...conv(32, 2), name: 'wide' }, relu, { ...conv(24, 0), name: 'narrow' }, relu,
  { type: 'add', options: {}, from: ['narrow', 'relu3'] }, conv(16, 1), relu, { type: 'dense', options: { units: 4, bias: true } },
];
const network = buildNetwork({ initializer: { type: 'he', options: {} }, layers, heads: {} }, { type: 'cross_entropy', options: { label_smoothing: 0 } }, facts);
const weights = initialWeights(network, { type: 'he', options: {} }, 3);
const count = 7;
const engines: Engine[] = [];
afterAll(() => Promise.all(engines.map((engine) => engine.close())));

async function start(methods: Methods, threads = 2): Promise<Engine> {
  const optimizer = { type: 'sgd', options: { lr: 1, momentum: 0, nesterov: false, weight_decay: 0 } };
  const engine = await createWasmEngine({ network, training: { batchSize: count, optimizer, seed: 1 }, threads, keep: ['wide', 'narrow'] }, { methods });
  engines.push(engine);
  await engine.load(weights);
  return engine;
}

async function gradients(engine: Engine): Promise<Map<string, Float32Array>> {
  const size = 3 * 11 * 14;
  const pixels = new Uint8Array(new SharedArrayBuffer(count * size));
  randomFloats(count * size, 5).forEach((value, i) => { pixels[i] = Math.floor(128 + 127 * value); });
  const labels = new Int32Array(new SharedArrayBuffer(4 * count)).map((_, i) => i % 4);
  await engine.attach('train', { pixels, labels, count, channels: 3, height: 11, width: 14, mean: [0.5, 0.5, 0.5], deviation: [0.3, 0.3, 0.3], augmentation: [], shuffle: false, seed: 1 });
  await engine.train('train', { epoch: 0, fromStep: 0, toStep: 1, stepsBefore: 0, learningRates: Float64Array.of(1) });
  const { model } = await engine.save();
  return new Map([...model].map(([key, { data }]) => [key, data.map((value, i) => weights.get(key)!.data[i] - value)]));
}

test.each(['winograd2', 'winograd4', 'all'] as const)('%s computes what direct convolution computes', async (methods) => {
  const direct = await start('direct'), fast = await start(methods);
  const images = randomFloats(count * 3 * 11 * 14, 6);
  const expected = await direct.forward(images, count), found = await fast.forward(images, count);
  for (const [name, { data }] of expected) expect(relativeError(found.get(name)!.data, data), name).toBeLessThan(1e-5);
  const slopes = await gradients(direct), fastSlopes = await gradients(fast);
  // Two ReLU layers deep, a few near-ties of float32 open or close differently: rarely, and not with these numbers.
  for (const [key, data] of slopes) expect(relativeError(fastSlopes.get(key)!, data), key).toBeLessThan(1e-4);
});

test('one, two and three threads give the same bits', async () => {
  const all = await Promise.all([1, 2, 3].map(async (threads) => gradients(await start('all', threads))));
  for (const other of all.slice(1)) for (const [key, data] of all[0]) expect(other.get(key), key).toEqual(data);
});
