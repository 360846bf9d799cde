/** Image files for prediction: digits made to look like MNIST's, and files that are damaged, hostile or something else. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { UserError } from '../../src/common/problem.ts';
import { purpose, RandomStream } from '../../src/common/random.ts';
import { fitOf, likeMnist, readImageFile } from '../../src/data/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'exp-images-'));
afterAll(() => rmSync(folder, { recursive: true }));

const digit = { channels: 1, height: 28, width: 28 };

function write(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** A filled rectangle [left, top, width, height] of one grey on another. */
function rectangle(width: number, height: number, [left, top, wide, high]: readonly number[], ink: number, paper: number): Uint8Array {
  return Uint8Array.from({ length: width * height }, (_, at) => {
    const x = at % width, y = Math.floor(at / width);
    return x >= left && x < left + wide && y >= top && y < top + high ? ink : paper;
  });
}

const png = (pixels: Uint8Array, width: number, height: number): Promise<Buffer> => sharp(pixels, { raw: { width, height, channels: 1 } }).png().toBuffer();

/** The rows and columns where ink lies, and its centre of mass. */
function measure(pixels: Uint8Array) {
  const lit = [...pixels.keys()].filter((at) => pixels[at] > 127);
  const xs = lit.map((at) => at % 28), ys = lit.map((at) => Math.floor(at / 28));
  const mass = pixels.reduce((sum, each) => sum + each, 0);
  const mean = (of: (at: number) => number): number => pixels.reduce((sum, each, at) => sum + each * of(at), 0) / mass;
  return {
    left: Math.min(...xs), top: Math.min(...ys), width: Math.max(...xs) - Math.min(...xs) + 1, height: Math.max(...ys) - Math.min(...ys) + 1,
    x: mean((at) => at % 28), y: mean((at) => Math.floor(at / 28)), brightest: Math.max(...pixels), darkest: Math.min(...pixels),
  };
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(() => undefined, (reason: unknown) => reason);
  if (!(error instanceof UserError)) throw new Error(`expected a UserError, got ${String(error)}`);
  return error.message;
}

describe('a digit', () => {
  for (const [what, ink, paper] of [['dark on light', 20, 240], ['light on dark', 250, 5], ['grey on grey', 90, 130]] as const) {
    it(`${what} becomes white on black, 20 pixels high, in the middle`, async () => {
      const path = write('digit.png', await png(rectangle(300, 200, [30, 20, 40, 100], ink, paper), 300, 200));
      expect(measure(await readImageFile(path, digit))).toEqual({ left: 10, top: 4, width: 8, height: 20, x: 13.5, y: 13.5, brightest: 255, darkest: 0 });
    });
  }

  it('wider than high is 20 pixels wide', () => {
    const image = likeMnist({ width: 300, height: 100, pixels: rectangle(300, 100, [10, 10, 200, 50], 255, 0) });
    expect(measure(image!)).toMatchObject({ left: 4, top: 12, width: 20, height: 5 });
  });

  it('is centred by its mass, not by its box', () => {
    // A heavy block on the left with a thin line to the right.
    const pixels = rectangle(100, 100, [20, 20, 20, 60], 255, 0);
    for (let x = 40; x < 65; x++) pixels[50 * 100 + x] = 255;
    const { x, y, left } = measure(likeMnist({ width: 100, height: 100, pixels })!);
    expect(Math.abs(x - 13.5)).toBeLessThanOrEqual(0.5);
    expect(Math.abs(y - 13.5)).toBeLessThanOrEqual(0.5);
    expect(left).toBeGreaterThan(7);
  });

  it('smaller than 20 pixels grows', () => {
    expect(measure(likeMnist({ width: 8, height: 9, pixels: rectangle(8, 9, [2, 2, 2, 5], 255, 0) })!)).toMatchObject({ top: 4, height: 20, width: 8 });
  });

  it('of 28×28 on black is taken as it is', () => {
    const pixels = rectangle(28, 28, [3, 3, 4, 9], 200, 0);
    expect(likeMnist({ width: 28, height: 28, pixels })).toEqual(pixels);
  });

  it('keeps its shape where paper has grain and JPEG ripples', async () => {
    const random = new RandomStream(1, purpose.split);
    const pixels = rectangle(280, 280, [100, 60, 60, 160], 40, 225).map((each) => each + random.below(16) - 8);
    const path = write('photo.jpg', await sharp(pixels, { raw: { width: 280, height: 280, channels: 1 } }).jpeg({ quality: 60 }).toBuffer());
    expect(measure(await readImageFile(path, digit))).toMatchObject({ left: 10, top: 4, width: 8, height: 20 });
  });

  it('in colour, transparent, of 16 bits, of one pixel', async () => {
    const dark = rectangle(100, 100, [40, 20, 20, 60], 10, 250);
    const expected = { height: 20, top: 4 };
    const colour = await sharp(dark, { raw: { width: 100, height: 100, channels: 1 } }).toColourspace('srgb').png().toBuffer();
    expect(measure(await readImageFile(write('colour.png', colour), digit))).toMatchObject(expected);
    const clear = Uint8Array.from({ length: 40_000 }, (_, at) => (at % 4 === 3 ? 255 - dark[at >> 2] : 0));
    const transparent = await sharp(clear, { raw: { width: 100, height: 100, channels: 4 } }).png().toBuffer();
    expect(measure(await readImageFile(write('transparent.png', transparent), digit))).toMatchObject(expected);
    const deep = await sharp(dark, { raw: { width: 100, height: 100, channels: 1 } }).toColourspace('grey16').png().toBuffer();
    expect((await sharp(deep).metadata()).depth).toBe('ushort');
    expect(measure(await readImageFile(write('deep.png', deep), digit))).toMatchObject(expected);
    expect(await refusal(readImageFile(write('one.png', await png(Uint8Array.of(9), 1, 1)), digit))).toContain('there is nothing on it');
  });

  it('that is not there is refused', async () => {
    const path = write('blank.png', await png(new Uint8Array(2500).fill(200), 50, 50));
    expect(await refusal(readImageFile(path, digit))).toBe(`${path}: there is nothing on it: no pixel stands out from its border`);
  });
});

