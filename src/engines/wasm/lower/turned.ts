/**
 * A convolution's weights turned for its gradient to the data. Where the stride is larger than 1, the positions of the input
 * fall into residues that see different taps: each is a gather product of its own ("part").
 */
import type { Builder } from '../builder.ts';
import { windowsOf, type Windows } from '../groups.ts';
import { sixteens, type FeatureMap, type Place } from '../program.ts';
import type { Geometry } from './product.ts';

/** Taps along one axis that reach an input position whose index has this residue of the stride. */
export interface AxisTaps {
  /** Kernel indices, in the order in which the output gradient is read. */
  kernel: number[];
  /** Output index of the first tap for the first such position, and the distance between taps. */
  first: number;
  step: number;
  /** Input positions with this residue. */
  count: number;
}

/** Input position residue + stride · m receives from output (residue + before - k · dilation) / stride + m, for every k where that is whole. */
function axisTaps(residue: number, size: number, kernel: number, stride: number, dilation: number, before: number): AxisTaps {
  const indices = Array.from({ length: kernel }, (_, k) => kernel - 1 - k).filter((k) => (residue + before - k * dilation) % stride === 0);
  const at = (k: number): number => (residue + before - k * dilation) / stride;
  const first = indices.length ? at(indices[0]) : 0;
  return { kernel: indices, first, step: indices.length > 1 ? at(indices[1]) - first : 1, count: Math.max(0, Math.ceil((size - residue) / stride)) };
}

/** The parts of the gradient to the data, one for each residue of the stride, and where their weights begin in the turned copy (floats). */
export interface Part { y: number; x: number; rows: AxisTaps; columns: AxisTaps; weights: number }

/** `reach`: outputs that a block of inputs reads (groups.ts). */
export function partsOf({ kernel, stride, dilation, padding }: Geometry, input: FeatureMap, reach: number): Part[] {
  let weights = 0;
  return residues(stride[0]).flatMap((y) => residues(stride[1]).map((x) => {
    const rows = axisTaps(y, input.shape.height, kernel[0], stride[0], dilation[0], padding.top);
    const columns = axisTaps(x, input.shape.width, kernel[1], stride[1], dilation[1], padding.left);
    const part = { y, x, rows, columns, weights };
    weights += rows.kernel.length * columns.kernel.length * reach * input.physical;
    return part;
  }));
}

/** The outputs that the gradient to each block of inputs reads. */
export const gradientWindows = ({ groups, filters }: Geometry, input: FeatureMap): Windows =>
  windowsOf(groups, input.shape.channels, { channels: filters, physical: sixteens(filters) });

/** The weights turned for the gradient to the data: [part][block of inputs][tap][out][16 in]. */
export function turnedWeights(layer: string, geometry: Geometry, input: FeatureMap, build: Builder): Place {
  const { kernel, groups, filters } = geometry;
  const from = windowsOf(groups, filters, { channels: input.shape.channels, physical: input.physical }), to = gradientWindows(geometry, input);
  return build.turned(`${layer}.weight`, kernel[0] * kernel[1] * to.reach * input.physical, () =>
    partsOf(geometry, input, to.reach).flatMap(({ rows, columns, weights }) => turnedBlocks(kernel, rows.kernel, columns.kernel, from, to, weights)));
}

const residues = (stride: number): number[] => Array.from({ length: stride }, (_, i) => i);

/** Byte moves of 16×16 blocks: [block of outputs][tap][in][16 out] → [block of inputs][chosen tap][out][16 in]. */
function turnedBlocks(kernel: readonly [number, number], rows: readonly number[], columns: readonly number[], inputs: Windows, outputs: Windows, offset: number): [number, number][] {
  const moves: [number, number][] = [];
  const taps = rows.length * columns.length;
  outputs.starts.forEach((start, i) => {
    rows.forEach((row, r) => columns.forEach((column, c) => {
      for (let o = 0; o < outputs.reach / 16; o++) {
        const block = start / 16 + o, within = 16 * i - inputs.starts[block];
        if (within < 0 || within >= inputs.reach) continue; // of other groups altogether: zeros
        const from = (((block * kernel[0] + row) * kernel[1] + column) * inputs.reach + within) * 16;
        const to = offset + ((i * taps + r * columns.length + c) * outputs.reach + 16 * o) * 16;
        moves.push([4 * from, 4 * to]);
      }
    }));
  });
  return moves;
}
