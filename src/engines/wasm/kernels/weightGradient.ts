/**
 * Gradient to the weights of a gather product: dW[tap][k][n] += Σ_pixel in[pixel · step + tap + k] · dOut[pixel][n].
 * The same register tile with the roles changed: rows are k, columns are outputs, the sum runs over pixels and images.
 * Also the gradient to the bias: dB[n] += Σ_pixel dOut[pixel][n].
 */
import { f32x4, v128, type Code, type ModuleBuilder } from '../emitter.ts';
import type { Numerics } from './numerics.ts';
import { createTile, multiplyStep, setTile, storeTile } from './tile.ts';
import { tileHeights, type GatherSpec } from './gather.ts';

type WeightSpec = Pick<GatherSpec, 'rows' | 'columns' | 'input' | 'output' | 'taps' | 'blocks'>;

/** Parameters: input (at the first tap of the first pixel), gradient of the output, gradient of the weights (added to), images. */
export function emitWeightGradient(module: ModuleBuilder, name: string, numerics: Numerics, spec: WeightSpec): number {
  return module.function(name, ['i32', 'i32', 'i32', 'i32'], [], (f) => {
    const input = f.parameter(0), gradient = f.parameter(1), weights = f.parameter(2), images = f.parameter(3);
    const width = numerics.tileWidth, parts = 16 / width;
    const { taps, rows, columns } = spec;
    const a = f.local('i32'), b = f.local('i32'), tap = f.local('i32'), x = f.local('i32'), y = f.local('i32');
    const scalars = f.localsOf('v128', numerics.tileHeight), row = f.localsOf('v128', width / 4);

    const sums = (height: number): Code => {
      const tile = createTile(f, height, width);
      const next = (steps: GatherSpec['input']): number => 4 * (columns === 'images' ? steps.image : steps.column);
      const step: Code = [multiplyStep(numerics, tile, a, 4, b, scalars, row), a.advance(next(spec.input)), b.advance(next(spec.output))];
      const wholeImages = f.timesOf(images.get(), [
        f.times(rows, [f.times(columns === 'images' ? 1 : columns, step), a.advance(rowEnd(spec.input)), b.advance(rowEnd(spec.output))]),
        a.advance(4 * (spec.input.image - rows * spec.input.row)),
        b.advance(4 * (spec.output.image - rows * spec.output.row)),
      ]);
      return [
        a.set(x.get()),
        b.set(y.get()),
        setTile(tile, (r, v) => v128.load(weights.get(), 64 * r + 16 * v)),
        columns === 'images' ? f.timesOf(images.get(), step) : wholeImages,
        storeTile(tile, weights.get(), 64),
        x.advance(4 * height),
        weights.advance(64 * height),
      ];
    };
    const rowEnd = (steps: GatherSpec['input']): number => (columns === 'images' ? 0 : 4 * (steps.row - columns * steps.column));
    const depth = taps.rows * taps.columns * taps.run;
    const part: Code = [
      x.set(input.get()),
      tap.set(input.get()),
      f.times(taps.rows, [
        x.set(tap.get()),
        f.times(taps.columns, [
          tileHeights(taps.run, numerics.tileHeight).map(({ height, count }) => f.times(count, sums(height))),
          x.advance(taps.columns > 1 ? 4 * (taps.columnStep - taps.run) : 0),
        ]),
        tap.advance(4 * taps.rowStep),
      ]),
      weights.advance(4 * width - 64 * depth),
      y.advance(4 * width),
    ];
    return [y.set(gradient.get()), f.times(spec.blocks, [f.times(parts, part), weights.advance(64 * depth - 64)])];
  });
}

/** Parameters: gradient of the output (at the first pixel), gradient of the bias (added to), images. */
export function emitBiasGradient(module: ModuleBuilder, name: string, spec: Pick<GatherSpec, 'rows' | 'columns' | 'output' | 'blocks'>): number {
  return module.function(name, ['i32', 'i32', 'i32'], [], (f) => {
    const gradient = f.parameter(0), bias = f.parameter(1), images = f.parameter(2);
    const at = f.local('i32');
    const sums = f.localsOf('v128', 4);
    const columns = spec.columns === 'images' ? 1 : spec.columns;
    const pixel: Code = [sums.map((sum, v) => sum.set(f32x4.add(sum.get(), v128.load(at.get(), 16 * v)))), at.advance(4 * spec.output.column)];
    const image: Code = spec.columns === 'images'
      ? [sums.map((sum, v) => sum.set(f32x4.add(sum.get(), v128.load(at.get(), 16 * v)))), at.advance(4 * spec.output.image)]
      : [
          f.times(spec.rows, [f.times(columns, pixel), at.advance(4 * (spec.output.row - columns * spec.output.column))]),
          at.advance(4 * (spec.output.image - spec.rows * spec.output.row)),
        ];
    return f.times(spec.blocks, [
      at.set(gradient.get()),
      sums.map((sum, v) => sum.set(v128.load(bias.get(), 16 * v))),
      f.timesOf(images.get(), image),
      [1, 0, 3, 2].map((v) => v128.store(bias.get(), sums[v].get(), 16 * v)),
      gradient.advance(64),
      bias.advance(64),
    ]);
  });
}