describe('other shapes', () => {
  it('are scaled to, as RGB', async () => {
    const pixels = Uint8Array.from({ length: 64 * 48 * 3 }, (_, at) => [200, 100, 50][at % 3]);
    const path = write('colour.png', await sharp(pixels, { raw: { width: 64, height: 48, channels: 3 } }).png().toBuffer());
    const image = await readImageFile(path, { channels: 3, height: 32, width: 16 });
    expect(image.length).toBe(3 * 32 * 16);
    expect([...image.subarray(0, 6)]).toEqual([200, 100, 50, 200, 100, 50]);
  });

  it('keep the middle of their longer side, or are stretched, as the training images were', async () => {
    const pixels = rectangle(40, 20, [0, 0, 10, 20], 255, 0); // the left quarter is white
    const path = write('wide.png', await png(pixels, 40, 20));
    const square = { channels: 1, height: 20, width: 20 };
    expect(Math.max(...await readImageFile(path, square, fitOf({ type: 'image-folder', options: { fit: 'crop' } })))).toBe(0);
    expect((await readImageFile(path, square, fitOf({ type: 'image-folder', options: { fit: 'stretch' } })))[0]).toBe(255);
    expect(await readImageFile(path, square)).toEqual(await readImageFile(path, square, fitOf({ type: 'cifar10', options: {} })));
  });

  it('of other than 1 or 3 channels are refused', async () => {
    const path = write('grey.png', await png(new Uint8Array(4), 2, 2));
    expect(await refusal(readImageFile(path, { channels: 2, height: 8, width: 8 }))).toContain('the network reads 2×8×8');
  });
});

describe('bad files', () => {
  it('that are missing, a directory, text or empty are refused by name', async () => {
    expect(await refusal(readImageFile(join(folder, 'absent.png'), digit))).toBe(`${join(folder, 'absent.png')}: there is no such file`);
    expect(await refusal(readImageFile(folder, digit))).toBe(`${folder}: a directory, not an image`);
    expect(await refusal(readImageFile(write('text.png', Buffer.from('<svg/>')), digit))).toContain('neither PNG nor JPEG');
    expect(await refusal(readImageFile(write('empty.png', new Uint8Array()), digit))).toContain('neither PNG nor JPEG');
  });

  it('that claim to be enormous are refused before they are inflated', async () => {
    const started = performance.now();
    expect(await refusal(readImageFile(write('bomb.png', pngClaiming(100_000, 100_000)), digit))).toMatch(/100000×100000 pixels, at most 50 million|pixel limit/);
    expect(performance.now() - started).toBeLessThan(15_000);
  });

  it('that were mutated give pixels or a UserError, 500 times', async () => {
    const good = await png(rectangle(40, 40, [10, 5, 8, 30], 0, 255), 40, 40);
    const random = new RandomStream(2, purpose.split);
    let refused = 0;
    for (let i = 0; i < 500; i++) {
      const mutated = Buffer.from(good.subarray(0, random.below(4) === 0 ? random.below(good.length) : good.length));
      for (let flips = 1 + random.below(3); flips > 0 && mutated.length > 0; flips--) mutated[random.below(mutated.length)] ^= 1 << random.below(8);
      const length = await readImageFile(write('mutated.png', mutated), digit).then((pixels) => pixels.length, (error: unknown) => (error instanceof UserError ? 'refused' : error));
      expect([784, 'refused']).toContain(length);
      if (length === 'refused') refused++;
    }
    expect(refused).toBeGreaterThan(250);
  });
});

/** A small PNG file whose header promises more than any machine could hold. */
function pngClaiming(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8; // bits; grey, deflate, no interlace follow as zeros
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', deflateSync(Buffer.alloc(1000))), chunk('IEND', Buffer.alloc(0))]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]), whole = Buffer.alloc(body.length + 8);
  whole.writeUInt32BE(data.length, 0);
  body.copy(whole, 4);
  whole.writeUInt32BE(crc32(body), body.length + 4);
  return whole;
}

/** PNG specification, annex D. */
function crc32(bytes: Uint8Array): number {
  let remainder = 0xffffffff;
  for (const byte of bytes) {
    remainder ^= byte;
    for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0xedb88320 : 0);
  }
  return ~remainder >>> 0;
}
