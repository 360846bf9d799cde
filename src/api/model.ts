/**
 * A network with weights, in memory: forward, activations, evaluation, training with callbacks, weights in and out as
 * safetensors. No run directory, nothing printed. Engines are started when first needed; close the model when done.
 */
import { readFileSync } from 'node:fs';
import { describeSystemError, writeDurably } from '../common/durable.ts';
import { UserError } from '../common/problem.ts';
import { encodeTensors, parseTensors } from '../common/safetensors.ts';
import { sizeOf } from '../common/shape.ts';
import type { Tensor, Tensors } from '../common/tensor.ts';
import type { Experiment } from '../config/experiment.ts';
import { imageSource } from '../data/index.ts';
import type { LoadedDataset, Split } from '../datasets/dataset.ts';
import type { Engine, Evaluation } from '../engines/engine.ts';
import { initialWeights } from '../network/index.ts';
import type { Network } from '../network/network.ts';
import { train } from '../training/training.ts';
import type { Observer, TrainingResult } from '../training/training.ts';
import { normalizePixels } from './classify.ts';
import { createDefaultEngine, defaultThreads, prepareData, prepareEngine, prepareNetwork, trainingPlan } from './prepare.ts';
import type { CreateEngine } from './prepare.ts';
import { checkWeights } from './weights.ts';

export interface ModelOptions {
  /** Threads that compute; results do not depend on it. All processors where absent. */
  threads?: number;
  /** Another engine than the embedded one. */
  createEngine?: CreateEngine;
}

/** The order of the numbers of an image: channel by channel (PyTorch) or pixel by pixel (TensorFlow, image files). */
export type Layout = 'NCHW' | 'NHWC';

export interface TrainOptions {
  /** Else the experiment's dataset is loaded. Pixels must lie in SharedArrayBuffers (see `createSplit`). */
  dataset?: LoadedDataset;
  /** Callbacks; all optional, all awaited. */
  observer?: Observer;
  /** Ends training after the step in hand. */
  signal?: AbortSignal;
  /** A line for a person, such as a download's progress. */
  report?(message: string): void;
}

/** A network with the weights that its initializer and the seed give. Throws UserError where shapes do not fit. */
export function createModel(experiment: Experiment, options: ModelOptions = {}): Model {
  return new Model(experiment, options);
}

export class Model {
  readonly network: Network;
  private tensors: Tensors;
  /** For inference, with the layers whose outputs it keeps; stale once the weights change. */
  private inference: { engine: Engine; keep: readonly string[] } | undefined;

  constructor(readonly experiment: Experiment, private readonly options: ModelOptions) {
    this.network = prepareNetwork(experiment);
    this.tensors = initialWeights(this.network, experiment.model.initializer, experiment.seed);
  }

  /** By name (`conv1.weight`), in PyTorch's layout. Not a copy: treat as read-only, and set with `setWeights`. */
  get weights(): Tensors {
    return this.tensors;
  }

  /** Throws UserError naming every tensor that is missing, unknown or of another shape; then nothing is changed. */
  async setWeights(tensors: Tensors, source = 'the given tensors'): Promise<void> {
    this.tensors = checkWeights(this.network, tensors, source);
    await this.inference?.engine.load(this.tensors);
  }

  /** From a safetensors file of ours or of others (PyTorch's names and layouts). Throws UserError where it cannot be read or does not fit. */
  async loadWeights(file: string): Promise<void> {
    await this.setWeights(readTensors(file), file);
  }

  /** As safetensors, durably: the file before is replaced as a whole or not at all. */
  saveWeights(file: string): void {
    writeDurably(file, encodeTensors(this.tensors, { format: 'pt', name: this.experiment.name }));
  }

  /** Pixels [count × height × width × channels], 0..255, as `forward` takes them in NCHW: (pixel / 255 - mean) / deviation of the dataset entry. */
  normalize(pixels: Uint8Array): Float32Array {
    const size = sizeOf(this.network.input);
    const images = Array.from({ length: this.countOf(pixels.length) }, (_, index) => pixels.subarray(index * size, (index + 1) * size));
    return normalizePixels(images, this.network.input, this.experiment.dataset);
  }

