/**
 * The register tile that every matrix-like kernel is built around: `height` rows × `width` columns of float32
 * accumulators, fed one k at a time by `height` broadcast scalars and one row of `width` floats:
 *
 *     acc[r][c] += a[r] · b[c]
 *
 * One k per loop turn: V8 hoists the loads of a longer body and spills. Stores go upper half first, so that V8's
 * re-vectoriser can join two neighbouring 128-bit stores (and all that feeds them) into one of 256 bits.
 */
import { v128, type Code, type FunctionBuilder, type Local } from '../emitter.ts';
import { multiplyAdd, type Numerics } from './numerics.ts';

export interface Tile {
  height: number;
  /** In vectors of four floats. */
  vectors: number;
  /** [row][vector] */
  accumulators: Local[][];
}

export function createTile(f: FunctionBuilder, height: number, width: number): Tile {
  const vectors = width / 4;
  return { height, vectors, accumulators: Array.from({ length: height }, () => f.localsOf('v128', vectors)) };
}

/** Each accumulator from `value(row, vector)`. */
export function setTile(tile: Tile, value: (row: number, vector: number) => Code): Code {
  return tile.accumulators.map((row, r) => row.map((local, v) => local.set(value(r, v))));
}

/** Each accumulator through `change`, in place. */
export function changeTile(tile: Tile, change: (value: Code, row: number, vector: number) => Code): Code {
  return setTile(tile, (r, v) => change(tile.accumulators[r][v].get(), r, v));
}

/** One k: a[r] are the floats at `a + r · rowBytes`, b[c] those from `b` on. */
export function multiplyStep(numerics: Numerics, tile: Tile, a: Local, rowBytes: number, b: Local, scalars: Local[], row: Local[]): Code {
  return [
    row.map((local, v) => local.set(v128.load(b.get(), 16 * v))),
    tile.accumulators.map((locals, r) => [
      scalars[r].set(v128.load32Splat(a.get(), r * rowBytes)),
      locals.map((local, v) => local.set(multiplyAdd(numerics, scalars[r].get(), row[v].get(), local.get()))),
    ]),
  ];
}

/** Stores row r at `address + r · rowBytes`. */
export function storeTile(tile: Tile, address: Code, rowBytes: number): Code {
  return tile.accumulators.map((row, r) =>
    row.map((_, v) => v ^ 1).map((v) => v128.store(address, row[v].get(), r * rowBytes + 16 * v)));
}
