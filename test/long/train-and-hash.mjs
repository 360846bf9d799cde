// Trains a small network (normalisations, groups, a residual join, dropout, augmentation) for a few steps and prints one hash of
// everything that training leaves behind. Run on several versions of Node and with several numbers of threads: node train-and-hash.mjs THREADS
import { createHash } from 'node:crypto';
import { createEngine } from '../../dist/engines/index.js';
import { buildNetwork, initialWeights } from '../../dist/network/index.js';
import { imageSource } from '../../dist/data/index.js';
import { loadDataset } from '../../dist/datasets/index.js';

const conv = (filters, more = {}) => ({ type: 'conv', options: { filters, kernel: 3, stride: 1, padding: 1, dilation: 1, bias: true, ...more } });
const [norm, relu] = [{ type: 'batchnorm', options: { momentum: 0.1, epsilon: 1e-5 } }, { type: 'relu', options: {} }];
const layers = [
  conv(16), relu, { type: 'lrn', options: { alpha: 1 } }, conv(32, { stride: 2 }), norm, relu,
  conv(24, { groups: 4 }), { type: 'groupnorm', options: { groups: 3 } }, relu, { type: 'depthwise_conv', options: { padding: 1 } },
  { type: 'conv_transpose', options: { filters: 32, stride: 2, padding: 1 } }, { type: 'upsample', options: {} }, { type: 'avgpool', options: { kernel: 4, stride: 4 } }, relu,
  { type: 'residual', options: { body: [conv(32), norm, relu, conv(32), norm], shortcut: 'auto' } }, relu,
  { type: 'maxpool', options: { kernel: 2, stride: 2, padding: 0, ceil: false } }, { type: 'dense', options: { units: 50, bias: true } }, relu,
  { type: 'dropout', options: { rate: 0.5 } }, { type: 'dense', options: { units: 10, bias: true } },
];
const initializer = { type: 'he', options: {} };
const entry = { type: 'synthetic-digits', options: { train_count: 330, test_count: 50 } };
const dataset = await loadDataset(entry, { cacheDirectory: '/nonexistent', seed: 5, report: () => {} });
const network = buildNetwork({ initializer, layers, heads: {} }, { type: 'cross_entropy', options: { label_smoothing: 0 } }, dataset);
const optimizer = { type: 'adam', options: { lr: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 1e-4 } };
const engine = await createEngine({ network, training: { batchSize: 100, optimizer, clipNorm: 1, seed: 5 }, threads: Number(process.argv[2]) });
await engine.load(initialWeights(network, initializer, 5));
const rotate = { type: 'rotate', options: { degrees: 10, fill: 'zero' }, probability: 0.9 };
await engine.attach('train', imageSource(dataset.train, dataset, entry, { augmentation: [rotate], shuffle: true, seed: 5 }));
const hash = createHash('sha256');
for (let epoch = 0; epoch < 2; epoch++) {
  const reports = await engine.train('train', { epoch, fromStep: 0, toStep: 4, stepsBefore: 4 * epoch, learningRates: new Float64Array(4).fill(0.001) });
  for (const numbers of [reports.loss, reports.correct, reports.gradientNorm]) hash.update(new Uint8Array(numbers.buffer));
}
const { model, optimizer: moments } = await engine.save();
for (const [key, { data }] of [...model, ...moments]) hash.update(key).update(new Uint8Array(data.buffer));
console.log(hash.digest('hex'));
await engine.close();
