/**
 * Winograd's minimal filtering for 3×3 convolutions of stride 1 (Lavin and Gray, "Fast algorithms for convolutional neural
 * networks", CVPR 2016): Y = Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A on tiles of m×m outputs, m = 2 or 4, with (m + 2)² products in place
 * of 9 m². Summed over channels, the products are (m + 2)² matrix products.
 *
 * Transformed maps are planes [point][tile][channel], transformed weights [point][block of 16 outputs][channel in][16]. A
 * two-dimensional transform is two one-dimensional passes, first along the columns of a row of tiles, then along its rows.
 */
import { add, divide, input, multiply, negate, subtract, type Expression } from '../../../common/expression.ts';
import { choose, f32x4, i32, v128, when, type Code, type FunctionBuilder, type Local, type ModuleBuilder } from '../emitter.ts';
import { compileExpressions } from './expression.ts';
import type { Numerics } from './numerics.ts';
import { createTile, multiplyStep, setTile, storeTile } from './tile.ts';
import { tileHeights, type Steps } from './gather.ts';

/** A one-dimensional transform: results from the inputs x0, x1, ... */
export type Transform = readonly Expression[];

export interface Winograd {
  /** Outputs of a tile along one axis, and points (m + 2). */
  tile: 2 | 4;
  points: 4 | 6;
  /** Bᵀ, Aᵀ, G; and for the gradient to the weights A (of the output's gradient) and Gᵀ. */
  data: Transform;
  output: Transform;
  weights: Transform;
  gradient: Transform;
  weightGradient: Transform;
}

const x = (i: number): Expression => input(`x${i}`);

/** Points 0, 1, -1, ∞. */
export const winograd2: Winograd = {
  tile: 2, points: 4,
  data: [subtract(x(0), x(2)), add(x(1), x(2)), subtract(x(2), x(1)), subtract(x(1), x(3))],
  output: [add(add(x(0), x(1)), x(2)), subtract(subtract(x(1), x(2)), x(3))],
  weights: [x(0), multiply(0.5, add(add(x(0), x(2)), x(1))), multiply(0.5, subtract(add(x(0), x(2)), x(1))), x(2)],
  gradient: [x(0), add(x(0), x(1)), subtract(x(0), x(1)), negate(x(1))],
  weightGradient: [add(x(0), multiply(0.5, add(x(1), x(2)))), multiply(0.5, subtract(x(1), x(2))), add(multiply(0.5, add(x(1), x(2))), x(3))],
};

/** Points 0, 1, -1, 2, -2, ∞. Shared sums are shared objects, so that they are computed once. */
export const winograd4: Winograd = (() => {
  const even = subtract(x(4), multiply(4, x(2))), odd = subtract(x(3), multiply(4, x(1)));
  const even2 = subtract(x(4), x(2)), odd2 = subtract(x(3), x(1));
  const sum1 = add(x(1), x(2)), sum2 = add(x(3), x(4)), difference1 = subtract(x(1), x(2)), difference2 = subtract(x(3), x(4));
  const ends = multiply(-1 / 6, add(x(0), x(2))), middle = multiply(-1 / 6, x(1));
  const ends2 = add(multiply(1 / 24, x(0)), multiply(1 / 6, x(2))), middle2 = multiply(1 / 12, x(1));
  const low = add(x(0), x(2)), high = add(x(1), x(3)), low2 = add(x(0), multiply(4, x(2))), high2 = add(x(1), multiply(4, x(3)));
  return {
    tile: 4, points: 6,
    data: [
      add(subtract(x(4), multiply(5, x(2))), multiply(4, x(0))), add(even, odd), subtract(even, odd), add(even2, multiply(2, odd2)), subtract(even2, multiply(2, odd2)),
      add(subtract(x(5), multiply(5, x(3))), multiply(4, x(1))),
    ],
    output: [
      add(add(x(0), sum1), sum2), add(difference1, multiply(2, difference2)), add(sum1, multiply(4, sum2)), add(add(difference1, multiply(8, difference2)), x(5)),
    ],
    weights: [divide(x(0), 4), add(ends, middle), subtract(ends, middle), add(ends2, middle2), subtract(ends2, middle2), x(2)],
    gradient: [x(0), add(low, high), subtract(low, high), add(low2, multiply(2, high2)), subtract(low2, multiply(2, high2)), x(3)],
    weightGradient: [
      add(subtract(divide(x(0), 4), multiply(1 / 6, sum1)), multiply(1 / 24, sum2)),
      subtract(multiply(1 / 12, difference2), multiply(1 / 6, difference1)),
      add(multiply(1 / 6, subtract(sum2, sum1)), x(5)),
    ],
  };
})();

