/**
 * Gather product: out[pixel][n] = Σ_tap Σ_k in[pixel · step + tap + k] · w[tap][k][n]. One kernel serves the forward pass of
 * convolutions and dense layers and, with turned weights, their gradients to the data; an implicit matrix product, nothing
 * is copied. Maps are channels-last with a physical border of zeros, so there is no edge code. All distances in floats.
 *
 * Weights: [block of 16 outputs][tap row][tap column][run][16], in the order in which they are read.
 */
import { f32x4, i32, v128, when, type Code, type Local, type ModuleBuilder } from '../emitter.ts';
import type { Numerics } from './numerics.ts';
import { changeTile, createTile, multiplyStep, setTile, storeTile } from './tile.ts';

export interface Steps { row: number; column: number; image: number }

export interface GatherSpec {
  /** Output pixels. `columns: 'images'`: a pixel is an image (dense layers), and a row is the batch. */
  rows: number;
  columns: number | 'images';
  input: Steps;
  output: Steps;
  taps: { rows: number; rowStep: number; columns: number; columnStep: number; run: number };
  /** Blocks of 16 output channels. */
  blocks: number;
  bias: boolean;
  /** `relu`: negative results become 0. */
  relu: boolean;
  /** A map added to the result before anything else, and one whose zeros (or negatives) make the result zero. */
  addend?: Steps;
  mask?: Steps;
}

/** Parameters: input (at the first tap of the first pixel), weights, bias, output, addend, mask, images. */
export function emitGather(module: ModuleBuilder, name: string, numerics: Numerics, spec: GatherSpec): number {
  return module.function(name, ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'], [], (f) => {
    const [input, weights, bias, output, addend, mask, images] = [0, 1, 2, 3, 4, 5, 6].map((i) => f.parameter(i)) as [Local, Local, Local, Local, Local, Local, Local];
    const width = numerics.tileWidth;
    const parts = 16 / width;
    const { taps } = spec;
    const depth = taps.rows * taps.columns * taps.run;
    const w = f.local('i32'), a = f.local('i32');
    const scalars = f.localsOf('v128', numerics.tileHeight);
    const row = f.localsOf('v128', width / 4);
    const pixel = { input: f.local('i32'), output: f.local('i32'), addend: f.local('i32'), mask: f.local('i32') };
    const place = { input: f.local('i32'), output: f.local('i32'), addend: f.local('i32'), mask: f.local('i32') };
    const used = [
      { at: pixel.input, from: place.input, base: input, steps: spec.input, block: 0 },
      { at: pixel.output, from: place.output, base: output, steps: spec.output, block: 4 * width },
      ...(spec.addend ? [{ at: pixel.addend, from: place.addend, base: addend, steps: spec.addend, block: 4 * width }] : []),
      ...(spec.mask ? [{ at: pixel.mask, from: place.mask, base: mask, steps: spec.mask, block: 4 * width }] : []),
    ];

    const tiles = new Map<number, ReturnType<typeof createTile>>();
    /** One tile of `height` pixels at the current place. */
    const compute = (height: number): Code => {
      const tile = tiles.get(height) ?? createTile(f, height, width);
      tiles.set(height, tile);
      const products = f.times(taps.rows, [
        f.times(taps.columns, [
          f.times(taps.run, [
            multiplyStep(numerics, tile, a, 4 * spec.input.column, w, scalars, row),
            a.advance(4),
            w.advance(64),
          ]),
          a.advance(4 * (taps.columns > 1 ? taps.columnStep - taps.run : 0)),
        ]),
        a.advance(4 * (taps.rowStep - (taps.columns > 1 ? taps.columns * taps.columnStep : taps.run))),
      ]);
      return [
        a.set(pixel.input.get()),
        setTile(tile, (_, v) => (spec.bias ? v128.load(bias.get(), 16 * v) : v128.zero)),
        products,
        w.advance(-64 * depth),
        spec.addend ? changeTile(tile, (value, r, v) => f32x4.add(value, v128.load(pixel.addend.get(), 4 * r * spec.addend!.column + 16 * v))) : [],
        spec.relu ? changeTile(tile, (value) => f32x4.pmax(value, v128.zero)) : [],
        spec.mask
          ? changeTile(tile, (value, r, v) => v128.and(value, f32x4.gt(v128.load(pixel.mask.get(), 4 * r * spec.mask!.column + 16 * v), v128.zero)))
          : [],
        storeTile(tile, pixel.output.get(), 4 * spec.output.column),
      ];
    };
    const movePixels = (pixels: number): Code => used.map(({ at, steps }) => at.advance(4 * pixels * steps.column));
    const columns = spec.columns === 'images'
      ? [
          when(i32.shrU(images.get(), i32.const(2)), f.timesOf(i32.shrU(images.get(), i32.const(2)), [compute(4), movePixels(4)])),
          when(i32.and(images.get(), i32.const(3)), f.timesOf(i32.and(images.get(), i32.const(3)), [compute(1), movePixels(1)])),
        ]
      : tileHeights(spec.columns, numerics.tileHeight).map(({ height, count }) => f.times(count, [compute(height), movePixels(height)]));

    const oneRow: Code = [used.map(({ at, from }) => at.set(from.get())), columns, used.map(({ from, steps }) => from.advance(4 * steps.row))];
    const onePart: Code = [
      used.map(({ from, base }) => from.set(base.get())),
      f.times(spec.rows, oneRow),
      used.map(({ base, block }) => base.advance(block)),
      spec.bias ? bias.advance(4 * width) : [],
      w.advance(4 * width),
    ];
    const block: Code = [f.times(parts, onePart), w.advance(64 * depth - 64)];
    const blockBytes = 64 * spec.blocks;
    const image: Code = [
      w.set(weights.get()),
      f.times(spec.blocks, block),
      used.map(({ base, block: moved, steps }) => base.advance(4 * steps.image - (moved ? blockBytes : 0))),
      spec.bias ? bias.advance(-blockBytes) : [],
    ];
    return spec.columns === 'images' ? image : f.timesOf(images.get(), image);
  });
}

/** A row of pixels as tiles of nearly equal height, none above `highest`: 14 is 5 + 5 + 4, not 6 + 6 + 2. */
export function tileHeights(pixels: number, highest: number): { height: number; count: number }[] {
  const tiles = Math.ceil(pixels / highest), low = Math.floor(pixels / tiles), higher = pixels % tiles;
  return [{ height: low + 1, count: higher }, { height: low, count: tiles - higher }].filter(({ count }) => count > 0);
}
