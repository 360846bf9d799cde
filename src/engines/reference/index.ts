/** The float64 reference of a whole network: forward, loss, backward. An oracle for tests, not an engine to train with. */
import type { Network, NetworkLayer } from '../../network/network.ts';
import { layerBackward, layerBuffers, layerForward } from './layer.ts';
import { lossAndGradient } from './loss.ts';
import type { Context, FeatureMaps, Values } from './operation.ts';

export { layerBackward, layerBuffers, layerForward } from './layer.ts';
export { lossAndGradient } from './loss.ts';
export { zeros } from './operation.ts';
export type { Context, FeatureMaps, Gradients, Values } from './operation.ts';
export { updateParameter } from './update.ts';

/** By name, e.g. `conv1.weight`: float32 tensors, or float64 ones for finite differences. */
export type Weights = ReadonlyMap<string, { data: ArrayLike<number> }>;

export interface Mode {
  training: boolean;
  /** By layer, for each dropout layer in training: 1 keeps, 0 drops; [batch, channels, height, width]. */
  masks?: ReadonlyMap<string, ArrayLike<number>>;
}

export interface Step {
  /** Mean over the batch; heads included with their weights in training. */
  loss: number;
  /** [batch, classes] */
  logits: Float64Array;
  /** Of trained parameters, by name. */
  gradients: Map<string, Float64Array>;
  /** d loss / d input, [batch, channels, height, width] */
  inputGradient: Float64Array;
  /** Running statistics after this batch, by name; only in training. */
  buffers: Map<string, Float64Array>;
}

/** Output of every layer, in the order of the layers. `inputs`: [batch, channels, height, width]. */
export function referenceForward(network: Network, weights: Weights, inputs: ArrayLike<number>, count: number, mode: Mode): FeatureMaps[] {
  const outputs: FeatureMaps[] = [];
  for (const layer of network.layers) {
    const read = layer.inputs.map((index) => outputs[index]);
    outputs.push(
      read.length === 0
        ? { count, shape: layer.shape, data: Float64Array.from(inputs) }
        : layerForward(layer.primitives, read, valuesOf(layer, weights), contextOf(layer, mode)),
    );
  }
  return outputs;
}

/** Forward, loss and backward of one batch. Labels: one class per image. */
export function referenceForwardBackward(network: Network, weights: Weights, inputs: ArrayLike<number>, labels: ArrayLike<number>, mode: Mode): Step {
  const outputs = referenceForward(network, weights, inputs, labels.length, mode);
  const toOutputs: (FeatureMaps | undefined)[] = network.layers.map(() => undefined);
  const heads = [{ output: network.output, weight: 1 }, ...(mode.training ? network.heads : [])];
  let loss = 0;
  for (const head of heads) {
    const part = lossAndGradient(network.loss, outputs[head.output], labels);
    loss += head.weight * part.loss;
    contribute(toOutputs, head.output, { ...part.gradient, data: part.gradient.data.map((value) => head.weight * value) });
  }
  const gradients = new Map<string, Float64Array>();
  const buffers = new Map<string, Float64Array>();
  for (let index = network.layers.length - 1; index > 0; index--) {
    const layer = network.layers[index];
    const gradient = toOutputs[index];
    const read = layer.inputs.map((each) => outputs[each]);
    const values = valuesOf(layer, weights), context = contextOf(layer, mode);
    for (const [name, data] of Object.entries(layerBuffers(layer.primitives, read, values, context))) buffers.set(`${layer.name}.${name}`, data);
    if (gradient === undefined) continue; // a head's layer, outside training
    const back = layerBackward(layer.primitives, read, values, context, gradient);
    layer.inputs.forEach((each, position) => contribute(toOutputs, each, back.inputs[position]));
    for (const [name, data] of Object.entries(back.parameters)) gradients.set(`${layer.name}.${name}`, data);
  }
  return { loss, logits: outputs[network.output].data, gradients, inputGradient: toOutputs[0]!.data, buffers };
}

/** Where several layers read one output, its gradients add up. */
function contribute(gradients: (FeatureMaps | undefined)[], index: number, gradient: FeatureMaps): void {
  const before = gradients[index];
  gradients[index] = before === undefined ? gradient : { ...gradient, data: gradient.data.map((value, i) => value + before.data[i]) };
}

function valuesOf(layer: NetworkLayer, weights: Weights): Values {
  return Object.fromEntries(layer.parameters.map(({ name }) => {
    const tensor = weights.get(`${layer.name}.${name}`);
    if (tensor === undefined) throw new Error(`there is no tensor ${layer.name}.${name}`);
    return [name, tensor.data];
  }));
}

function contextOf(layer: NetworkLayer, { training, masks }: Mode): Context {
  const mask = masks?.get(layer.name);
  return { training, ...(mask === undefined ? {} : { mask }) };
}