/** One pass: lines `from` apart are combined into lines `to` apart, over a contiguous run. Floats. */
interface Pass {
  transform: Transform;
  inputs: number;
  from: number;
  to: number;
  /** A multiple of 8. */
  run: number;
  /** Only the first results are wanted at an edge. */
  results?: number;
  /** What is done to a result before it is stored; `line` counts the results. */
  finish?: (value: Code, line: number, part: number, offset: number) => Code;
  /** Locals that move along the run besides. */
  along?: readonly Local[];
}

/** `source` and `target` end one run further. */
function emitPass(f: FunctionBuilder, numerics: Numerics, source: Local, target: Local, pass: Pass): Code {
  const { transform, run, finish } = pass;
  const results = pass.results ?? transform.length;
  const eight = (offset: number): Code => {
    const halves = [0, 1].map((part) => {
      const inputs = Array.from({ length: pass.inputs }, () => f.local('v128'));
      const { before, values } = compileExpressions(f, transform.slice(0, results), Object.fromEntries(inputs.map((local, i) => [`x${i}`, local])), numerics);
      const outputs = values.map(() => f.local('v128'));
      return {
        load: inputs.map((local, i) => local.set(v128.load(source.get(), 4 * i * pass.from + 16 * part + offset))),
        compute: [before, values.map((value, i) => outputs[i].set(finish ? finish(value, i, part, offset) : value))],
        outputs,
      };
    });
    const stores = Array.from({ length: results }, (_, i) => [1, 0].map((part) => v128.store(target.get(), halves[part].outputs[i].get(), 4 * i * pass.to + 16 * part + offset)));
    return [halves.map(({ load }) => load), halves.map(({ compute }) => compute), stores];
  };
  return f.times(run / 16, [eight(0), eight(32), [source, target, ...(pass.along ?? [])].map((local) => local.advance(64))]);
}

export interface TileGrid {
  rows: number;
  columns: number;
}

export const gridOf = (height: number, width: number, tile: number): TileGrid => ({ rows: Math.ceil(height / tile), columns: Math.ceil(width / tile) });

export interface ToPlanes {
  transform: Transform;
  /** Rows (and columns) read by a tile, and the distance between tiles. */
  inputs: number;
  step: number;
  grid: TileGrid;
  channels: number;
  map: Steps;
  /** Floats from a plane to the next. */
  plane: number;
}

/** Map → planes (Bᵀ d B, or A dY Aᵀ). Parameters: map (at the first tile's first pixel), planes, temporary row of tiles, images, rows of tiles of each. */
export function emitToPlanes(module: ModuleBuilder, name: string, numerics: Numerics, spec: ToPlanes): number {
  const { transform, inputs, step, grid, channels, map, plane } = spec;
  const points = transform.length;
  const line = (step * (grid.columns - 1) + inputs) * channels;
  return module.function(name, ['i32', 'i32', 'i32', 'i32', 'i32'], [], (f) => {
    const image = f.parameter(0), planes = f.parameter(1), temporary = f.parameter(2);
    const row = f.local('i32'), from = f.local('i32'), to = f.local('i32'), part = f.local('i32'), point = f.local('i32');
    const along = emitPass(f, numerics, from, to, { transform, inputs, from: map.row, to: line, run: line });
    const across: Code = [
      from.set(part.get()), to.set(point.get()),
      f.times(grid.columns, [
        emitPass(f, numerics, from, to, { transform, inputs, from: channels, to: plane, run: channels }),
        from.advance(4 * (step - 1) * channels),
      ]),
      part.advance(4 * line), point.advance(4 * points * plane),
    ];
    const rowOfTiles: Code = [
      from.set(row.get()), to.set(temporary.get()), along,
      part.set(temporary.get()), point.set(planes.get()), f.times(points, across),
      row.advance(4 * step * map.row), planes.advance(4 * grid.columns * channels),
    ];
    return f.timesOf(f.parameter(3).get(), [row.set(image.get()), f.timesOf(f.parameter(4).get(), rowOfTiles), image.advance(4 * map.image)]);
  });
}

