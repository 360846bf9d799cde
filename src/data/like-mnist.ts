/**
 * Makes a picture of a digit look as MNIST's do, because a network reads well only what looks like its training images:
 * light ink on black, cut to the ink, scaled into 20×20 with its proportions kept, and laid into 28×28 with its centre
 * of mass in the middle (LeCun, Cortes, Burges: The MNIST database, "the original black and white images ...").
 */

/** One channel, rows one after another, 0 black to 255 white. */
export interface GreyImage {
  width: number;
  height: number;
  pixels: Uint8Array;
}

const size = 28, box = 20;
/** Below a tenth of the ink's brightness it is paper: shadows, grain, JPEG's ripples. */
const paper = 0.1;
/** Ink that differs less than this from the paper (of 255) is none. */
const faintest = 16;

/** [28, 28]; undefined where there is no ink. A picture of 28×28 on black is taken as it is: it comes from MNIST or looks like it. */
export function likeMnist(image: GreyImage): Uint8Array | undefined {
  const background = borderMedian(image);
  if (image.width === size && image.height === size && background === 0) return image.pixels.slice();
  const ink = extractInk(image, background);
  const bounds = ink && boundsOf(ink, image.width, image.height);
  if (!ink || !bounds) return undefined;
  const scale = box / Math.max(bounds.width, bounds.height);
  const width = Math.max(1, Math.round(bounds.width * scale)), height = Math.max(1, Math.round(bounds.height * scale));
  return centreByMass(resize(cut(ink, image.width, bounds), bounds, width, height), width, height);
}

/** The median of the outermost pixels: what the digit is written on. */
function borderMedian({ width, height, pixels }: GreyImage): number {
  const border: number[] = [];
  for (let x = 0; x < width; x++) border.push(pixels[x], pixels[(height - 1) * width + x]);
  for (let y = 0; y < height; y++) border.push(pixels[y * width], pixels[y * width + width - 1]);
  return border.toSorted((a, b) => a - b)[border.length >> 1];
}

/** How much each pixel differs from the paper, 0 to 1 at the strongest; ink is darker where the paper is light. */
function extractInk({ pixels }: GreyImage, background: number): Float64Array | undefined {
  const sign = background > 127 ? -1 : 1;
  const ink = Float64Array.from(pixels, (pixel) => Math.max(0, sign * (pixel - background)));
  const strongest = ink.reduce((largest, each) => Math.max(largest, each), 0);
  if (strongest < faintest) return undefined;
  return ink.map((each) => (each < paper * strongest ? 0 : each / strongest));
}

interface Bounds {
  left: number;
  top: number;
  width: number;
  height: number;
}

function boundsOf(ink: Float64Array, width: number, height: number): Bounds {
  let left = width, right = -1, top = height, bottom = -1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (ink[y * width + x] === 0) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  }
  return { left, top, width: right - left + 1, height: bottom - top + 1 };
}

function cut(ink: Float64Array, rowLength: number, { left, top, width, height }: Bounds): Float64Array {
  const piece = new Float64Array(width * height);
  for (let y = 0; y < height; y++) piece.set(ink.subarray((top + y) * rowLength + left, (top + y) * rowLength + left + width), y * width);
  return piece;
}

/** Rows, then columns. */
function resize(image: Float64Array, from: { width: number; height: number }, width: number, height: number): Float64Array {
  const narrow = new Float64Array(width * from.height);
  for (let y = 0; y < from.height; y++) resizeLine(image, y * from.width, 1, from.width, narrow, y * width, 1, width);
  const result = new Float64Array(width * height);
  for (let x = 0; x < width; x++) resizeLine(narrow, x, width, from.height, result, x, width, height);
  return result;
}

/** Each target is the mean of the sources under a triangle as wide as two targets (two sources where it grows): no pixel is left out. */
function resizeLine(
  source: Float64Array, sourceAt: number, sourceStride: number, sourceCount: number,
  target: Float64Array, targetAt: number, targetStride: number, targetCount: number,
): void {
  const ratio = sourceCount / targetCount, reach = Math.max(1, ratio);
  for (let i = 0; i < targetCount; i++) {
    const centre = (i + 0.5) * ratio - 0.5;
    let sum = 0, weights = 0;
    for (let j = Math.max(0, Math.ceil(centre - reach)); j <= Math.min(sourceCount - 1, Math.floor(centre + reach)); j++) {
      const weight = 1 - Math.abs(j - centre) / reach;
      sum += weight * source[sourceAt + j * sourceStride];
      weights += weight;
    }
    target[targetAt + i * targetStride] = sum / weights;
  }
}

/** Whole pixels, and never so far that ink is lost. */
function centreByMass(image: Float64Array, width: number, height: number): Uint8Array {
  let mass = 0, massX = 0, massY = 0;
  image.forEach((ink, at) => {
    mass += ink;
    massX += ink * (at % width);
    massY += ink * Math.floor(at / width);
  });
  const middle = (size - 1) / 2;
  const left = Math.max(0, Math.min(size - width, Math.round(middle - massX / mass)));
  const top = Math.max(0, Math.min(size - height, Math.round(middle - massY / mass)));
  const result = new Uint8Array(size * size);
  image.forEach((ink, at) => {
    result[(top + Math.floor(at / width)) * size + left + (at % width)] = Math.round(255 * Math.min(1, ink));
  });
  return result;
}
