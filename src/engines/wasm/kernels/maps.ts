/**
 * Kernels that walk whole feature maps element by element: activations and their gradients, sums and products of maps,
 * gradients through a ReLU. The maps share rows and channels but each has its own border, hence its own steps.
 */
import { i32, v128, type Code, type FunctionBuilder, type Local, type ModuleBuilder } from '../emitter.ts';

export interface MapSteps {
  /** Floats from a row to the next, and from an image to the next. */
  row: number;
  image: number;
}

export interface MapsSpec {
  rows: number;
  /** Width × physical channels: a multiple of 16, contiguous. */
  rowLength: number;
  /** The maps read, then the one written. */
  maps: readonly MapSteps[];
}

/** What one vector of the result is, from the same vector of each map. */
export type Compute = (f: FunctionBuilder, values: readonly Local[]) => { before: Code; value: Code };

/** Parameters: the maps read and the one written (at the first pixel), images. */
export function emitMaps(module: ModuleBuilder, name: string, spec: MapsSpec, compute: Compute): number {
  const count = spec.maps.length;
  return module.function(name, Array.from({ length: count + 1 }, () => 'i32' as const), [], (f) => {
    const maps = spec.maps.map((_, i) => f.parameter(i));
    const sources = maps.slice(0, -1), target = maps.at(-1)!;
    const results = f.localsOf('v128', 4);
    const vectors = results.map((result, v) => {
      const values = sources.map((source) => ({ local: f.local('v128'), source }));
      const { before, value } = compute(f, values.map(({ local }) => local));
      return [values.map(({ local, source }) => local.set(v128.load(source.get(), 16 * v))), before, result.set(value)];
    });
    const sixteen: Code = [
      vectors,
      [1, 0, 3, 2].map((v) => v128.store(target.get(), results[v].get(), 16 * v)),
      maps.map((map) => map.advance(64)),
    ];
    const image: Code = [
      f.times(spec.rows, [f.times(spec.rowLength / 16, sixteen), maps.map((map, i) => map.advance(4 * (spec.maps[i].row - spec.rowLength)))]),
      maps.map((map, i) => map.advance(4 * (spec.maps[i].image - spec.rows * spec.maps[i].row))),
    ];
    return f.timesOf(f.parameter(count).get(), image);
  });
}

export interface SliceSpec {
  rows: number;
  columns: number;
  /** Logical channels copied. */
  channels: number;
  from: MapSteps & { column: number };
  to: MapSteps & { column: number };
}

/** Copies channels of every pixel: concatenation and its gradient. Parameters: from, to (both at the first channel of the first pixel), images. */
export function emitSlice(module: ModuleBuilder, name: string, spec: SliceSpec): number {
  return module.function(name, ['i32', 'i32', 'i32'], [], (f) => {
    const from = f.parameter(0), to = f.parameter(1), images = f.parameter(2);
    const vectors = Math.floor(spec.channels / 4), rest = spec.channels % 4;
    const copy: Code = [
      f.times(vectors, [v128.store(to.get(), v128.load(from.get())), from.advance(16), to.advance(16)]),
      // The last few as bits: a vector would spill into the neighbour.
      Array.from({ length: rest }, (_, i) => i32.store(to.get(), i32.load(from.get(), 4 * i), 4 * i)),
    ];
    const pixel: Code = [copy, from.advance(4 * (spec.from.column - 4 * vectors)), to.advance(4 * (spec.to.column - 4 * vectors))];
    const move = (steps: SliceSpec['from'], local: Local): { row: Code; image: Code } => ({
      row: local.advance(4 * (steps.row - spec.columns * steps.column)),
      image: local.advance(4 * (steps.image - spec.rows * steps.row)),
    });
    const a = move(spec.from, from), b = move(spec.to, to);
    return f.timesOf(images.get(), [f.times(spec.rows, [f.times(spec.columns, pixel), a.row, b.row]), a.image, b.image]);
  });
}

/** Zeros in some channels of every pixel. Parameters: map (at the first of these channels), images. */
export function emitClearChannels(module: ModuleBuilder, name: string, spec: { rows: number; columns: number; channels: number; steps: SliceSpec['to'] }): number {
  return module.function(name, ['i32', 'i32'], [], (f) => {
    const at = f.parameter(0);
    const { rows, columns, channels, steps } = spec;
    const pixel: Code = [Array.from({ length: channels }, (_, i) => i32.store(at.get(), i32.const(0), 4 * i)), at.advance(4 * steps.column)];
    return f.timesOf(f.parameter(1).get(), [
      f.times(rows, [f.times(columns, pixel), at.advance(4 * (steps.row - columns * steps.column))]),
      at.advance(4 * (steps.image - rows * steps.row)),
    ]);
  });
}

export interface CopySpec {
  rows: number;
  columns: number;
  channels: number;
  from: MapSteps & { column: number; channel: number };
  to: MapSteps & { column: number; channel: number };
}

/** Copies element by element with any distances on both sides: flattening in the order channels, rows, columns. Parameters: from, to, images. */
export function emitCopy(module: ModuleBuilder, name: string, spec: CopySpec): number {
  return module.function(name, ['i32', 'i32', 'i32'], [], (f) => {
    const { rows, columns, channels } = spec;
    const ends = [{ at: f.parameter(0), steps: spec.from }, { at: f.parameter(1), steps: spec.to }];
    const [from, to] = [f.parameter(0), f.parameter(1)];
    const move = (floats: (steps: CopySpec['from']) => number): Code => ends.map(({ at, steps }) => at.advance(4 * floats(steps)));
    const element: Code = [i32.store(to.get(), i32.load(from.get())), move((steps) => steps.channel)];
    const pixel: Code = [f.times(channels, element), move((steps) => steps.column - channels * steps.channel)];
    const row: Code = [f.times(columns, pixel), move((steps) => steps.row - columns * steps.column)];
    return f.timesOf(f.parameter(2).get(), [f.times(rows, row), move((steps) => steps.image - rows * steps.row)]);
  });
}
