/**
 * Where parameters lie and how they travel between PyTorch's layout (files) and the engine's: convolutions and dense layers
 * are [block of 16 outputs][kernel row][kernel column][input channel][16], vectors are padded to a multiple of 16.
 * Padding is zero and stays zero: its gradients are.
 */
import type { Shape } from '../../common/shape.ts';
import type { Network, NetworkLayer } from '../../network/network.ts';
import { parameterKey } from '../../network/network.ts';
import type { Parameter } from '../../layers/layer.ts';
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
  /** [outputs, channels, height, width], with `physical` input channels in memory. */
  | { kind: 'matrix'; outputs: number; channels: number; height: number; width: number; physical: number };

/** Floats of an arrangement in memory. */
export function arrangedSize(a: Arrangement): number {
  return a.kind === 'vector' ? sixteens(a.count) : sixteens(a.outputs) * a.height * a.width * a.physical;
}

/** `physicalOf`: channels in memory of the map that a layer reads. Trained parameters come first, so that one stretch holds all of them. */
export function planParameters(network: Network, physicalOf: (layer: NetworkLayer) => { shape: Shape; physical: number }): PlannedParameter[] {
  const all = network.layers.flatMap((layer) => layer.parameters.map((parameter) => ({ layer, parameter })));
  let offset = 0;
  return [...all.filter(({ parameter }) => parameter.trained), ...all.filter(({ parameter }) => !parameter.trained)].map(({ layer, parameter }) => {
    const arrangement = arrange(parameter, physicalOf(layer));
    const planned = {
      key: parameterKey(layer, parameter), layer: layer.name, shape: parameter.shape, trained: parameter.trained, decay: parameter.decay,
      size: arrangedSize(arrangement), offset, arrangement,
    };
    offset += planned.size;
    return planned;
  });
}

function arrange(parameter: Parameter, input: { shape: Shape; physical: number }): Arrangement {
  const { shape } = parameter;
  if (shape.length === 4) {
    const [outputs, channels, height, width] = shape as [number, number, number, number];
    return { kind: 'matrix', outputs, channels, height, width, physical: input.physical };
  }
  if (shape.length === 2) {
    const { channels, height, width } = input.shape;
    return { kind: 'matrix', outputs: shape[0], channels, height, width, physical: input.physical };
  }
  return { kind: 'vector', count: shape[0] };
}

/** Calls `move(file index, memory index)` for every element. */
function eachElement(a: Arrangement, move: (file: number, memory: number) => void): void {
  if (a.kind === 'vector') {
    for (let i = 0; i < a.count; i++) move(i, i);
    return;
  }
  const { outputs, channels, height, width, physical } = a;
  for (let o = 0, file = 0; o < outputs; o++) {
    const block = (o >> 4) * height * width * physical * 16 + (o & 15);
    for (let c = 0; c < channels; c++) {
      for (let p = 0; p < height * width; p++, file++) move(file, block + (p * physical + c) * 16);
    }
  }
}

export function toMemory(a: Arrangement, file: Float32Array, memory: Float32Array): void {
  eachElement(a, (from, to) => { memory[to] = file[from]!; });
}

export function fromMemory(a: Arrangement, memory: Float32Array, file: Float32Array): void {
  eachElement(a, (to, from) => { file[to] = memory[from]!; });
}
