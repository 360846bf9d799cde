/**
 * What is held against the float64 reference: anything that computes one training step and one evaluation of a network.
 * An engine is made into a target by training one step of SGD with momentum from zero: its velocity is the gradient then.
 */
import type * as Engines from '../../../src/engines/index.ts';
import type { Engine, ImageSource, KernelVariant } from '../../../src/engines/engine.ts';
import { RandomStream, purpose } from '../../../src/common/random.ts';
import type { Shape } from '../../../src/common/shape.ts';
import { sizeOf } from '../../../src/common/shape.ts';
import type { Tensor, Tensors } from '../../../src/common/tensor.ts';
import { parameterKey } from '../../../src/network/network.ts';
import type { Network } from '../../../src/network/network.ts';

/** The compiled engine (`npm test` builds first): its threads start in a tenth of the time. */
export const { createEngine } = await import(new URL('../../../dist/engines/index.js', import.meta.url).href) as typeof Engines;

export interface ConformanceTarget {
  name: string;
  open(network: Network, batchSize: number): Promise<OpenTarget>;
}

export interface OpenTarget {
  /** One training step. `step` counts from 0 and is what dropout is drawn by. */
  forwardBackward(weights: Tensors, batch: Batch, step: number): Promise<TrainingResult>;
  /** What the network (`output`) and, by name, those of its layers give that can be read, outside training. */
  forward(weights: Tensors, batch: Batch): Promise<Tensors>;
  close(): Promise<void>;
}

export interface TrainingResult {
  /** Mean over the batch. */
  loss: number;
  /** Of trained parameters, by name. */
  gradients: ReadonlyMap<string, ArrayLike<number>>;
  /** Running statistics after the step. */
  buffers: ReadonlyMap<string, ArrayLike<number>>;
}

export interface Batch {
  count: number;
  shape: Shape;
  /** [count, height, width, channels] */
  pixels: Uint8Array;
  labels: Int32Array;
}

export const seed = 12345;
const mean = 0.5, deviation = 0.25;

/** Random pixels and labels. */
export function drawBatch(count: number, shape: Shape, classes: number): Batch {
  const random = new RandomStream(7, purpose.synthetic, count);
  const pixels = new Uint8Array(new SharedArrayBuffer(count * sizeOf(shape)));
  for (let i = 0; i < pixels.length; i++) pixels[i] = random.below(256);
  const labels = new Int32Array(new SharedArrayBuffer(4 * count));
  for (let i = 0; i < count; i++) labels[i] = random.below(classes);
  return { count, shape, pixels, labels };
}

/** As the network reads them: normalised, [count, channels, height, width]. */
export function networkInputs({ count, shape, pixels }: Batch): Float64Array {
  const { channels, height, width } = shape;
  const cells = height * width;
  return Float64Array.from({ length: count * sizeOf(shape) }, (_, i) => {
    const image = Math.floor(i / (channels * cells)), channel = Math.floor(i / cells) % channels, cell = i % cells;
    return (pixels[(image * cells + cell) * channels + channel] / 255 - mean) / deviation;
  });
}

/** `keep`: whether every layer's output can be read outside training; else layers may be fused there, and only the network's can. */
export const wasm = (threads: number, keep: boolean, kernels?: KernelVariant): ConformanceTarget => ({
  name: `wasm, ${threads} thread${threads === 1 ? '' : 's'}${keep ? ', outputs kept' : ''}${kernels ? `, ${kernels} kernels` : ''}`,
  async open(network, batchSize) {
    const optimizer = { type: 'sgd', options: { lr: 0.5, momentum: 0.5, nesterov: false, weight_decay: 0 } };
    const kept = keep ? network.layers.slice(1).map((layer) => layer.name) : [];
    const engine = await createEngine({ network, threads, kernels, keep: kept, training: { batchSize, optimizer, seed } });
    return {
      forwardBackward: (weights, batch, step) => oneStep(engine, network, weights, batch, step),
      async forward(weights, batch) {
        await engine.load(weights);
        return engine.forward(Float32Array.from(networkInputs(batch)), batch.count);
      },
      close: () => engine.close(),
    };
  },
});

async function oneStep(engine: Engine, network: Network, weights: Tensors, batch: Batch, step: number): Promise<TrainingResult> {
  const trained = network.layers.flatMap((layer) => layer.parameters.filter((each) => each.trained).map((each) => parameterKey(layer, each)));
  const resting: [string, Tensor][] = trained.map((key) => [`sgd.momentum/${key}`, { shape: weights.get(key)!.shape, data: new Float32Array(weights.get(key)!.data.length) }]);
  await engine.load(new Map([...weights, ...resting]));
  await engine.attach('batch', sourceOf(batch));
  const report = await engine.train('batch', { epoch: 0, fromStep: 0, toStep: 1, stepsBefore: step, learningRates: Float64Array.of(0.5) });
  if (report.steps !== 1) throw new Error(`the step did not end: ${report.diverged?.what ?? 'no reason given'}`);
  const { model, optimizer } = await engine.save();
  return {
    loss: report.loss[0] / batch.count,
    gradients: new Map(trained.map((key) => [key, optimizer.get(`sgd.momentum/${key}`)!.data])),
    buffers: new Map([...model].filter(([key]) => !trained.includes(key)).map(([key, tensor]) => [key, tensor.data])),
  };
}

export function sourceOf({ count, shape, pixels, labels }: Batch): ImageSource {
  const perChannel = (value: number): number[] => Array.from({ length: shape.channels }, () => value);
  return { pixels, labels, count, ...shape, mean: perChannel(mean), deviation: perChannel(deviation), augmentation: [], shuffle: false, seed };
}
