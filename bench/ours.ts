/**
 * `exp` as a contender (contender.ts): trains the network of a configuration through the engine, without screen or files.
 * Runs the compiled program, as users do.   tsx bench/ours.ts CONFIG THREADS STEPS
 */
import { createInterface } from 'node:readline';
import type { Experiment } from '../src/config/experiment.ts';
import type { ImageSource } from '../src/engines/engine.ts';
import type { Network } from '../src/network/network.ts';

const [file, threads, steps] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const batchesInMemory = 60;

const { loadExperiment } = await compiled<typeof import('../src/config/index.ts')>('config/index.js');
const { buildNetwork, initialWeights } = await compiled<typeof import('../src/network/index.ts')>('network/index.js');
const { datasetFacts } = await compiled<typeof import('../src/datasets/index.ts')>('datasets/index.js');
const { createEngine } = await compiled<typeof import('../src/engines/index.ts')>('engines/index.js');

const { experiment } = loadExperiment({ file });
const { train, seed } = experiment;
const network = buildNetwork(experiment.model, train.loss, datasetFacts(experiment.dataset));
const engine = await createEngine({ network, threads, training: { batchSize: train.batch_size, optimizer: train.optimizer, clipNorm: train.clip_norm, seed } });
await engine.load(initialWeights(network, experiment.model.initializer, seed));
await engine.attach('train', stripes(network, experiment));
console.log(JSON.stringify({ ready: { version: `Node ${process.versions.node}`, about: `${engine.record.numerics}, ${JSON.stringify(engine.record.details)}` } }));

let stepsBefore = 0;
for await (const line of createInterface({ input: process.stdin })) {
  if (line !== 'round') break;
  const start = performance.now();
  const { images, loss } = await trainRound();
  console.log(JSON.stringify({ seconds: (performance.now() - start) / 1000, images, loss: loss / images }));
}
await engine.close();

/** `steps` steps, going on where the last round ended; an epoch is what is in memory. */
async function trainRound(): Promise<{ images: number; loss: number }> {
  const total = { images: 0, loss: 0 };
  for (let left = steps; left > 0; ) {
    const fromStep = stepsBefore % batchesInMemory;
    const count = Math.min(left, batchesInMemory - fromStep);
    const learningRates = new Float64Array(count).fill(train.optimizer.options['lr'] as number);
    const request = { epoch: Math.floor(stepsBefore / batchesInMemory), fromStep, toStep: fromStep + count, stepsBefore, learningRates };
    const reports = await engine.train('train', request);
    if (reports.diverged) throw new Error(`diverged: ${reports.diverged.what}`);
    total.images += reports.images.reduce((a, b) => a + b, 0);
    total.loss += reports.loss.reduce((a, b) => a + b, 0);
    stepsBefore += count;
    left -= count;
  }
  return total;
}

/** Images that can be told apart: the row of the brightest stripe is the label; the rest is noise. */
function stripes({ input, classes }: Network, { augmentation }: Experiment): ImageSource {
  const { channels, height, width } = input;
  const count = batchesInMemory * train.batch_size;
  const pixels = new Uint8Array(new SharedArrayBuffer(count * channels * height * width));
  const labels = new Int32Array(new SharedArrayBuffer(4 * count));
  let state = 1;
  for (let image = 0; image < count; image++) {
    const label = image % classes;
    labels[image] = label;
    const bright = Math.floor((label * height) / classes);
    for (let i = 0; i < height * width * channels; i++) {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      const row = Math.floor(i / (width * channels));
      pixels[image * height * width * channels + i] = (state >>> 25) + (row === bright ? 100 : 0);
    }
  }
  return { pixels, labels, count, channels, height, width, mean: [0, 0, 0].slice(0, channels), deviation: [1, 1, 1].slice(0, channels), augmentation, shuffle: true, seed };
}

/** A module of the compiled program, with the types of its source. */
async function compiled<T>(path: string): Promise<T> {
  return (await import(new URL(`../dist/${path}`, import.meta.url).href)) as T;
}
