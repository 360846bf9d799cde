/**
 * Image files to pixels: PNG and JPEG, decoded by sharp, which is loaded only here because it is an optional dependency
 * and slow to start. Files may be anybody's: their kind is told by their first bytes, and their size is bounded.
 */
import { UserError } from './problem.ts';

export type Sharp = typeof import('sharp').default;
export type ImageKind = 'PNG' | 'JPEG';

/** Of one image file. */
export const maximumFileBytes = 64 << 20;
/** Width × height. A bomb of a few kilobytes can claim billions. */
export const maximumPixels = 50_000_000;
/** Decoding one image takes milliseconds; what takes longer is hostile. */
const maximumSeconds = 20;

/** `crop`: the shorter side is scaled, the middle of the longer one is kept; `stretch`: both sides are scaled. */
export type Fit = 'crop' | 'stretch';

export interface DecodeRequest {
  /** 1 is grey. */
  channels: 1 | 3;
  /** Absent: as large as it is. */
  resize?: { height: number; width: number; fit: Fit };
}

export interface Pixels {
  /** [height, width, channels], 0..255 */
  data: Uint8Array;
  height: number;
  width: number;
  channels: number;
}

/** Turned as a camera's tag says; transparent is white, as paper. Throws what sharp throws; see `describeDecodeError`. */
export async function decodeImage(sharp: Sharp, bytes: Uint8Array, kind: ImageKind, { channels, resize }: DecodeRequest): Promise<Pixels> {
  let image = sharp(bytes, { limitInputPixels: maximumPixels, failOn: 'error' }).timeout({ seconds: maximumSeconds }).autoOrient();
  if (kind === 'PNG') image = image.flatten({ background: '#ffffff' });
  image = image.toColourspace(channels === 1 ? 'b-w' : 'srgb');
  if (resize) image = image.resize(resize.width, resize.height, { fit: resize.fit === 'crop' ? 'cover' : 'fill' });
  const { data, info } = await image.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  return { data, height: info.height, width: info.width, channels: info.channels };
}

/** [height, width, channels] of 1 or 3 channels → a PNG file. */
export async function encodePng(sharp: Sharp, { data, height, width, channels }: Pixels): Promise<Uint8Array> {
  return sharp(data, { raw: { width, height, channels: channels === 1 ? 1 : 3 } }).png().toBuffer();
}

/** Its first line: the rest repeats it. */
export function describeDecodeError(error: unknown): string {
  return error instanceof Error ? error.message.split('\n')[0] : String(error);
}

/** By the first bytes, whatever the name says. */
export function imageKind(bytes: Uint8Array): ImageKind | undefined {
  const starts = (...signature: number[]): boolean => signature.every((byte, index) => bytes[index] === byte);
  if (starts(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return 'PNG';
  return starts(0xff, 0xd8, 0xff) ? 'JPEG' : undefined;
}

export async function loadSharp(): Promise<Sharp> {
  try {
    const sharp = (await import('sharp')).default;
    sharp.cache(false); // nothing is decoded twice
    return sharp;
  } catch {
    throw new UserError({ code: 'no-sharp', message: 'image files need the package sharp, which is not installed here', fix: 'npm install sharp' });
  }
}
