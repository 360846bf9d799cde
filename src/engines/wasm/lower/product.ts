/** What the products of a convolution work on (products.ts, depthwise.ts). */
import type { PrimitiveOf } from '../../../layers/primitives.ts';
import type { Folded } from '../builder.ts';
import type { Argument, FeatureMap, Layout, Pass } from '../program.ts';
import type { Work } from '../stopwatch.ts';

/** Of a convolution from `image` to `filtered`. */
export type Geometry = Pick<PrimitiveOf<'convolution'>, 'filters' | 'kernel' | 'stride' | 'dilation' | 'padding' | 'groups'>;

export interface WeightProduct {
  layer: string;
  geometry: Geometry;
  /** The map that the convolution reads, and the one that it writes; or their gradients. */
  image: FeatureMap;
  filtered: FeatureMap;
}

export interface Product extends WeightProduct {
  pass: Pass;
  bias: boolean;
  relu: boolean;
  folded: Folded;
}

/** Of each of the three products, for one image. `executed`: with the channels that only pad. */
export function directWork({ kernel, groups }: Geometry, image: FeatureMap, filtered: FeatureMap, reach: number): Work {
  const cells = filtered.shape.height * filtered.shape.width * kernel[0] * kernel[1];
  return { method: 'direct', multiplyAdds: (cells * filtered.shape.channels * image.shape.channels) / groups, executed: cells * filtered.physical * reach };
}

/** In place of a map or a vector that a kernel does not use. */
export const nothing: Argument = { value: 0 };

/** Floats from an image's first pixel to what the first tap of the first window reads. */
export const firstTap = ({ padding }: Geometry, layout: Layout): number => -padding.top * layout.row - padding.left * layout.column;
