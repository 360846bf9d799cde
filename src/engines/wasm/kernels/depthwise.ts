/**
 * Depthwise convolution: every channel has a small filter of its own. out[pixel][c] = Σ_tap in[pixel · step + tap][c] · w[tap][c].
 * Weights: [tap row][tap column][channel]. The gradient to the data is the same kernel with the taps in reverse order.
 */
import { f32x4, v128, type Code, type FunctionBuilder, type Local, type ModuleBuilder } from '../emitter.ts';
import type { Steps } from './gather.ts';
import { tileHeights } from './gather.ts';
import { multiplyAdd, type Numerics } from './numerics.ts';
import { changeTile, createTile, setTile, storeTile } from './tile.ts';

export interface DepthwiseSpec {
  rows: number;
  columns: number;
  /** Blocks of 16 channels. */
  blocks: number;
  input: Steps;
  output: Steps;
  /** Distances of neighbouring taps in the input, and in the weights (negative: reverse order), in floats. */
  taps: { rows: number; columns: number; rowStep: number; columnStep: number; weightRowStep: number; weightColumnStep: number };
  bias: boolean;
  relu: boolean;
  addend?: Steps;
  mask?: Steps;
}

/** Pixels of a register tile: four vectors each. */
const tilePixels = 3;

/** Parameters: input (at the first tap of the first pixel), weights (at the first tap), bias, output, addend, mask, images. */
export function emitDepthwise(module: ModuleBuilder, name: string, numerics: Numerics, spec: DepthwiseSpec): number {
  const { taps } = spec;
  return module.function(name, ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'], [], (f) => {
    const [weights, bias, images] = [f.parameter(1), f.parameter(2), f.parameter(6)];
    const a = f.local('i32'), w = f.local('i32');
    const factors = f.localsOf('v128', 4);
    const map = (parameter: number, steps: Steps): MovingMap => ({ image: f.parameter(parameter), row: f.local('i32'), at: f.local('i32'), steps });
    const input = map(0, spec.input), output = map(3, spec.output);
    const addend = spec.addend && map(4, spec.addend), mask = spec.mask && map(5, spec.mask);
    const maps = [input, output, ...(addend ? [addend] : []), ...(mask ? [mask] : [])];
    const compute = (height: number): Code => {
      const tile = createTile(f, height, 16);
      const step: Code = [
        factors.map((local, v) => local.set(v128.load(w.get(), 16 * v))),
        changeTile(tile, (sum, r, v) => multiplyAdd(numerics, v128.load(a.get(), 4 * r * spec.input.column + 16 * v), factors[v].get(), sum)),
      ];
      return [
        a.set(input.at.get()), w.set(weights.get()),
        setTile(tile, (_, v) => (spec.bias ? v128.load(bias.get(), 16 * v) : v128.zero)),
        f.times(taps.rows, [
          f.times(taps.columns, [step, a.advance(4 * taps.columnStep), w.advance(4 * taps.weightColumnStep)]),
          a.advance(4 * (taps.rowStep - taps.columns * taps.columnStep)), w.advance(4 * (taps.weightRowStep - taps.columns * taps.weightColumnStep)),
        ]),
        addend ? changeTile(tile, (value, r, v) => f32x4.add(value, v128.load(addend.at.get(), 4 * r * addend.steps.column + 16 * v))) : [],
        spec.relu ? changeTile(tile, (value) => f32x4.pmax(value, v128.zero)) : [],
        mask ? changeTile(tile, (value, r, v) => v128.and(value, f32x4.gt(v128.load(mask.at.get(), 4 * r * mask.steps.column + 16 * v), v128.zero))) : [],
        storeTile(tile, output.at.get(), 4 * spec.output.column),
        maps.map(({ at, steps }) => at.advance(4 * height * steps.column)),
      ];
    };
    const row = tileHeights(spec.columns, tilePixels).map(({ height, count }) => f.times(count, compute(height)));
    return overBlocks(f, spec, images, maps, row, [weights.advance(64), spec.bias ? bias.advance(64) : []], [weights.advance(-64 * spec.blocks), spec.bias ? bias.advance(-64 * spec.blocks) : []]);
  });
}

interface MovingMap { image: Local; row: Local; at: Local; steps: Steps }

/** Every image, block of channels and row; `row` moves `at` itself. */
function overBlocks(f: FunctionBuilder, spec: { rows: number; blocks: number }, images: Local, maps: readonly MovingMap[], row: Code, blockEnd: Code, imageEnd: Code): Code {
  return f.timesOf(images.get(), [
    f.times(spec.blocks, [
      maps.map(({ row: start, image }) => start.set(image.get())),
      f.times(spec.rows, [maps.map(({ at, row: start }) => at.set(start.get())), row, maps.map(({ row: start, steps }) => start.advance(4 * steps.row))]),
      maps.map(({ image }) => image.advance(64)), blockEnd,
    ]),
    maps.map(({ image, steps }) => image.advance(4 * steps.image - 64 * spec.blocks)), imageEnd,
  ]);
}

/** dW[tap][c] += Σ_pixel in[pixel · step + tap][c] · dOut[pixel][c]. Parameters: input (at the first tap), gradient, gradient of the weights, images. */
export function emitDepthwiseWeights(module: ModuleBuilder, name: string, numerics: Numerics, spec: DepthwiseSpec): number {
  const { taps } = spec;
  return module.function(name, ['i32', 'i32', 'i32', 'i32'], [], (f) => {
    const weights = f.parameter(2), images = f.parameter(3);
    const sums = f.localsOf('v128', 4), w = f.local('i32'), tapRow = f.local('i32'), tap = f.local('i32');
    const x: MovingMap = { image: f.local('i32'), row: f.local('i32'), at: f.local('i32'), steps: spec.input };
    const g: MovingMap = { image: f.local('i32'), row: f.local('i32'), at: f.local('i32'), steps: spec.output };
    const maps = [x, g];
    const pixel: Code = [
      sums.map((sum, v) => sum.set(multiplyAdd(numerics, v128.load(x.at.get(), 16 * v), v128.load(g.at.get(), 16 * v), sum.get()))),
      maps.map(({ at, steps }) => at.advance(4 * steps.column)),
    ];
    const oneTap: Code = [
      x.image.set(tap.get()), g.image.set(f.parameter(1).get()),
      sums.map((sum, v) => sum.set(v128.load(w.get(), 16 * v))),
      f.timesOf(images.get(), [
        maps.map(({ row, image }) => row.set(image.get())),
        f.times(spec.rows, [maps.map(({ at, row }) => at.set(row.get())), f.times(spec.columns, pixel), maps.map(({ row, steps }) => row.advance(4 * steps.row))]),
        maps.map(({ image, steps }) => image.advance(4 * steps.image)),
      ]),
      [1, 0, 3, 2].map((v) => v128.store(w.get(), sums[v].get(), 16 * v)),
    ];
    return f.times(spec.blocks, [
      w.set(weights.get()), tapRow.set(f.parameter(0).get()),
      f.times(taps.rows, [
        tap.set(tapRow.get()),
        f.times(taps.columns, [oneTap, tap.advance(4 * taps.columnStep), w.advance(4 * taps.weightColumnStep)]),
        tapRow.advance(4 * taps.rowStep), w.advance(4 * (taps.weightRowStep - taps.columns * taps.weightColumnStep)),
      ]),
      weights.advance(64), f.parameter(0).advance(64), f.parameter(1).advance(64),
    ]);
  });
}
