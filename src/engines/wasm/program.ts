/**
 * The engine's own form of a network: operations on maps, in the order in which they run, with the phase each belongs to.
 * Between two phases all threads wait for each other (batch normalisation needs the whole batch); inside a phase a thread
 * takes a few images at a time through all operations. Nothing here has an address yet: memory.ts gives them.
 */
import type { Padding, Shape } from '../../common/shape.ts';
import type { ModuleBuilder } from './emitter.ts';
import type { Numerics } from './kernels/numerics.ts';
import type { LossOptions } from './loss.ts';
import type { Work } from './stopwatch.ts';

/** One feature map (or vector) of every image. */
export interface FeatureMap {
  id: number;
  shape: Shape;
  /** Zeros that its readers need around it. */
  border: Padding;
  /** Channels in memory: a multiple of 16, or exactly the image's for an input that only convolutions read. */
  physical: number;
  /** The map is a ReLU's result: gradients to it count only where it is positive. */
  relu: boolean;
  /** Keeps memory of its own: what nobody writes in it stays zero. */
  exclusive: boolean;
  /** Phase that writes it. */
  phase: number;
}

/** A fixed place in memory shared by all threads: weights, vectors, sums. */
export interface Place {
  bytes: number;
  address: number;
}

/** One copy for each shard; the address is the first copy's. */
export interface ShardPlace extends Place {
  strideBytes: number;
}

export type Argument =
  | { map: FeatureMap; /** Floats from the first pixel's first channel. */ offset?: number }
  | { place: Place; offset?: number }
  | { shard: ShardPlace; offset?: number }
  /** In the thread's memory: sums kept over a shard, and the workspace that one operation uses at a time. */
  | { threadPlace: Place; offset?: number }
  | { workspace: number }
  | { value: number }
  | { of: 'image' | 'images' | 'step' | 'seed' };

export interface Call {
  /** Index of the function in the module. */
  function: number;
  arguments: readonly Argument[];
}

export type Pass = 'forward' | 'data' | 'weights' | 'loss';

export interface Operation {
  /** `conv1` */
  layer: string;
  pass: Pass;
  phase: number;
  reads: readonly FeatureMap[];
  writes: readonly FeatureMap[];
  /** Emits the kernels, once every map has its layout. */
  emit(context: EmitContext): Call[];
  /** Sums of the thread, and the calls after the last images of a shard. Their first word is set before the first: nothing is in them yet. */
  sums?: Place;
  finish?(context: EmitContext): Call[];
  work?: Work;
}

/** A form of a layer's weights that a kernel wants, made again after every update, block by block. */
export interface Derived {
  from: Place;
  to: Place;
  blocks: number;
  /** Floats of a block in `from`, and from a block to the next in `to`. */
  blockFloats: number;
  pointBlockFloats: number;
  /** Emits the kernel: parameters from, to, temporary, blocks. */
  emit(module: ModuleBuilder, numerics: Numerics): number;
}

export interface EmitContext {
  module: ModuleBuilder;
  microBatch: number;
  numerics: Numerics;
  layout(map: FeatureMap): Layout;
  /** Index of the imported loss function. */
  lossImport: number;
}

/** Where the pixels of a map are: all in floats. Pixel (0, 0) of image 0 is at `origin`. */
export interface Layout {
  column: number;
  row: number;
  image: number;
  origin: number;
}

/** Work at the end of a phase, done by one thread while the others wait. Plain data: threads receive it. */
export type Finale =
  | {
      kind: 'batchStatistics'; phase: number; channels: number; physical: number; epsilon: number; momentum: number;
      /** Σ d, Σ d² by shard, d = x - running mean; then weight, bias, running mean and variance, and what it writes: scale and shift, mean and 1 / deviation. */
      sums: number; sumsStride: number; weight: number; bias: number; runningMean: number; runningVariance: number; scaleShift: number; statistics: number;
      /** Height × width. */
      pixels: number;
    }
  | {
      kind: 'batchGradient'; phase: number; channels: number; physical: number;
      sums: number; sumsStride: number; weight: number; weightGradient: number; biasGradient: number; statistics: number; coefficients: number; pixels: number;
    };

/** Before inference: scale and shift of a batch normalisation from its running statistics. */
export interface Frozen {
  kind: 'frozenStatistics'; channels: number; physical: number; pixels: number; epsilon: number;
  weight: number; bias: number; runningMean: number; runningVariance: number; scaleShift: number;
}

/** A loss: where logits and their gradient are is passed by the call; the rest is here. */
export interface LossPlan extends LossOptions {
  /** Factor of this head's loss in the total. */
  weight: number;
  /** Whether predictions are taken from it. */
  main: boolean;
}

/** `size` rounded up to a multiple of 16. */
export const sixteens = (size: number): number => Math.ceil(size / 16) * 16;

/** A map's layout for a given physical shape. Rows at distances of 2 KiB are moved apart: they would share cache sets. */
export function layoutOf(map: FeatureMap): Layout {
  const { shape, border, physical } = map;
  const column = physical;
  const width = border.left + shape.width + border.right;
  let row = width * column;
  if ((row * 4) % 2048 === 0 && shape.height > 1) row += 16;
  const rows = border.top + shape.height + border.bottom;
  let image = sixteens(rows * row);
  if ((image * 4) % 4096 === 0) image += 16;
  return { column, row, image, origin: border.top * row + border.left * column };
}
