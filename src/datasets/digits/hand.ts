/**
 * The hand: turns a glyph into the path of the pen, different every time. Points are displaced, joined smoothly, bent by
 * a slow wave, slanted, turned, and laid into the image as MNIST's were: into a box of 20×20 pixels, centred by mass.
 */
import { cos, sin } from '../../common/math.ts';
import type { RandomStream } from '../../common/random.ts';
import type { Glyph, Stroke } from './strokes.ts';

/** Pieces of line, [x0, y0, x1, y1] each, in pixels with pixel centres at whole numbers. */
export interface Path {
  ends: Float64Array;
  count: number;
}

const piecesPerSpan = 5;
/** No glyph has more than this many pieces; see the test over all glyphs. */
const maximumPieces = 128;

export function createPath(): Path {
  return { ends: new Float64Array(maximumPieces * 4), count: 0 };
}

/** Writes the path of one digit; `size` is the side of the image and `thickness` the width of the pen, in pixels. */
export function writePath(path: Path, glyph: Glyph, size: number, thickness: number, random: RandomStream): void {
  path.count = 0;
  const carelessness = random.between(0.015, 0.062); // standard deviation of a point, in heights
  for (const stroke of glyph) addStroke(path, stroke, carelessness, random);
  bend(path, random);
  slantAndTurn(path, random);
  layInto(path, size, thickness, random);
}

const points = new Float64Array(64);

/** Catmull and Rom's curve through the displaced points; the ends are doubled. */
function addStroke(path: Path, stroke: Stroke, carelessness: number, random: RandomStream): void {
  for (let i = 0; i < stroke.length; i++) points[i] = stroke[i] + carelessness * random.normal();
  const last = stroke.length / 2 - 1;
  let x = points[0], y = points[1];
  for (let span = 0; span < last; span++) {
    const before = 2 * Math.max(0, span - 1), from = 2 * span, to = from + 2, after = 2 * Math.min(last, span + 2);
    for (let piece = 1; piece <= piecesPerSpan; piece++) {
      const t = piece / piecesPerSpan;
      const nextX = curve(points[before], points[from], points[to], points[after], t);
      const nextY = curve(points[before + 1], points[from + 1], points[to + 1], points[after + 1], t);
      const at = 4 * path.count++;
      path.ends[at] = x;
      path.ends[at + 1] = y;
      path.ends[at + 2] = nextX;
      path.ends[at + 3] = nextY;
      x = nextX;
      y = nextY;
    }
  }
}

/** Catmull and Rom, 1974: from p1 at t = 0 to p2 at t = 1. */
function curve(p0: number, p1: number, p2: number, p3: number, t: number): number {
  return 0.5 * (2 * p1 + t * (p2 - p0 + t * (2 * p0 - 5 * p1 + 4 * p2 - p3 + t * (3 * (p1 - p2) + p3 - p0))));
}

/** The elastic distortion: one slow wave along each axis displaces the other, so that loops grow, shrink and lean. */
function bend({ ends, count }: Path, random: RandomStream): void {
  const strengthX = random.between(-0.11, 0.11), strengthY = random.between(-0.11, 0.11);
  const frequencyX = random.between(2, 6), frequencyY = random.between(2, 6);
  const phaseX = random.between(0, 6.283), phaseY = random.between(0, 6.283);
  for (let at = 0; at < 4 * count; at += 2) {
    const x = ends[at], y = ends[at + 1];
    ends[at] = x + strengthX * sin(frequencyX * y + phaseX);
    ends[at + 1] = y + strengthY * sin(frequencyY * x + phaseY);
  }
}

function slantAndTurn({ ends, count }: Path, random: RandomStream): void {
  const slant = 0.1 + 0.25 * random.normal(); // most people lean to the right
  const angle = 0.14 * random.normal(); // radians
  const width = random.between(0.5, 1.05); // of the height
  const cosine = cos(angle), sine = sin(angle);
  for (let at = 0; at < 4 * count; at += 2) {
    const y = ends[at + 1];
    const x = width * ends[at] - slant * y;
    ends[at] = cosine * x - sine * y;
    ends[at + 1] = sine * x + cosine * y;
  }
}

/** Scales the path, pen included, into a box of about 20 pixels and puts its centre of mass about where the image's centre is. */
function layInto({ ends, count }: Path, size: number, thickness: number, random: RandomStream): void {
  let left = Infinity, right = -Infinity, top = Infinity, bottom = -Infinity;
  let mass = 0, massX = 0, massY = 0;
  for (let at = 0; at < 4 * count; at += 4) {
    const x0 = ends[at], y0 = ends[at + 1], x1 = ends[at + 2], y1 = ends[at + 3];
    left = Math.min(left, x0, x1);
    right = Math.max(right, x0, x1);
    top = Math.min(top, y0, y1);
    bottom = Math.max(bottom, y0, y1);
    const length = Math.sqrt((x1 - x0) * (x1 - x0) + (y1 - y0) * (y1 - y0));
    mass += length;
    massX += length * (x0 + x1) / 2;
    massY += length * (y0 + y1) / 2;
  }
  const box = size * (20 / 28) * random.between(0.86, 1.02) - thickness;
  const scale = box / Math.max(right - left, bottom - top);
  const centre = (size - 1) / 2;
  const moveX = centre + 0.5 * random.normal() - scale * massX / mass;
  const moveY = centre + 0.5 * random.normal() - scale * massY / mass;
  for (let at = 0; at < 4 * count; at += 2) {
    ends[at] = scale * ends[at] + moveX;
    ends[at + 1] = scale * ends[at + 1] + moveY;
  }
}
