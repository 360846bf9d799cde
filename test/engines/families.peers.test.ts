/**
 * Each family of networks in configs/ against PyTorch in float64, with the same weights: the output of every layer, and the
 * gradient of every parameter. Needs Python (`EXP_PYTHON`, else python3) with `pip install torch==2.13.0 safetensors numpy`.
 */
import { afterAll, expect, test } from 'vitest';
import type { Tensors } from '../../src/common/tensor.ts';
import { parameterKey } from '../../src/network/network.ts';
import { askTorch, networkWithoutDropout } from '../oracle/torch-network.ts';
import { drawnWeights } from './conformance/networks.ts';
import { drawBatch, networkInputs, wasm } from './conformance/targets.ts';
import type { TrainingResult } from './conformance/targets.ts';

const classes = 7;
const dataset = (channels: number, size: number): string => `dataset={ random: { shape: [${channels}, ${size}, ${size}], classes: ${classes} } }`;

/** Each of the first so many repeats only once. */
const repeats = (count: number): string[] => Array.from({ length: count }, (_, index) => `model.layers.repeat${index + 1}.times=1`);

/**
 * Small images, and few units in the dense layers that hold most of the parameters. The deepest networks are narrower as well:
 * of millions of ReLUs some are nearer to 0 than float32 can tell, in PyTorch as here.
 */
const families: readonly [name: string, file: string, overrides: readonly string[], narrow?: number][] = [
  ['DeepConvNet', 'deepconvnet', [dataset(1, 28)]],
  ['DeepConvNet, VGG-like', 'deepconvnet-vgg', [dataset(1, 28)]],
  ['DeepConvNet, Inception-like', 'deepconvnet-inception', [dataset(1, 28)]],
  ['DeepConvNet, ResNet-like', 'deepconvnet-resnet', [dataset(1, 28)]],
  ['AlexNet', 'alexnet', [dataset(3, 95), 'model.layers.dense1.units=96', 'model.layers.dense2.units=80']],
  ['VGG', 'vgg16', [dataset(3, 32), 'model.layers.Classifier1.dense1.units=96', 'model.layers.Classifier1.dense2.units=80']],
  ['GoogLeNet with its heads', 'googlenet', [dataset(3, 80)]],
  ['GoogLeNet with batch normalisation', 'googlenet-torchvision', [dataset(3, 80)], 8],
  ['ResNet, basic blocks', 'resnet18', [dataset(3, 64)]],
  ['ResNet, bottlenecks', 'resnet50', [dataset(3, 33), ...repeats(4)], 4],
  ['ResNet for small images', 'resnet20-cifar', [dataset(3, 16)]],
  ['ResNet for small images, projections', 'resnet20-cifar', [dataset(3, 16), 'variables.shortcut=auto']],
  ['SqueezeNet', 'squeezenet', [dataset(3, 64)]],
  ['MobileNetV2', 'mobilenet-v2', [dataset(3, 65), ...repeats(4)], 4],
  ['DenseNet', 'densenet-bc-100-12', [dataset(3, 8)]],
  ['Inception for small images', 'inception-cifar', [dataset(3, 16)]],
];

const images = 4;
/** Largest error / largest value, per tensor. */
const tolerance = 1e-4;

interface Answer {
  loss: number;
  forward: Record<string, number>;
  forwardOfFloat32: Record<string, number>;
  gradients: Record<string, number>;
  gradientsAsDecided: Record<string, number>;
  gradientsOfFloat32: Record<string, number>;
  buffers: Record<string, number>;
  decisions: number;
  near: number;
  otherwise: number;
}

const rows: string[] = [];
const largest = (errors: Record<string, number>): number => Math.max(...Object.values(errors), 0);
const beyond = (errors: Record<string, number>): [string, number][] => Object.entries(errors).filter(([, error]) => !(error <= tolerance));
const shown = (value: number): string => value.toExponential(1).padStart(9);

afterAll(() => {
  process.stdout.write(`\nlargest error / largest value of the worst tensor, against PyTorch in float64\n${'network'.padEnd(38)}  forward  torch f32  gradient  torch f32   near  of decisions  otherwise\n${rows.join('\n')}\n`);
});

test.each(families)('%s', async (name, file, overrides, narrow) => {
  const { network } = networkWithoutDropout(`configs/${file}.yaml`, overrides, narrow);
  const batch = drawBatch(images, network.input, classes);
  const target = await wasm(2, true).open(network, images);
  const weights = await settled(drawnWeights(network), (drawn) => target.forwardBackward(drawn, batch, 0));
  const outputs = await target.forward(weights, batch);
  const step = await target.forwardBackward(weights, batch, 0);
  await target.close();

  const { channels, height, width } = network.input;
  const shapes = new Map(network.layers.flatMap((layer) => layer.parameters.map((each) => [parameterKey(layer, each), each.shape] as const)));
  const named = (prefix: string, values: ReadonlyMap<string, ArrayLike<number>>): Tensors => new Map([...values].map(([key, data]) => [`${prefix} ${key}`, { shape: shapes.get(key)!, data: Float32Array.from(data) }]));
  const ours: Tensors = new Map([...named('gradient', step.gradients), ...named('buffer', step.buffers), ...[...outputs].map(([key, tensor]) => [`output ${key}`, tensor] as const)]);
  const inputs = { shape: [images, channels, height, width], data: Float32Array.from(networkInputs(batch)) };
  const answer = askTorch('gradients', network, { labels: [...batch.labels], tolerance, margin: 2e-5, tries: 30 }, new Map([...weights, ['images', inputs]]), ours) as Answer;

  const { near, decisions, otherwise } = answer;
  rows.push(`${name.padEnd(38)}${[answer.forward, answer.forwardOfFloat32, answer.gradients, answer.gradientsOfFloat32].map((each) => shown(largest(each))).join('')}  ${String(near).padStart(6)}${String(decisions).padStart(12)}${String(otherwise).padStart(10)}${otherwise > 0 ? `  (${shown(largest(answer.gradientsAsDecided)).trim()} before)` : ''}`);
  expect(Object.keys(answer.gradients).length).toBe(step.gradients.size);
  expect({ forward: beyond(answer.forward), gradients: beyond(answer.gradients), buffers: beyond(answer.buffers) }).toEqual({ forward: [], gradients: [], buffers: [] });
  expect(Math.abs(step.loss / answer.loss - 1)).toBeLessThan(tolerance);
});

/** The running statistics those of the batch, which a step mixes into them: else outputs outside training grow from layer to layer. */
async function settled(weights: Tensors, step: (weights: Tensors) => Promise<TrainingResult>): Promise<Tensors> {
  const share = 0.1;
  const { buffers } = await step(weights);
  return new Map([...weights].map(([key, { shape, data }]) => {
    const after = buffers.get(key);
    return [key, { shape, data: after ? data.map((value, i) => Math.max((after[i] - (1 - share) * value) / share, key.endsWith('var') ? 1e-3 : -Infinity)) : data }];
  }));
}
