/** Tar archives for tests, headers of our own making, so that they can be wrong in any way. */

export interface Entry {
  path: string;
  content?: Uint8Array;
  /** As in the header: `0` a file, `5` a folder, `2` a symbolic link, `x` a pax header. */
  type?: string;
  /** Said in the header instead of the content's length. */
  size?: number;
}

export function tarOf(entries: readonly Entry[]): Uint8Array {
  return Buffer.concat([...entries.map(packed), Buffer.alloc(1024)]);
}

function packed({ path, content = new Uint8Array(), type = '0', size = content.length }: Entry): Uint8Array {
  const header = Buffer.alloc(512);
  header.write(path, 0, 100);
  header.write('0000644\0', 100);
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  header.write(' '.repeat(8), 148);
  header.write(type, 156);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}
