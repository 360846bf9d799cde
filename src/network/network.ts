/**
 * A network with every shape known: layers in topological order, each lowered to primitives. Plain data, so that it can
 * be posted to threads and written to files.
 */
import type { Pair, Shape } from '../common/shape.ts';
import type { Parameter } from '../layers/layer.ts';
import type { LossPrimitive, Primitive } from '../layers/primitives.ts';
import type { Place } from '../common/problem.ts';

export interface Network {
  input: Shape;
  classes: number;
  /** `layers[0]` is the input: type `input`, no primitives. Every layer comes after its inputs. */
  layers: NetworkLayer[];
  /** Index of the layer whose output are the logits. */
  output: number;
  loss: LossPrimitive;
  /** Auxiliary classifiers: index of the logits and the weight of their loss. */
  heads: { name: string; output: number; weight: number }[];
}

export interface NetworkLayer {
  /** Unique, e.g. `conv1` or `stage2.1.conv2`. */
  name: string;
  type: string;
  options: Record<string, unknown>;
  /** Indices of the layers it reads. */
  inputs: number[];
  shape: Shape;
  /** The first takes the inputs, each other one the result before it; an empty list passes its only input on. */
  primitives: Primitive[];
  parameters: Parameter[];
  multiplyAdds: number;
  window: { kernel: Pair; stride: Pair; dilation: Pair };
  needsWholeBatch: boolean;
  random: boolean;
  place?: Place;
}

/** `conv1.weight` */
export function parameterKey(layer: NetworkLayer, parameter: Parameter): string {
  return `${layer.name}.${parameter.name}`;
}

export function parameterCount(network: Network): number {
  let count = 0;
  for (const layer of network.layers) {
    for (const parameter of layer.parameters) if (parameter.trained) count += parameter.shape.reduce((a, b) => a * b, 1);
  }
  return count;
}

/** Multiply-adds of convolutions and dense layers, forward, for one image. */
export function multiplyAdds(network: Network): number {
  return network.layers.reduce((sum, layer) => sum + layer.multiplyAdds, 0);
}
