/**
 * Image files for prediction: PNG and JPEG, decoded by sharp, which is loaded only here because it is an optional
 * dependency and slow to start. Anybody's file may come: its kind and its dimensions are checked before it is inflated.
 */
import { readFile } from 'node:fs/promises';
import { UserError } from '../common/problem.ts';
import { describeShape, type Shape } from '../common/shape.ts';
import { likeMnist } from './like-mnist.ts';

const maximumFileBytes = 64 << 20;
/** Width × height. A bomb of a few kilobytes can claim billions. */
const maximumPixels = 50_000_000;

type Sharp = typeof import('sharp').default;

/** Pixels [height, width, channels], 0..255, of the shape that the network reads. Throws UserError naming the file. */
export async function readImageFile(path: string, shape: Shape): Promise<Uint8Array> {
  const bytes = await readBytes(path);
  const kind = kindOf(bytes);
  if (!kind) throw badImage(path, 'neither PNG nor JPEG', 'convert it to PNG');
  const sharp = await loadSharp();
  try {
    return await decode(sharp, path, bytes, shape);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw badImage(path, `a ${kind} file that cannot be decoded (${reason})`, 'it is damaged; save it again');
  }
}

async function decode(sharp: Sharp, path: string, bytes: Uint8Array, shape: Shape): Promise<Uint8Array> {
  const { channels, height, width } = shape;
  const image = sharp(bytes, { limitInputPixels: maximumPixels, failOn: 'error' }).timeout({ seconds: 20 });
  const metadata = await image.metadata();
  if (metadata.width * metadata.height > maximumPixels) {
    throw badImage(path, `${metadata.width}×${metadata.height} pixels, at most ${maximumPixels / 1e6} million are read`, 'scale it down');
  }
  if (channels !== 1 && channels !== 3) throw badImage(path, `the network reads ${describeShape(shape)}, an image file gives 1 or 3 channels`, 'predict from numbers with the programming interface');
  // autoOrient: as a camera's tag says; transparent is paper
  const upright = image.autoOrient().flatten({ background: '#ffffff' }).toColourspace(channels === 1 ? 'b-w' : 'srgb');
  const isDigit = channels === 1 && height === 28 && width === 28;
  const sized = isDigit ? upright : upright.resize(width, height, { fit: 'fill' });
  const { data, info } = await sized.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  if (info.channels !== channels) throw badImage(path, `decoded to ${info.channels} channels, expected ${channels}`, 'save it as an ordinary RGB or grey PNG');
  if (!isDigit) return data;
  const digit = likeMnist({ width: info.width, height: info.height, pixels: data });
  if (!digit) throw badImage(path, 'there is nothing on it: no pixel stands out from its border', 'give a picture of one digit, dark on light or light on dark');
  return digit;
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    const bytes = await readFile(path);
    if (bytes.length <= maximumFileBytes) return bytes;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') throw badImage(path, 'there is no such file', 'check the path');
    throw badImage(path, code === 'EISDIR' ? 'a directory, not an image' : `cannot be read (${error instanceof Error ? error.message : String(error)})`, 'give the path of a PNG or JPEG file');
  }
  throw badImage(path, `larger than ${maximumFileBytes >> 20} MB`, 'scale it down');
}

/** By the first bytes, whatever the name says. */
function kindOf(bytes: Uint8Array): 'PNG' | 'JPEG' | undefined {
  const starts = (...signature: number[]): boolean => signature.every((byte, index) => bytes[index] === byte);
  if (starts(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return 'PNG';
  return starts(0xff, 0xd8, 0xff) ? 'JPEG' : undefined;
}

async function loadSharp(): Promise<Sharp> {
  try {
    return (await import('sharp')).default;
  } catch {
    throw new UserError({ code: 'no-sharp', message: 'reading image files needs the package sharp, which is not installed here', fix: 'npm install sharp' });
  }
}

function badImage(path: string, reason: string, fix: string): UserError {
  return new UserError({ code: 'bad-image', message: `${path}: ${reason}`, fix });
}
