/**
 * TensorFlow.js without native code as a contender.   node tensorflow_js.mjs FOLDER WORK THREADS STEPS PACKAGES
 *
 * PACKAGES is the folder whose node_modules holds it. Training runs on its plain JavaScript backend, the only one with
 * gradients of convolutions; inference on its WebAssembly backend where that is installed. Both use one thread.
 * npm install @tensorflow/tfjs @tensorflow/tfjs-backend-wasm
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve, sep } from 'node:path';
import { createInterface } from 'node:readline';

const [folder, work, , stepsText, packages] = process.argv.slice(2);
const steps = Number(stepsText);
const require = createRequire(join(resolve(packages), 'here.js'));
console.info = console.log = console.warn; // Its greetings; stdout is for answers.
const tf = require('@tensorflow/tfjs');
tf.enableProdMode();
const backend = await chooseBackend();

const task = JSON.parse(readFileSync(join(folder, 'task.json'), 'utf8'));
/** Plain JavaScript manages about 30 million multiply-adds a second: a few images are enough. */
const slowBudget = 40e6;
const batch = backend === 'cpu' ? Math.max(1, Math.min(task.batch, Math.floor(slowBudget / task.multiplyAdds.inference))) : task.batch;
const images = new Float32Array(readFileSync(join(folder, 'images.bin'))).map((pixel) => pixel / 255);
const labels = new Int32Array(Uint8Array.from(readFileSync(join(folder, 'labels.bin'))).buffer);
const weights = new Float32Array(Uint8Array.from(readFileSync(join(folder, 'weights.bin'))).buffer);
const { options } = task.optimizer;
const optimizer = task.optimizer.type === 'adam'
  ? tf.train.adam(options.lr, options.beta1, options.beta2, options.epsilon)
  : tf.train.momentum(options.lr, options.momentum, options.nesterov);
const variables = createVariables();

process.stdout.write(`${JSON.stringify({ ready: { version: `TensorFlow.js ${tf.version.tfjs}`, about: `backend ${backend}, one thread, ${batch} images a step` } })}\n`);
let done = 0;
for await (const line of createInterface({ input: process.stdin })) {
  if (line !== 'round') break;
  let loss = 0;
  const start = performance.now();
  for (let i = 0; i < steps; i++, done++) loss += step((done * batch) % labels.length);
  process.stdout.write(`${JSON.stringify({ seconds: (performance.now() - start) / 1000, images: steps * batch, loss: loss / steps })}\n`);
}

/** Trains on a batch, or computes its logits; the loss. */
function step(first) {
  return tf.tidy(() => {
    const { channels, height, width } = task.input;
    const size = channels * height * width;
    const count = Math.min(batch, labels.length - first);
    const image = tf.tensor4d(images.subarray(first * size, (first + count) * size), [count, height, width, channels]);
    const label = tf.oneHot(tf.tensor1d(labels.subarray(first, first + count), 'int32'), task.classes);
    const loss = () => tf.losses.softmaxCrossEntropy(label, logits(image));
    if (work === 'inference') return loss().dataSync()[0];
    const { value, grads } = tf.variableGrads(loss, [...variables.values()].filter((each) => each.trainable));
    for (const each of variables.values()) {
      if (each.decay && options.weight_decay) grads[each.name] = grads[each.name].add(each.mul(options.weight_decay));
    }
    optimizer.applyGradients(grads);
    return value.dataSync()[0];
  });
}

function logits(image) {
  const results = [image];
  for (const layer of task.layers.slice(1)) {
    let inputs = layer.inputs.map((index) => results[index]);
    for (const primitive of layer.primitives) inputs = [applyPrimitive(layer, primitive, inputs)];
    results.push(inputs[0]);
  }
  return results[task.output];
}

function applyPrimitive(layer, primitive, inputs) {
  const [x] = inputs;
  const weight = (name) => variables.get(`${layer.name}.${name}`);
  const biased = (y) => (primitive.bias ? y.add(weight('bias')) : y);
  switch (primitive.op) {
    case 'convolution':
      if (primitive.groups !== 1) break;
      return biased(tf.conv2d(x, weight('weight'), primitive.stride, border(primitive), 'NHWC', primitive.dilation));
    case 'dense': return biased(tf.matMul(x.reshape([x.shape[0], -1]), weight('weight')));
    case 'pool':
      if (primitive.kind === 'max') return tf.maxPool(x, primitive.kernel, primitive.stride, border(primitive));
      if (Object.values(primitive.padding).some((side) => side > 0)) break;
      return tf.avgPool(x, primitive.kernel, primitive.stride, 'valid');
    case 'batchNormalization': return normalise(x, primitive, weight);
    case 'map':
      if (primitive.name !== 'relu') break;
      return tf.relu(x);
    case 'dropout': return work === 'training' ? tf.dropout(x, primitive.rate) : x;
    case 'join':
      if (primitive.kind === 'multiply') break;
      return primitive.kind === 'add' ? tf.addN(inputs) : tf.concat(inputs, 3);
    case 'pad': return tf.pad(x, [...border(primitive).slice(0, 3), [0, primitive.channels]]);
    default:
  }
  throw new Error(`not written here: ${layer.name}: ${JSON.stringify(primitive)}`);
}

function normalise(x, { epsilon, momentum }, weight) {
  const statistics = work === 'training' ? tf.moments(x, [0, 1, 2]) : { mean: weight('running_mean'), variance: weight('running_var') };
  if (work === 'training') {
    for (const [name, value] of [['running_mean', statistics.mean], ['running_var', statistics.variance]]) {
      const running = weight(name);
      running.assign(running.mul(1 - momentum).add(value.mul(momentum)));
    }
  }
  return tf.batchNorm(x, statistics.mean, statistics.variance, weight('bias'), weight('weight'), epsilon);
}

function border({ padding: { top, bottom, left, right } }) {
  return [[0, 0], [top, bottom], [left, right], [0, 0]];
}

/** By `layer.parameter`, in the layout of channels-last kernels. */
function createVariables() {
  const entries = task.layers.flatMap((layer) => layer.parameters.map(({ name, shape, offset, trained, decay }) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const value = tf.tidy(() => channelsLast(layer, tf.tensor(weights.subarray(offset, offset + size), shape)));
    const variable = tf.variable(value, trained);
    variable.decay = decay;
    return [`${layer.name}.${name}`, variable];
  }));
  return new Map(entries);
}

function channelsLast(layer, tensor) {
  if (tensor.rank === 4) return tensor.transpose([2, 3, 1, 0]);
  if (tensor.rank !== 2) return tensor;
  const { channels, height, width } = task.layers[layer.inputs[0]].shape;
  return tensor.reshape([-1, channels, height, width]).transpose([2, 3, 1, 0]).reshape([channels * height * width, -1]);
}

async function chooseBackend() {
  if (work === 'inference') {
    try {
      const { setWasmPaths } = require('@tensorflow/tfjs-backend-wasm');
      setWasmPaths(dirname(require.resolve('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm')) + sep);
      if (await tf.setBackend('wasm')) return 'wasm';
    } catch {
      // Not installed.
    }
  }
  await tf.setBackend('cpu');
  return 'cpu';
}
