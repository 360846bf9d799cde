/**
 * What every contender is given, as a folder: the network as primitives, its first weights, and images in the order in
 * which they are trained on. So all compute the same thing, and their losses can be compared.
 *
 *     task.json     see Task
 *     weights.bin   float32, the parameters one after the other, in PyTorch's layout
 *     images.bin    bytes, [batches × batch, height, width, channels]
 *     labels.bin    int32, [batches × batch]
 */
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Entry } from '../src/common/entry.ts';
import type { Shape } from '../src/common/shape.ts';
import { sizeOf } from '../src/common/shape.ts';
import { loadExperiment } from '../src/config/index.ts';
import { datasetFacts } from '../src/datasets/index.ts';
import type { Primitive } from '../src/layers/primitives.ts';
import { buildNetwork, initialWeights } from '../src/network/index.ts';
import { parameterKey } from '../src/network/network.ts';
import type { Network } from '../src/network/network.ts';
import { countWork } from './work.ts';
import type { Work } from './work.ts';

export interface Task {
  name: string;
  /** The configuration that `exp` reads; the others read what follows. */
  file: string;
  batch: number;
  /** In memory; after the last comes the first. */
  batches: number;
  input: Shape;
  classes: number;
  optimizer: Entry;
  /** As in Network: `layers[0]` is the input, every layer comes after its inputs. */
  layers: { name: string; inputs: number[]; shape: Shape; primitives: Primitive[]; parameters: TaskParameter[] }[];
  /** Index of the layer whose output are the logits. */
  output: number;
  multiplyAdds: Work;
}

export interface TaskParameter {
  name: string;
  shape: readonly number[];
  trained: boolean;
  /** Whether weight decay applies. */
  decay: boolean;
  /** In weights.bin, in floats. */
  offset: number;
}

const networks = fileURLToPath(new URL('./networks/', import.meta.url));
const batchesInMemory = 20;

/** Names of the networks in bench/networks/. */
export function networkNames(): string[] {
  return readdirSync(networks).filter((file) => file.endsWith('.yaml')).map((file) => file.slice(0, -'.yaml'.length));
}

/** Writes a task into a new folder and returns both; the caller removes the folder. */
export function writeTask(name: string): { task: Task; folder: string } {
  const file = join(networks, `${name}.yaml`);
  const { experiment } = loadExperiment({ file });
  const { model, train, dataset, seed } = experiment;
  const network = buildNetwork(model, train.loss, datasetFacts(dataset));
  const weights = initialWeights(network, model.initializer, seed);
  const folder = mkdtempSync(join(tmpdir(), 'exp-bench-'));
  let offset = 0;
  const place = (shape: readonly number[]): number => (offset += shape.reduce((a, b) => a * b, 1)) - shape.reduce((a, b) => a * b, 1);
  const task: Task = {
    name, file, batch: train.batch_size, batches: batchesInMemory, input: network.input, classes: network.classes, optimizer: train.optimizer,
    layers: network.layers.map((layer) => ({
      name: layer.name, inputs: layer.inputs, shape: layer.shape, primitives: layer.primitives,
      parameters: layer.parameters.map((each) => ({ name: each.name, shape: each.shape, trained: each.trained, decay: each.decay, offset: place(each.shape) })),
    })),
    output: network.output,
    multiplyAdds: countWork(network),
  };
  const values = network.layers.flatMap((layer) => layer.parameters.map((each) => weights.get(parameterKey(layer, each))!.data));
  const { pixels, labels } = stripes(network, batchesInMemory * train.batch_size);
  writeFileSync(join(folder, 'task.json'), JSON.stringify(task));
  writeFileSync(join(folder, 'weights.bin'), Buffer.concat(values.map((each) => new Uint8Array(each.buffer, each.byteOffset, each.byteLength))));
  writeFileSync(join(folder, 'images.bin'), pixels);
  writeFileSync(join(folder, 'labels.bin'), new Uint8Array(labels.buffer));
  return { task, folder };
}

/** Images that can be told apart: the row of the brightest stripe is the label; the rest is noise. */
function stripes({ input, classes }: Network, count: number): { pixels: Uint8Array; labels: Int32Array } {
  const size = sizeOf(input);
  const pixels = new Uint8Array(count * size);
  const labels = Int32Array.from({ length: count }, (_, image) => image % classes);
  let state = 1;
  for (let image = 0; image < count; image++) {
    const bright = Math.floor((labels[image] * input.height) / classes);
    for (let i = 0; i < size; i++) {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      const row = Math.floor(i / (input.width * input.channels));
      pixels[image * size + i] = (state >>> 25) + (row === bright ? 100 : 0);
    }
  }
  return { pixels, labels };
}