export interface FromPlanes {
  transform: Transform;
  tile: number;
  height: number;
  width: number;
  channels: number;
  plane: number;
  output: Steps;
  bias: boolean;
  relu: boolean;
  addend?: Steps;
  mask?: Steps;
}

/** Planes → map (Aᵀ M A), with what is folded in. Parameters: planes, bias, output, addend, mask, temporary row of tiles, images, rows of tiles of each, whether the last row is the image's. */
export function emitFromPlanes(module: ModuleBuilder, name: string, numerics: Numerics, spec: FromPlanes): number {
  const { transform, tile, height, width, channels, plane, output } = spec;
  const points = tile + 2, grid = gridOf(height, width, tile);
  const line = grid.columns * channels;
  return module.function(name, ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'], [], (f) => {
    const [planes, bias, temporary] = [f.parameter(0), f.parameter(1), f.parameter(5)];
    const folded = [
      { image: f.parameter(2), steps: output }, ...(spec.addend ? [{ image: f.parameter(3), steps: spec.addend }] : []), ...(spec.mask ? [{ image: f.parameter(4), steps: spec.mask }] : []),
    ].map((each) => ({ ...each, row: f.local('i32'), at: f.local('i32') }));
    const [target] = folded, addend = spec.addend ? folded[1] : undefined, mask = spec.mask ? folded.at(-1)! : undefined;
    const from = f.local('i32'), to = f.local('i32'), part = f.local('i32'), channel = f.local('i32');
    const finish = (value: Code, line_: number, half: number, offset: number): Code => {
      const at = (map: { at: Local; steps: Steps }): Code => v128.load(map.at.get(), 4 * line_ * map.steps.column + 16 * half + offset);
      let result = spec.bias ? f32x4.add(value, v128.load(channel.get(), 16 * half + offset)) : value;
      if (addend) result = f32x4.add(result, at(addend));
      if (spec.relu) result = f32x4.pmax(result, v128.zero);
      return mask ? v128.and(result, f32x4.gt(at(mask), v128.zero)) : result;
    };
    const others = folded.slice(1).map(({ at }) => at);
    /** One tile of an output row; at the right edge only the first `columns` results. */
    const tileAcross = (columns: number): Code => [
      spec.bias ? channel.set(bias.get()) : [],
      emitPass(f, numerics, from, target.at, {
        transform, inputs: points, from: line, to: output.column, run: channels, results: columns, finish, along: [...others, ...(spec.bias ? [channel] : [])],
      }),
      folded.map(({ at, steps }) => at.advance(4 * (tile * steps.column - channels))),
    ];
    const lastColumns = width - tile * (grid.columns - 1);
    const outputRow: Code = [
      from.set(part.get()), folded.map(({ at, row }) => at.set(row.get())),
      lastColumns === tile ? f.times(grid.columns, tileAcross(tile)) : [f.times(grid.columns - 1, tileAcross(tile)), tileAcross(lastColumns)],
      part.advance(4 * points * line), folded.map(({ row, steps }) => row.advance(4 * steps.row)),
    ];
    const rowOfTiles = (rows: number): Code => [
      part.set(temporary.get()), channel.set(planes.get()),
      f.times(points, [
        from.set(channel.get()), to.set(part.get()),
        emitPass(f, numerics, from, to, { transform, inputs: points, from: points * plane, to: points * line, run: line }),
        channel.advance(4 * plane), part.advance(4 * line),
      ]),
      part.set(temporary.get()),
      f.times(rows, outputRow),
      planes.advance(4 * line),
    ];
    const lastRows = height - tile * (grid.rows - 1);
    const rows = f.parameter(7), last = f.parameter(8), whole = f.local('i32');
    return f.timesOf(f.parameter(6).get(), [
      folded.map(({ row, image }) => row.set(image.get())),
      lastRows === tile
        ? f.timesOf(rows.get(), rowOfTiles(tile))
        : [whole.set(i32.sub(rows.get(), last.get())), when(whole.get(), f.timesOf(whole.get(), rowOfTiles(tile))), when(last.get(), rowOfTiles(lastRows))],
      folded.map(({ image, steps }) => image.advance(4 * steps.image)),
    ]);
  });
}

