/**
 * The float64 reference: every primitive as plainly as its formula, forward and backward. Slow, and an oracle for tests;
 * nothing here is shared with the engine that trains. Feature maps are [batch, channels, height, width], row-major.
 */
import { sizeOf } from '../../common/shape.ts';
import type { Shape } from '../../common/shape.ts';
import type { Primitive } from '../../layers/primitives.ts';

export interface FeatureMaps {
  count: number;
  shape: Shape;
  /** [count, channels, height, width] */
  data: Float64Array;
}

/** Parameters and buffers of one layer by their short names: `weight`. */
export type Values = Readonly<Record<string, ArrayLike<number>>>;

export interface Context {
  /** Batch statistics and dropout; else running statistics and none. */
  training: boolean;
  /** Of this layer's dropout, one per element in [batch, channels, height, width]: 1 keeps, 0 drops. */
  mask?: ArrayLike<number>;
}

export interface Gradients {
  inputs: FeatureMaps[];
  /** By parameter name. */
  parameters: Record<string, Float64Array>;
}

/** `backward` gets what `forward` got, and d loss / d output; it gives d loss / d everything. */
export interface Operation<P extends Primitive> {
  forward(primitive: P, inputs: readonly FeatureMaps[], values: Values, context: Context): FeatureMaps;
  backward(primitive: P, inputs: readonly FeatureMaps[], values: Values, context: Context, gradient: FeatureMaps): Gradients;
}

export function zeros(count: number, shape: Shape): FeatureMaps {
  return { count, shape, data: new Float64Array(count * sizeOf(shape)) };
}

/** Position of an element in `data`. */
export function at({ channels, height, width }: Shape, image: number, channel: number, row: number, column: number): number {
  return ((image * channels + channel) * height + row) * width + column;
}

/** Calls for every element of a map, in the order of `data`. */
export function forEachCell(maps: FeatureMaps, visit: (image: number, channel: number, row: number, column: number, index: number) => void): void {
  const { channels, height, width } = maps.shape;
  let index = 0;
  for (let image = 0; image < maps.count; image++) {
    for (let channel = 0; channel < channels; channel++) {
      for (let row = 0; row < height; row++) for (let column = 0; column < width; column++) visit(image, channel, row, column, index++);
    }
  }
}
