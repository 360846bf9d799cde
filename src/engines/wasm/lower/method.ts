/**
 * Which method a convolution uses, by a cost model of its shape: the same configuration always gives the same kernels, hence
 * the same bits. Costs in multiply-adds of a thread at full speed.
 */
import type { PrimitiveOf } from '../../../layers/primitives.ts';
import { gridOf, winograd2, winograd4, type Winograd } from '../kernels/winograd.ts';
import type { FeatureMap } from '../program.ts';

/** Methods that may be chosen; tests narrow it. */
export type Methods = 'direct' | 'winograd2' | 'winograd4' | 'all';

/**
 * A transform moves each element of a tile through a few additions and the caches: about this many multiply-adds' time for
 * every element of every plane, read and written (measured at 16 channels, where the transforms weigh most).
 */
const transformCost = 8;

/** Winograd's tile for this convolution, or undefined for the direct method. */
export function chooseMethod({ kernel, stride, dilation, groups, padding }: PrimitiveOf<'convolution'>, input: FeatureMap, output: FeatureMap, methods: Methods): Winograd | undefined {
  const fits = kernel[0] === 3 && kernel[1] === 3 && stride[0] === 1 && stride[1] === 1 && dilation[0] === 1 && dilation[1] === 1 && groups === 1;
  // The gradient to the data reads 2 - padding rows before the first: padding beyond 2 would read after it.
  const surrounded = padding.top <= 2 && padding.left <= 2;
  if (!fits || !surrounded || input.physical % 16 !== 0 || methods === 'direct') return undefined;
  if (methods === 'winograd2') return winograd2;
  if (methods === 'winograd4') return winograd4;
  const { height, width } = output.shape;
  const cost = (method: Winograd): number => {
    const grid = gridOf(height, width, method.tile);
    return grid.rows * grid.columns * method.points ** 2 * (input.physical * output.physical + transformCost * (input.physical + output.physical));
  };
  const candidates = [winograd2, winograd4].map((method) => ({ method, cost: cost(method) }));
  const best = candidates.reduce((a, b) => (b.cost < a.cost ? b : a));
  return best.cost < height * width * 9 * input.physical * output.physical ? best.method : undefined;
}
