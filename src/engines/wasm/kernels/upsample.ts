/** Repeats every pixel of a map downwards and to the right; the gradient adds up what the repetitions received. */
import type { Pair } from '../../../common/shape.ts';
import { f32x4, v128, type ModuleBuilder } from '../emitter.ts';
import type { ChannelSteps } from './channels.ts';

export interface UpsampleSpec {
  /** Of the smaller map. */
  rows: number;
  columns: number;
  /** Blocks of 16 channels. */
  blocks: number;
  factor: Pair;
  small: ChannelSteps;
  large: ChannelSteps;
}

/** Parameters: the smaller map, the larger one (both at the first pixel), images. */
export function emitUpsample(module: ModuleBuilder, name: string, spec: UpsampleSpec): number {
  const { rows, columns, blocks, factor: [vertical, horizontal], small, large } = spec;
  return module.function(name, ['i32', 'i32', 'i32'], [], (f) => {
    const from = f.parameter(0), to = f.parameter(1), values = f.localsOf('v128', 4);
    const block = [
      values.map((value, v) => value.set(v128.load(from.get(), 16 * v))),
      f.times(horizontal, [[1, 0, 3, 2].map((v) => v128.store(to.get(), values[v].get(), 16 * v)), to.advance(4 * large.column)]),
      from.advance(64), to.advance(64 - 4 * horizontal * large.column),
    ];
    const pixel = [f.times(blocks, block), from.advance(4 * small.column - 64 * blocks), to.advance(4 * horizontal * large.column - 64 * blocks)];
    const row = [f.times(columns, pixel), from.advance(-4 * columns * small.column), to.advance(4 * (large.row - columns * horizontal * large.column))];
    return f.timesOf(f.parameter(2).get(), [
      f.times(rows, [f.times(vertical, row), from.advance(4 * small.row)]),
      from.advance(4 * (small.image - rows * small.row)), to.advance(4 * (large.image - rows * vertical * large.row)),
    ]);
  });
}

/** Parameters: gradient of the larger map, gradient of the smaller one (overwritten), images. */
export function emitUpsampleGradient(module: ModuleBuilder, name: string, spec: UpsampleSpec): number {
  const { rows, columns, blocks, factor: [vertical, horizontal], small, large } = spec;
  return module.function(name, ['i32', 'i32', 'i32'], [], (f) => {
    const from = f.parameter(0), to = f.parameter(1), at = f.local('i32'), sums = f.localsOf('v128', 4);
    const block = [
      sums.map((sum) => sum.set(v128.zero)),
      at.set(from.get()),
      f.times(vertical, [
        f.times(horizontal, [sums.map((sum, v) => sum.set(f32x4.add(sum.get(), v128.load(at.get(), 16 * v)))), at.advance(4 * large.column)]),
        at.advance(4 * (large.row - horizontal * large.column)),
      ]),
      [1, 0, 3, 2].map((v) => v128.store(to.get(), sums[v].get(), 16 * v)),
      from.advance(64), to.advance(64),
    ];
    const pixel = [f.times(blocks, block), from.advance(4 * horizontal * large.column - 64 * blocks), to.advance(4 * small.column - 64 * blocks)];
    return f.timesOf(f.parameter(2).get(), [
      f.times(rows, [f.times(columns, pixel), from.advance(4 * (vertical * large.row - columns * horizontal * large.column)), to.advance(4 * (small.row - columns * small.column))]),
      from.advance(4 * (large.image - rows * vertical * large.row)), to.advance(4 * (small.image - rows * small.row)),
    ]);
  });
}