export interface PointsSpec {
  points: number;
  /** Tiles of a row. */
  tiles: number;
  channels: number;
  outputs: number;
  fromPlane: number;
  toPlane: number;
}

/** out[point][tile][n] = Σ_c in[point][tile][c] · w[point][c][n]. Parameters: planes in, weights, planes out, rows of tiles. */
export function emitPointProducts(module: ModuleBuilder, name: string, numerics: Numerics, spec: PointsSpec & { mostRows: number }): number {
  const { tileWidth: width } = numerics;
  return module.function(name, ['i32', 'i32', 'i32', 'i32'], [], (f) => {
    const input_ = f.parameter(0), w = f.parameter(1), output = f.parameter(2);
    const a = f.local('i32'), from = f.local('i32'), to = f.local('i32');
    const scalars = f.localsOf('v128', numerics.tileHeight), row = f.localsOf('v128', width / 4);
    const group = (high: number): Code => {
      const tile = createTile(f, high, width);
      return [
        a.set(from.get()), setTile(tile, () => v128.zero),
        f.times(spec.channels, [multiplyStep(numerics, tile, a, 4 * spec.channels, w, scalars, row), a.advance(4), w.advance(64)]),
        w.advance(-64 * spec.channels),
        storeTile(tile, to.get(), 4 * spec.outputs),
        from.advance(4 * high * spec.channels), to.advance(4 * high * spec.outputs),
      ];
    };
    const rows = inTiles(f, f.parameter(3), spec.tiles, spec.mostRows, numerics.tileHeight, group);
    const part: Code = [from.set(input_.get()), to.set(output.get()), rows.run, output.advance(4 * width), w.advance(4 * width)];
    const parts = 16 / width, blocks = spec.outputs / 16;
    return [
      rows.before,
      f.times(spec.points, [
        f.times(blocks, [f.times(parts, part), w.advance(64 * spec.channels - 64)]),
        input_.advance(4 * spec.fromPlane), output.advance(4 * (spec.toPlane - spec.outputs)),
      ]),
    ];
  });
}

/** `count` times `unit` rows, cut into register tiles of nearly equal height: one loop for every height that some count up to `most` leads to. */
function inTiles(f: FunctionBuilder, count: Local, unit: number, most: number, highest: number, tile: (height: number) => Code): { before: Code; run: Code } {
  const cuts = Array.from({ length: most }, (_, i) => tileHeights((i + 1) * unit, highest));
  const heights = [...new Set(cuts.flatMap((cut) => cut.map(({ height }) => height)))];
  const rows = f.local('i32'), tiles = f.local('i32'), low = f.local('i32'), higher = f.local('i32');
  const counts = heights.map((height) => ({ height, times: f.local('i32') }));
  const before: Code = [
    rows.set(i32.mul(count.get(), i32.const(unit))),
    tiles.set(i32.divU(i32.add(rows.get(), i32.const(highest - 1)), i32.const(highest))),
    low.set(i32.divU(rows.get(), tiles.get())), higher.set(i32.remU(rows.get(), tiles.get())),
    counts.map(({ height, times }) => times.set(choose(
      i32.eq(low.get(), i32.const(height)), i32.sub(tiles.get(), higher.get()), choose(i32.eq(low.get(), i32.const(height - 1)), higher.get(), i32.const(0)),
    ))),
  ];
  return { before, run: counts.map(({ height, times }) => when(times.get(), f.timesOf(times.get(), tile(height)))) };
}

