/** Image files for prediction: PNG and JPEG. Anybody's file may come: its kind and its dimensions are checked before it is inflated. */
import { readFile } from 'node:fs/promises';
import type { Entry } from '../common/entry.ts';
import { decodeImage, describeDecodeError, imageKind, loadSharp, maximumFileBytes, maximumPixels } from '../common/image-codec.ts';
import type { Fit, ImageKind, Sharp } from '../common/image-codec.ts';
import { UserError } from '../common/problem.ts';
import { describeShape, type Shape } from '../common/shape.ts';
import { likeMnist } from './like-mnist.ts';

interface File {
  path: string;
  bytes: Uint8Array;
  kind: ImageKind;
}

/** Pixels [height, width, channels], 0..255, of the shape that the network reads; fitted as its training images were. Throws UserError naming the file. */
export async function readImageFile(path: string, shape: Shape, fit: Fit = 'crop'): Promise<Uint8Array> {
  const bytes = await readBytes(path);
  const kind = imageKind(bytes);
  if (!kind) throw badImage(path, 'neither PNG nor JPEG', 'convert it to PNG');
  const sharp = await loadSharp();
  try {
    return await decode(sharp, { path, bytes, kind }, shape, fit);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw badImage(path, `a ${kind} file that cannot be decoded (${describeDecodeError(error)})`, 'it is damaged; save it again');
  }
}

async function decode(sharp: Sharp, { path, bytes, kind }: File, shape: Shape, fit: Fit): Promise<Uint8Array> {
  const { channels, height, width } = shape;
  const metadata = await sharp(bytes, { limitInputPixels: maximumPixels }).metadata();
  if (metadata.width * metadata.height > maximumPixels) {
    throw badImage(path, `${metadata.width}×${metadata.height} pixels, at most ${maximumPixels / 1e6} million are read`, 'scale it down');
  }
  if (channels !== 1 && channels !== 3) throw badImage(path, `the network reads ${describeShape(shape)}, an image file gives 1 or 3 channels`, 'predict from numbers with the programming interface');
  const isDigit = channels === 1 && height === 28 && width === 28;
  const pixels = await decodeImage(sharp, bytes, kind, { channels, ...(isDigit ? {} : { resize: { height, width, fit } }) });
  if (pixels.channels !== channels) throw badImage(path, `decoded to ${pixels.channels} channels, expected ${channels}`, 'save it as an ordinary RGB or grey PNG');
  if (!isDigit) return pixels.data;
  const digit = likeMnist({ width: pixels.width, height: pixels.height, pixels: pixels.data });
  if (!digit) throw badImage(path, 'there is nothing on it: no pixel stands out from its border', 'give a picture of one digit, dark on light or light on dark');
  return digit;
}

/** How the images of a dataset were fitted to the network's input: those of its options, else as `image-folder` does by default. */
export function fitOf({ options }: Entry): Fit {
  return options['fit'] === 'stretch' ? 'stretch' : 'crop';
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

function badImage(path: string, reason: string, fix: string): UserError {
  return new UserError({ code: 'bad-image', message: `${path}: ${reason}`, fix });
}
