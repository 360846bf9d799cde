// @ts-check
/**
 * `exp` as a contender (contender.ts): the engine alone, without screen or files.   node ours.mjs FOLDER WORK THREADS STEPS [timed]
 *
 * Plain JavaScript that loads the compiled program, as users do: a loader of TypeScript would count in its memory.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createPeak } from './peak.mjs';

const [folder, work] = process.argv.slice(2);
const [threads, steps] = process.argv.slice(4, 6).map(Number);
const timed = process.argv[6] === 'timed';
const compiled = (/** @type {string} */ path) => new URL(`../dist/${path}`, import.meta.url).href;

/** @type {typeof import('../src/config/index.ts')} */
const { loadExperiment } = await import(compiled('config/index.js'));
/** @type {typeof import('../src/network/index.ts')} */
const { buildNetwork, initialWeights } = await import(compiled('network/index.js'));
/** @type {typeof import('../src/datasets/index.ts')} */
const { datasetFacts } = await import(compiled('datasets/index.js'));
/** @type {typeof import('../src/engines/index.ts')} */
const { createEngine } = await import(compiled('engines/index.js'));

/** @type {import('./task.ts').Task} */
const task = JSON.parse(readFileSync(join(folder, 'task.json'), 'utf8'));
const { experiment: { model, train, dataset, seed } } = loadExperiment({ file: task.file });
const network = buildNetwork(model, train.loss, datasetFacts(dataset));
const training = { batchSize: train.batch_size, optimizer: train.optimizer, clipNorm: train.clip_norm, seed };
const engine = await createEngine({ network, threads, timed, ...(work === 'training' && { training }) });
await engine.load(initialWeights(network, model.initializer, seed));
const { pixels, labels } = readImages();

const peak = await createPeak(
  { emitter: compiled('engines/wasm/emitter.js'), tile: compiled('engines/wasm/kernels/tile.js') },
  engine.record.numerics.includes('fused'),
);
const round = work === 'training' ? await trainer() : inferrer();
console.log(JSON.stringify({ ready: { version: `Node ${process.versions.node}`, about: describeEngine() } }));

for await (const line of createInterface({ input: process.stdin })) {
  if (line !== 'round') break;
  const peakGigaflops = threads * peak();
  const sample = await round();
  console.log(JSON.stringify({ ...sample, peakGigaflops, ...(timed && { times: engine.takeTimes() }) }));
}
await engine.close();

/**
 * `steps` steps a round, going on where the last one ended; an epoch is what is in memory.
 * @returns {Promise<() => Promise<import('./contender.ts').Sample>>}
 */
async function trainer() {
  const { channels, height, width } = task.input;
  const mean = Array.from({ length: channels }, () => 0), deviation = mean.map(() => 1);
  await engine.attach('train', { pixels, labels, count: labels.length, channels, height, width, mean, deviation, augmentation: [], shuffle: false, seed });
  let stepsBefore = 0;
  return async () => {
    let images = 0, loss = 0;
    const start = performance.now();
    for (let left = steps; left > 0; ) {
      const fromStep = stepsBefore % task.batches;
      const count = Math.min(left, task.batches - fromStep);
      const learningRates = new Float64Array(count).fill(Number(train.optimizer.options['lr']));
      const reports = await engine.train('train', { epoch: Math.floor(stepsBefore / task.batches), fromStep, toStep: fromStep + count, stepsBefore, learningRates });
      if (reports.diverged) throw new Error(`diverged: ${reports.diverged.what}`);
      images += reports.images.reduce((a, b) => a + b, 0);
      loss += reports.loss.reduce((a, b) => a + b, 0);
      stepsBefore += count;
      left -= count;
    }
    return { seconds: (performance.now() - start) / 1000, images, loss: loss / images };
  };
}

/**
 * `steps` batches a round, one call each, from numbers in memory to logits, as the others do.
 * @returns {() => Promise<import('./contender.ts').Sample>}
 */
function inferrer() {
  const size = pixels.length / labels.length;
  const batches = Array.from({ length: task.batches }, (_, i) => channelsFirst(pixels.subarray(i * task.batch * size, (i + 1) * task.batch * size)));
  let done = 0;
  return async () => {
    /** @type {Float32Array} */
    let logits = new Float32Array();
    const start = performance.now();
    for (let i = 0; i < steps; i++, done++) {
      const outputs = await engine.forward(batches[done % task.batches], task.batch);
      logits = outputs.get('output')?.data ?? logits;
    }
    const seconds = (performance.now() - start) / 1000;
    return { seconds, images: steps * task.batch, loss: meanLoss(logits, ((done - 1) % task.batches) * task.batch) };
  };
}

function describeEngine() {
  const { numerics, details } = engine.record;
  const [kernels, tile, microBatch] = ['kernels', 'tile', 'micro_batch'].map((name) => String(details[name]));
  return `${numerics}; ${kernels} kernels, tile ${tile}, micro-batch ${microBatch}, ${Math.round(engine.memoryBytes / 2 ** 20)} MiB planned`;
}

/** Bytes [count, height, width, channels] to floats [count, channels, height, width] in 0..1. */
function channelsFirst(/** @type {Uint8Array} */ bytes) {
  const { channels, height, width } = task.input;
  const area = height * width, floats = new Float32Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) {
    const image = Math.floor(i / (area * channels)), cell = Math.floor(i / channels) % area;
    floats[(image * channels + (i % channels)) * area + cell] = bytes[i] / 255;
  }
  return floats;
}

/** Cross-entropy, log Σ exp(logit) - logit of the label, of a batch whose first image is `first`. */
function meanLoss(/** @type {Float32Array} */ logits, /** @type {number} */ first) {
  const { classes, batch } = task;
  let sum = 0;
  for (let image = 0; image < batch; image++) {
    const row = logits.subarray(image * classes, (image + 1) * classes), largest = Math.max(...row);
    sum += largest + Math.log(row.reduce((total, logit) => total + Math.exp(logit - largest), 0)) - row[labels[first + image]];
  }
  return sum / batch;
}

/** In shared memory, where the threads read them. */
function readImages() {
  const images = readFileSync(join(folder, 'images.bin')), bytes = readFileSync(join(folder, 'labels.bin'));
  const shared = { pixels: new Uint8Array(new SharedArrayBuffer(images.length)), labels: new Int32Array(new SharedArrayBuffer(bytes.length)) };
  shared.pixels.set(images);
  new Uint8Array(shared.labels.buffer).set(bytes);
  return shared;
}
