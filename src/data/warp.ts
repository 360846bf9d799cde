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
  const frame = new Float32Array((height + 3) * frameRow);
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
      for (let y = 0; y < height; y++) {
        const rowX = b * y + c, rowY = e * y + f;
        let to = offset + y * rowStride;
        for (let x = 0; x < width; x++, to += pixelStride) {
          const atX = hold(a * x + rowX, width, fill), atY = hold(d * x + rowY, height, fill);
          const left = Math.floor(atX), top = Math.floor(atY);
          const right = atX - left, bottom = atY - top;
          const above = (top + 1) * frameRow + (left + 1) * channels, below = above + frameRow;
          for (let channel = 0; channel < channels; channel++) {
            const upper = frame[above + channel] * (1 - right) + frame[above + channels + channel] * right;
            const lower = frame[below + channel] * (1 - right) + frame[below + channels + channel] * right;
            target[to + channel] = upper * (1 - bottom) + lower * bottom;
          }
        }
      }
    },
  };
}

/** Brings a coordinate into the frame: into the image for edge and reflect, to at most one pixel outside for zero. */
function hold(position: number, size: number, fill: Fill): number {
  if (position >= 0 && position <= size - 1) return position;
  if (fill === 'zero') return position < -1 ? -1 : position > size ? size : position;
  if (fill === 'edge') return position < 0 ? 0 : size - 1;
  return reflect(position, size);
}

/** Mirrored at the first and the last pixel, which are not repeated: -1 is 1, and `size` is `size - 2`. */
function reflect(position: number, size: number): number {
  if (size === 1) return 0;
  const period = 2 * (size - 1);
  const within = position - period * Math.floor(position / period);
  return within < size ? Math.min(within, period - within) : period - within;
}
