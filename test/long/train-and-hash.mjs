// Trains the network of same-bits.yaml for two epochs and prints one hash of everything that training leaves behind. Run on
// several versions of Node and with several numbers of threads: node train-and-hash.mjs THREADS
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { prepareEngine, prepareNetwork } from '../../dist/api/prepare.js';
import { loadExperiment } from '../../dist/config/index.js';
import { loadDataset } from '../../dist/datasets/index.js';
import { initialWeights } from '../../dist/network/index.js';

const { experiment } = loadExperiment({ file: fileURLToPath(new URL('same-bits.yaml', import.meta.url)) });
const network = prepareNetwork(experiment);
const dataset = await loadDataset(experiment.dataset, { cacheDirectory: '/nonexistent', seed: 5, report: () => {} });
const engine = await prepareEngine({ experiment, network, dataset, threads: Number(process.argv[2]) });
await engine.load(initialWeights(network, experiment.model.initializer, experiment.seed));
const hash = createHash('sha256');
for (let epoch = 0; epoch < 2; epoch++) {
  const reports = await engine.train('train', { epoch, fromStep: 0, toStep: 4, stepsBefore: 4 * epoch, learningRates: new Float64Array(4).fill(0.001) });
  if (reports.steps !== 4) throw new Error(`nothing to compare: ${reports.diverged?.what}`);
  for (const numbers of [reports.loss, reports.correct, reports.gradientNorm]) hash.update(new Uint8Array(numbers.buffer));
}
const { model, optimizer: moments } = await engine.save();
for (const [key, { data }] of [...model, ...moments]) hash.update(key).update(new Uint8Array(data.buffer));
hash.update(new Uint8Array((await engine.evaluate('test')).losses.buffer));
console.log(hash.digest('hex'));
await engine.close();
