/**
 * Samples an image through an affine map, bilinearly. The image is first copied, already normalised, into a frame with
 * a border, so that the inner loop reads four neighbours without a question about edges. Positions that fall on pixel
 * centres (whole shifts, flips) give those pixels exactly.
 */
import type { Affine, Fill } from '../augmentations/augmentation.ts';
import type { Shape } from '../common/shape.ts';

export interface Warper {
  /** Writes the image at `pixels[first]` as `Batcher.fill` describes. */
  write(pixels: Uint8Array, first: number, affine: Affine, fill: Fill, target: Float32Array, offset: number, rowStride: number, pixelStride: number): void;
}

/** `values`: what a pixel value becomes, [channels, 256]. */
export function createWarper({ channels, height, width }: Shape, values: Float32Array): Warper {
  // One pixel of border before and two after: positions are held in [-1, size], and the right neighbour of `size` is read.
  const frameRow = (width + 3) * channels;
  const frame = new Float64Array((height + 3) * frameRow); // holds float32 values; saves their conversion at each read
  for (let i = 0; i < frame.length; i++) frame[i] = values[(i % channels) << 8];

  function copyIntoFrame(pixels: Uint8Array, first: number): void {
    let from = first;
    for (let y = 0; y < height; y++) {
      let to = (y + 1) * frameRow + channels;
      for (let x = 0; x < width; x++) {
        for (let channel = 0; channel < channels; channel++) frame[to++] = values[(channel << 8) | pixels[from++]];
      }
    }
  }

  return {
    write(pixels, first, { a, b, c, d, e, f }, fill, target, offset, rowStride, pixelStride) {
      copyIntoFrame(pixels, first);
      const mirrored = fill === 'reflect';
      // How far positions may go: for zero to the border, a pixel outside; else to the outermost pixels.
      const margin = fill === 'zero' ? 1 : 0;
      const low = -margin, highX = width - 1 + margin, highY = height - 1 + margin;
      for (let y = 0; y < height; y++) {
        const rowX = b * y + c, rowY = e * y + f;
        let to = offset + y * rowStride;
        for (let x = 0; x < width; x++, to += pixelStride) {
          let atX = a * x + rowX, atY = d * x + rowY;
          if (mirrored) {
            atX = reflect(atX, width);
            atY = reflect(atY, height);
          }
          atX = atX < low ? low : atX > highX ? highX : atX;
          atY = atY < low ? low : atY > highY ? highY : atY;
          const left = Math.floor(atX), top = Math.floor(atY);
          const right = atX - left, bottom = atY - top;
          const above = (top + 1) * frameRow + (left + 1) * channels, below = above + frameRow;
          if (channels === 1) { // the loop below, without its cost
            const upper = frame[above] + (frame[above + 1] - frame[above]) * right;
            const lower = frame[below] + (frame[below + 1] - frame[below]) * right;
            target[to] = upper + (lower - upper) * bottom;
            continue;
          }
          for (let channel = 0; channel < channels; channel++) {
            const upperLeft = frame[above + channel], lowerLeft = frame[below + channel];
            const upper = upperLeft + (frame[above + channels + channel] - upperLeft) * right;
            const lower = lowerLeft + (frame[below + channels + channel] - lowerLeft) * right;
            target[to + channel] = upper + (lower - upper) * bottom;
          }
        }
      }
    },
  };
}

/** Mirrored at the first and the last pixel, which are not repeated: -1 is 1, and `size` is `size - 2`. */
function reflect(position: number, size: number): number {
  if (position >= 0 && position <= size - 1) return position;
  if (size === 1) return 0;
  const period = 2 * (size - 1);
  const within = position - period * Math.floor(position / period);
  return within <= size - 1 ? within : period - within;
}