/** dU[point][c][n] (+)= Σ_tile V[point][tile][c] · Z[point][tile][n]; `fresh`: what is there does not count. Parameters: V, Z, dU, rows of tiles. */
export function emitPointGradients(module: ModuleBuilder, name: string, numerics: Numerics, spec: PointsSpec, fresh: boolean): number {
  const width = numerics.tileWidth, parts = 16 / width;
  return module.function(name, ['i32', 'i32', 'i32', 'i32'], [], (f) => {
    const v = f.parameter(0), z = f.parameter(1), weights = f.parameter(2), rows = f.parameter(3);
    const a = f.local('i32'), b = f.local('i32'), x_ = f.local('i32'), y = f.local('i32'), tiles = f.local('i32');
    const scalars = f.localsOf('v128', numerics.tileHeight), row = f.localsOf('v128', width / 4);
    const sums = (height: number): Code => {
      const tile = createTile(f, height, width);
      return [
        a.set(x_.get()), b.set(y.get()), setTile(tile, (r, c) => (fresh ? v128.zero : v128.load(weights.get(), 64 * r + 16 * c))),
        f.timesOf(tiles.get(), [multiplyStep(numerics, tile, a, 4, b, scalars, row), a.advance(4 * spec.channels), b.advance(4 * spec.outputs)]),
        storeTile(tile, weights.get(), 64), x_.advance(4 * height), weights.advance(64 * height),
      ];
    };
    const part: Code = [
      x_.set(v.get()), tileHeights(spec.channels, numerics.tileHeight).map(({ height, count }) => f.times(count, sums(height))),
      weights.advance(4 * width - 64 * spec.channels), y.advance(4 * width),
    ];
    return [
      tiles.set(i32.mul(rows.get(), i32.const(spec.tiles))),
      f.times(spec.points, [
        y.set(z.get()), f.times(spec.outputs / 16, [f.times(parts, part), weights.advance(64 * spec.channels - 64)]),
        v.advance(4 * spec.fromPlane), z.advance(4 * spec.toPlane),
      ]),
    ];
  });
}

/** Weights [block][3][3][channel][16] → U [point][block][channel][16] (G g Gᵀ). Parameters: weights of a block, U at the block, temporary, blocks. */
export function emitWeightsToPoints(module: ModuleBuilder, name: string, numerics: Numerics, transform: Transform, channels: number, blocks: number): number {
  const run = 16 * channels, points = transform.length, plane = run * blocks;
  return module.function(name, ['i32', 'i32', 'i32', 'i32'], [], (f) => {
    const weights = f.parameter(0), target = f.parameter(1), temporary = f.parameter(2);
    const from = f.local('i32'), to = f.local('i32'), part = f.local('i32'), point = f.local('i32');
    return f.timesOf(f.parameter(3).get(), [
      // Along the kernel's columns: three runs side by side.
      from.set(weights.get()), to.set(temporary.get()), emitPass(f, numerics, from, to, { transform, inputs: 3, from: 3 * run, to: 3 * run, run: 3 * run }),
      part.set(temporary.get()), point.set(target.get()),
      f.times(points, [
        from.set(part.get()), to.set(point.get()), emitPass(f, numerics, from, to, { transform, inputs: 3, from: run, to: plane, run }),
        part.advance(4 * 3 * run), point.advance(4 * points * plane),
      ]),
      weights.advance(4 * 9 * run), target.advance(4 * run),
    ]);
  });
}

/** dU → gradient of the weights (Gᵀ dU G), written over what is there. Parameters: dU at a block, gradient of the block, temporary, blocks. */
export function emitPointsToWeights(module: ModuleBuilder, name: string, numerics: Numerics, transform: Transform, points: number, channels: number, blocks: number): number {
  const run = 16 * channels, plane = run * blocks;
  return module.function(name, ['i32', 'i32', 'i32', 'i32'], [], (f) => {
    const source = f.parameter(0), gradient = f.parameter(1), temporary = f.parameter(2);
    const from = f.local('i32'), to = f.local('i32'), part = f.local('i32'), point = f.local('i32');
    return f.timesOf(f.parameter(3).get(), [
      part.set(temporary.get()), point.set(source.get()),
      f.times(points, [
        from.set(point.get()), to.set(part.get()), emitPass(f, numerics, from, to, { transform, inputs: points, from: points * plane, to: points * run, run }),
        part.advance(4 * run), point.advance(4 * plane),
      ]),
      part.set(temporary.get()), point.set(gradient.get()),
      f.times(3, [
        from.set(part.get()), to.set(point.get()), emitPass(f, numerics, from, to, { transform, inputs: points, from: run, to: run, run }),
        part.advance(4 * points * run), point.advance(4 * 3 * run),
      ]),
      source.advance(4 * run), gradient.advance(4 * 9 * run),
    ]);
  });
}
