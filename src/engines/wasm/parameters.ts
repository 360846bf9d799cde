/**
 * Where parameters lie and how they travel between PyTorch's layout (files) and the engine's: convolutions and dense layers
 * are [block of 16 outputs][kernel row][kernel column][input channel][16], where with groups the input channels are those that
 * the block reads (groups.ts); one filter a channel is [kernel row][kernel column][channel]. Vectors are padded to a multiple of 16.
 * Padding is zero and stays zero: its gradients are.
 */
import type { Shape } from '../../common/shape.ts';
import type { Network, NetworkLayer } from '../../network/network.ts';
import { parameterKey } from '../../network/network.ts';
import type { Parameter } from '../../layers/layer.ts';
import { isDepthwise, windowsOf } from './groups.ts';
import { sixteens } from './program.ts';

export interface PlannedParameter {
  /** `conv1.weight` */
  key: string;
  layer: string;
  shape: readonly number[];
  trained: boolean;
  decay: boolean;
  /** Floats in memory, a multiple of 16. */
  size: number;
  /** Floats from the start of the parameters. */
  offset: number;
  arrangement: Arrangement;
}

/** How the tensor's elements are arranged. Plain data. */
export type Arrangement =
  | { kind: 'vector'; count: number }
  /** [outputs, channels / groups, height, width], with `physical` input channels in memory. */
  | { kind: 'matrix'; outputs: number; channels: number; height: number; width: number; physical: number; groups: number };

/** Floats of an arrangement in memory. */
export function arrangedSize(a: Arrangement): number {
  if (a.kind === 'vector') return sixteens(a.count);
  if (isDepthwise(a.groups, a.outputs, a)) return a.height * a.width * a.physical;
  return sixteens(a.outputs) * a.height * a.width * windowsOf(a.groups, a.outputs, a).reach;
}

/** `physicalOf`: channels in memory of the map that a layer reads. Trained parameters come first, so that one stretch holds all of them. */
export function planParameters(network: Network, physicalOf: (layer: NetworkLayer) => { shape: Shape; physical: number }): PlannedParameter[] {
  const all = network.layers.flatMap((layer) => layer.parameters.map((parameter) => ({ layer, parameter })));
  let offset = 0;
  return [...all.filter(({ parameter }) => parameter.trained), ...all.filter(({ parameter }) => !parameter.trained)].map(({ layer, parameter }) => {
    const arrangement = arrange(parameter, layer, physicalOf(layer));
    const planned = {
      key: parameterKey(layer, parameter), layer: layer.name, shape: parameter.shape, trained: parameter.trained, decay: parameter.decay,
      size: arrangedSize(arrangement), offset, arrangement,
    };
    offset += planned.size;
    return planned;
  });
}

function arrange({ shape }: Parameter, layer: NetworkLayer, input: { shape: Shape; physical: number }): Arrangement {
  if (shape.length === 4) {
    const [outputs, channels, height, width] = shape as [number, number, number, number];
    const { groups, physical } = readsOf(layer, input.physical);
    return { kind: 'matrix', outputs, channels: channels * groups, height, width, physical, groups };
  }
  if (shape.length === 2) {
    const { channels, height, width } = input.shape;
    return { kind: 'matrix', outputs: shape[0], channels, height, width, physical: input.physical, groups: 1 };
  }
  return { kind: 'vector', count: shape[0] };
}

/**
 * Groups, and channels in memory of what is read, of the convolution that a layer's weights belong to. A transposed one has
 * those of the convolution from its output to its input.
 */
function readsOf(layer: NetworkLayer, physical: number): { groups: number; physical: number } {
  for (const primitive of layer.primitives) {
    if (primitive.op === 'convolution') return { groups: primitive.groups, physical };
    if (primitive.op === 'transposedConvolution') return { groups: primitive.groups, physical: sixteens(primitive.filters) };
  }
  throw new Error(`${layer.name} has the weights of a convolution but none`);
}

/** Calls `move(file index, memory index)` for every element. */
function eachElement(a: Arrangement, move: (file: number, memory: number) => void): void {
  if (a.kind === 'vector') {
    for (let i = 0; i < a.count; i++) move(i, i);
    return;
  }
  const { outputs, height, width, physical, groups } = a;
  const pixels = height * width, channels = a.channels / groups;
  if (isDepthwise(groups, outputs, a)) {
    for (let o = 0, file = 0; o < outputs; o++) for (let p = 0; p < pixels; p++, file++) move(file, p * physical + o);
    return;
  }
  const { reach, starts } = windowsOf(groups, outputs, a);
  for (let o = 0, file = 0; o < outputs; o++) {
    const block = (o >> 4) * pixels * reach * 16 + (o & 15);
    const first = Math.floor((o * groups) / outputs) * channels - starts[o >> 4];
    for (let c = 0; c < channels; c++) {
      for (let p = 0; p < pixels; p++, file++) move(file, block + (p * reach + first + c) * 16);
    }
  }
}

export function toMemory(a: Arrangement, file: Float32Array, memory: Float32Array): void {
  eachElement(a, (from, to) => { memory[to] = file[from]!; });
}

export function fromMemory(a: Arrangement, memory: Float32Array, file: Float32Array): void {
  eachElement(a, (to, from) => { file[to] = memory[from]!; });
}
