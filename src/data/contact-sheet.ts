/** Pictures side by side, as a photographer's contact sheet: a row for each image, the original first, set off by a wider gap. */
import type { Pixels } from '../common/image-codec.ts';
import type { Shape } from '../common/shape.ts';

/** Small images are enlarged by whole factors up to about this many pixels: nothing is blurred. */
const comfortable = 96;
const gap = 4;
/** Between the original and what was made of it. */
const wideGap = 16;
/** Of the sheet: neither black nor white, so that the borders of images are seen. */
const background = 128;

/** `rows`: images [height, width, channels], 0..255, as many in each row. */
export function createSheet(rows: readonly (readonly Uint8Array[])[], { channels, height, width }: Shape): Pixels {
  const factor = Math.max(1, Math.floor(comfortable / Math.max(height, width)));
  const columns = rows[0].length;
  const left = (column: number): number => gap + column * (width * factor + gap) + (column > 0 ? wideGap - gap : 0);
  const top = (row: number): number => gap + row * (height * factor + gap);
  const sheet = { height: top(rows.length), width: left(columns), channels };
  const pixels = new Uint8Array(sheet.height * sheet.width * channels).fill(background);
  rows.forEach((images, row) => images.forEach((image, column) => {
    for (let y = 0; y < height * factor; y++) {
      for (let x = 0; x < width * factor; x++) {
        const from = (Math.floor(y / factor) * width + Math.floor(x / factor)) * channels;
        pixels.set(image.subarray(from, from + channels), ((top(row) + y) * sheet.width + left(column) + x) * channels);
      }
    }
  }));
  return { ...sheet, data: pixels };
}
