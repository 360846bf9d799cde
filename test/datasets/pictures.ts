/** Small pictures in class folders, for tests: each of one colour, so that it is known again. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import sharp from 'sharp';

export type Colour = readonly [red: number, green: number, blue: number];

export async function picture(colour: Colour, { width = 8, height = 8, format = 'png' }: { width?: number; height?: number; format?: 'png' | 'jpeg' } = {}): Promise<Uint8Array> {
  const [r, g, b] = colour;
  return sharp({ create: { width, height, channels: 3, background: { r, g, b } } }).toFormat(format, { quality: 95 }).toBuffer();
}

/** Writes files below a folder. */
export function writeFiles(root: string, files: Readonly<Record<string, Uint8Array | string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}

/** Packs the named things of a folder with the system's tar; `.gz` at the end packs with gzip. */
export function pack(archive: string, root: string, ...names: string[]): string {
  execFileSync('tar', [archive.endsWith('.gz') ? '-czf' : '-cf', archive, '-C', root, ...names]);
  return archive;
}