  /** Logits [count, classes]. `images`: float32 [count, channels, height, width], or [count, height, width, channels] with `NHWC`; normalised (see `normalize`). */
  async forward(images: Float32Array, layout: Layout = 'NCHW'): Promise<Tensor> {
    const outputs = await this.run(images, layout, []);
    return outputs.get('output')!;
  }

  /** The outputs of layers by name, [count, channels, height, width] (vectors [count, features]); `output` are the logits. */
  async activations(images: Float32Array, layers: readonly string[], layout: Layout = 'NCHW'): Promise<Tensors> {
    const unknown = layers.filter((name) => !this.network.layers.some((layer) => layer.name === name));
    if (unknown.length > 0) {
      const names = this.network.layers.map((layer) => layer.name).join(', ');
      throw new UserError(unknown.map((name) => ({ code: 'unknown-layer', message: `there is no layer ${name}`, fix: `there are: ${names}` })));
    }
    const outputs = await this.run(images, layout, layers);
    return new Map([...layers, 'output'].map((name) => [name, outputs.get(name)!]));
  }

  /** Accuracy, loss and predictions over images in memory; the dataset's normalisation is applied. */
  async evaluate(split: Split): Promise<Evaluation> {
    const { engine } = await this.inferenceEngine([]);
    const { dataset, seed } = this.experiment;
    await engine.attach('images', imageSource(split, { shape: this.network.input }, dataset, { augmentation: [], shuffle: false, seed }));
    return engine.evaluate('images');
  }

  /** Trains as `exp run` does, to the same bits, from the present weights. They are the trained ones afterwards, also where stopped. */
  async train({ dataset: given, observer, signal, report = () => {} }: TrainOptions = {}): Promise<TrainingResult> {
    const { experiment, network, options } = this;
    const dataset = given ?? await prepareData(experiment, { environment: process.env, report, signal });
    const threads = options.threads ?? defaultThreads();
    const engine = await prepareEngine({ experiment, network, dataset, threads, createEngine: options.createEngine });
    try {
      await engine.load(this.tensors);
      const result = await train({ engine, plan: trainingPlan(experiment, dataset), observer, signal });
      await this.setWeights((await engine.save()).model);
      return result;
    } finally {
      await engine.close();
    }
  }

  /** Ends the threads. The model can still be used: they start again. */
  async close(): Promise<void> {
    await this.inference?.engine.close();
    this.inference = undefined;
  }

  private async run(images: Float32Array, layout: Layout, keep: readonly string[]): Promise<Tensors> {
    const count = this.countOf(images.length);
    const { engine } = await this.inferenceEngine(keep);
    return engine.forward(layout === 'NCHW' ? images : toChannelsFirst(images, count, this.network), count);
  }

  private countOf(numbers: number): number {
    const size = sizeOf(this.network.input);
    if (numbers > 0 && numbers % size === 0) return numbers / size;
    const { channels, height, width } = this.network.input;
    throw new UserError({ code: 'image-size', message: `${numbers} numbers are no whole images of ${channels}×${height}×${width} = ${size}` });
  }

  private async inferenceEngine(keep: readonly string[]): Promise<{ engine: Engine }> {
    if (this.inference && keep.every((name) => this.inference!.keep.includes(name))) return this.inference;
    await this.close();
    const create = this.options.createEngine ?? createDefaultEngine;
    const engine = await create({ network: this.network, threads: this.options.threads ?? defaultThreads(), keep });
    await engine.load(this.tensors);
    this.inference = { engine, keep };
    return this.inference;
  }
}

function readTensors(file: string): Tensors {
  try {
    return parseTensors(readFileSync(file)).tensors;
  } catch (error) {
    throw new UserError({ code: 'weights-unreadable', message: `${file} cannot be read: ${describeSystemError(error)}`, fix: 'weights are read from safetensors files' });
  }
}

function toChannelsFirst(images: Float32Array, count: number, { input: { channels, height, width } }: Network): Float32Array {
  const cells = height * width;
  const result = new Float32Array(images.length);
  for (let image = 0; image < count; image++) {
    for (let cell = 0; cell < cells; cell++) {
      for (let channel = 0; channel < channels; channel++) {
        result[(image * channels + channel) * cells + cell] = images[(image * cells + cell) * channels + channel]!;
      }
    }
  }
  return result;
}
