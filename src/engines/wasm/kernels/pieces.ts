/**
 * Work on the images in hand, cut into pieces whose temporary data stay in the cache: some whole images at a time, or where one
 * image is too much, some rows of its tiles. A piece runs through several kernels before the next one begins.
 */
import { choose, i32, when, type Code, type FunctionBuilder, type Local } from '../emitter.ts';

export interface Pieces {
  /** Images of a piece; with 1, perhaps only some `rows` of it. */
  images: number;
  rows: number;
  /** Rows of tiles of an image. */
  allRows: number;
}

/** A map that moves along: bytes from one row of tiles, and from one image, to the next. */
export interface PieceMap { at: Local; rowBytes: number; imageBytes: number }

/** What a piece is made of: images, rows of tiles of each, and whether the last of these is the image's last. */
export interface Piece { images: Code; rows: Code; last: Code }

/** Runs `body` for every piece, the maps standing at its first tile. `images` is used up. */
export function overPieces(f: FunctionBuilder, { images: most, rows, allRows }: Pieces, images: Local, maps: readonly PieceMap[], body: (piece: Piece) => Code): Code {
  const moveImages = (count: Code): Code => maps.map(({ at, imageBytes }) => at.set(i32.add(at.get(), i32.mul(count, i32.const(imageBytes)))));
  if (rows === allRows) {
    const count = f.local('i32');
    return f.whileTrue(images.get(), [
      count.set(choose(i32.ltU(images.get(), i32.const(most)), images.get(), i32.const(most))),
      body({ images: count.get(), rows: i32.const(allRows), last: i32.const(1) }),
      moveImages(count.get()),
      images.set(i32.sub(images.get(), count.get())),
    ]);
  }
  const full = Math.ceil(allRows / rows) - 1, rest = allRows - full * rows;
  const moveRows = (count: number): Code => maps.map(({ at, rowBytes }) => at.advance(count * rowBytes));
  const piece = (count: number, last: 0 | 1): Code => body({ images: i32.const(1), rows: i32.const(count), last: i32.const(last) });
  return when(images.get(), f.timesOf(images.get(), [
    f.times(full, [piece(rows, 0), moveRows(rows)]),
    piece(rest, 1),
    maps.map(({ at, rowBytes, imageBytes }) => at.advance(imageBytes - full * rows * rowBytes)),
  ]));
}
