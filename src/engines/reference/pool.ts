/** Largest value or mean of every window. */
import type { Shape } from '../../common/shape.ts';
import { outputShape } from '../../layers/primitives.ts';
import type { PrimitiveOf } from '../../layers/primitives.ts';
import { at, forEachCell, zeros } from './operation.ts';
import type { FeatureMaps, Operation } from './operation.ts';

type Pool = PrimitiveOf<'pool'>;

export const pool: Operation<Pool> = {
  forward(primitive, [input]) {
    const output = zeros(input.count, outputShape(primitive, [input.shape]));
    forEachCell(output, (image, channel, row, column, y) => {
      const window = cellsOf(primitive, input.shape, row, column);
      const values = window.cells.map(([r, c]) => input.data[at(input.shape, image, channel, r, c)]);
      output.data[y] = primitive.kind === 'max' ? Math.max(...values) : values.reduce((sum, value) => sum + value, 0) / window.divisor;
    });
    return output;
  },

  /** A maximum passes its gradient to the first of the largest cells, a mean to each cell its share. */
  backward(primitive, [input], _values, _context, gradient) {
    const toInput = zeros(input.count, input.shape);
    forEachCell(gradient, (image, channel, row, column, y) => {
      const window = cellsOf(primitive, input.shape, row, column);
      const cells = window.cells.map(([r, c]) => at(input.shape, image, channel, r, c));
      if (primitive.kind === 'max') toInput.data[firstLargest(input, cells)] += gradient.data[y];
      else for (const cell of cells) toInput.data[cell] += gradient.data[y] / window.divisor;
    });
    return { inputs: [toInput], parameters: {} };
  },
};

/** The window's cells inside the image, [row, column], and what a mean divides by. */
function cellsOf(primitive: Pool, image: Shape, row: number, column: number): { cells: [number, number][]; divisor: number } {
  const { kernel, stride, padding, countPadding, ceilOverhang } = primitive;
  const top = row * stride[0] - padding.top, left = column * stride[1] - padding.left;
  const cells: [number, number][] = [];
  for (let r = Math.max(0, top); r < Math.min(image.height, top + kernel[0]); r++) {
    for (let c = Math.max(0, left); c < Math.min(image.width, left + kernel[1]); c++) cells.push([r, c]);
  }
  if (!countPadding) return { cells, divisor: cells.length };
  // Padding counts, but not what `ceil` added behind it.
  const rows = Math.min(top + kernel[0], image.height + padding.bottom - ceilOverhang[0]) - top;
  const columns = Math.min(left + kernel[1], image.width + padding.right - ceilOverhang[1]) - left;
  return { cells, divisor: rows * columns };
}

function firstLargest(input: FeatureMaps, cells: readonly number[]): number {
  return cells.reduce((best, cell) => (input.data[cell] > input.data[best] ? cell : best));
}
