/**
 * What every layer of a network costs and sees: the figures of `exp inspect`, `exp diff` and of design advice. Costs are for
 * one image, forward, unless said otherwise; bytes are those of float32 values.
 */
import { sizeOf } from '../common/shape.ts';
import type { Pair, Shape } from '../common/shape.ts';
import type { Parameter } from '../layers/layer.ts';
import type { Network, NetworkLayer } from './network.ts';
import { receptiveFields } from './receptive-field.ts';
import type { ReceptiveField } from './receptive-field.ts';

export interface LayerSummary {
  name: string;
  type: string;
  /** Names of the layers it reads. */
  inputs: readonly string[];
  shape: Shape;
  /** Trained ones. */
  parameters: number;
  multiplyAdds: number;
  /** Of all multiply-adds, 0 to 1. */
  share: number;
  /** Of its output. */
  activationBytes: number;
  receptiveField: ReceptiveField;
  /** A cell sees more than the whole input along some axis: part of what it sees is padding. */
  exceedsInput: boolean;
  layer: NetworkLayer;
}

export interface NetworkSummary {
  input: Shape;
  classes: number;
  parameters: number;
  multiplyAdds: number;
  /** Outputs of all layers. */
  activationBytes: number;
  /** Without the input. */
  layers: readonly LayerSummary[];
}

const floatBytes = 4;

export function summarizeNetwork(network: Network): NetworkSummary {
  const fields = receptiveFields(network);
  const multiplyAdds = network.layers.reduce((sum, layer) => sum + layer.multiplyAdds, 0);
  const layers = network.layers.map((layer, index): LayerSummary => ({
    name: layer.name,
    type: layer.type,
    inputs: layer.inputs.map((each) => network.layers[each].name),
    shape: layer.shape,
    parameters: trainedCount(layer.parameters),
    multiplyAdds: layer.multiplyAdds,
    share: multiplyAdds > 0 ? layer.multiplyAdds / multiplyAdds : 0,
    activationBytes: floatBytes * sizeOf(layer.shape),
    receptiveField: fields[index],
    exceedsInput: exceeds(fields[index].size, network.input),
    layer,
  })).slice(1);
  return {
    input: network.input,
    classes: network.classes,
    parameters: sumOf(layers, (each) => each.parameters),
    multiplyAdds,
    activationBytes: sumOf(layers, (each) => each.activationBytes),
    layers,
  };
}

/** Trained numbers of a layer. */
export function trainedCount(parameters: readonly Parameter[]): number {
  return sumOf(parameters.filter((each) => each.trained), (each) => each.shape.reduce((a, b) => a * b, 1));
}

function exceeds([height, width]: Pair, input: Shape): boolean {
  return height > input.height || width > input.width;
}

export function sumOf<T>(list: readonly T[], value: (each: T) => number): number {
  return list.reduce((sum, each) => sum + value(each), 0);
}
