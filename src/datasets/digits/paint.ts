/**
 * Paints the digit with a given number: which digit, written how, with which pen, everything drawn from the stream of
 * (seed, number). 28×28 pixels, ink 255 on paper 0, edges anti-aliased.
 */
import { purpose, RandomStream } from '../../common/random.ts';
import { createPath, type Path, writePath } from './hand.ts';
import { glyphs } from './strokes.ts';

export const digitSize = 28;

/** Writes image `number` to `pixels` (28×28) and returns which digit it is. Scratch memory is kept between calls. */
export function createDigitPainter(seed: number): (number: number, pixels: Uint8Array) => number {
  const random = new RandomStream(seed, purpose.synthetic);
  const path = createPath();
  const ink = new Float64Array(digitSize * digitSize);
  return (number, pixels) => {
    random.moveTo(number, 0, 0);
    const digit = random.below(glyphs.length);
    const ways = glyphs[digit];
    const thickness = 1.4 + 2.4 * random.uniform() * random.uniform() + 0.9 * random.uniform(); // pixels; fine pens are more common
    writePath(path, ways[random.below(ways.length)], digitSize, thickness, random);
    draw(ink, path, thickness, random);
    develop(ink, pixels, random);
    return digit;
  };
}

/** The share of each pixel that the pen covers, by its distance from the line; the pressure changes along the path. */
function draw(ink: Float64Array, { ends, count }: Path, thickness: number, random: RandomStream): void {
  ink.fill(0);
  const pressureAtStart = random.between(0.75, 1.2), pressureAtEnd = random.between(0.75, 1.2);
  for (let piece = 0; piece < count; piece++) {
    const pressure = pressureAtStart + (pressureAtEnd - pressureAtStart) * (piece / count);
    drawPiece(ink, ends, 4 * piece, 0.5 * thickness * pressure + 0.5);
  }
}

/** `reach`: where the coverage falls to zero, half a pixel outside the pen's edge. */
function drawPiece(ink: Float64Array, ends: Float64Array, at: number, reach: number): void {
  const x0 = ends[at], y0 = ends[at + 1], alongX = ends[at + 2] - x0, alongY = ends[at + 3] - y0;
  const lengthSquared = alongX * alongX + alongY * alongY;
  const inverse = lengthSquared > 0 ? 1 / lengthSquared : 0;
  const left = Math.max(0, Math.ceil(Math.min(x0, x0 + alongX) - reach)), right = Math.min(digitSize - 1, Math.floor(Math.max(x0, x0 + alongX) + reach));
  const top = Math.max(0, Math.ceil(Math.min(y0, y0 + alongY) - reach)), bottom = Math.min(digitSize - 1, Math.floor(Math.max(y0, y0 + alongY) + reach));
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const fromX = x - x0, fromY = y - y0;
      const position = (fromX * alongX + fromY * alongY) * inverse;
      const nearest = position < 0 ? 0 : position > 1 ? 1 : position;
      const acrossX = fromX - nearest * alongX, acrossY = fromY - nearest * alongY;
      const distanceSquared = acrossX * acrossX + acrossY * acrossY;
      if (distanceSquared >= reach * reach) continue;
      const coverage = Math.min(1, reach - Math.sqrt(distanceSquared));
      const pixel = y * digitSize + x;
      if (coverage > ink[pixel]) ink[pixel] = coverage;
    }
  }
}

/** Ink to bytes: a scanner's blur, its contrast, and grain where there is ink. */
function develop(ink: Float64Array, pixels: Uint8Array, random: RandomStream): void {
  const blur = random.between(0, 0.25); // share that the four neighbours have
  const own = 1 - blur;
  const contrast = random.between(0.85, 1.5) * 255, grain = random.between(0, 0.12);
  for (let y = 0; y < digitSize; y++) {
    for (let x = 0; x < digitSize; x++) {
      const at = y * digitSize + x;
      const across = (x > 0 ? ink[at - 1] : 0) + (x < digitSize - 1 ? ink[at + 1] : 0);
      const down = (y > 0 ? ink[at - digitSize] : 0) + (y < digitSize - 1 ? ink[at + digitSize] : 0);
      const value = own * ink[at] + 0.25 * blur * (across + down);
      pixels[at] = value === 0 ? 0 : Math.max(0, Math.min(255, Math.floor(contrast * value * (1 + grain * (random.uniform() - 0.5)) + 0.5)));
    }
  }
}
