/**
 * Reads tar archives piece by piece (POSIX.1-2001 ustar and pax, GNU long names): the members that are wanted come out as
 * bytes in memory, nothing is ever written. Links, devices and what else tar can hold is passed over; a wanted link is
 * refused, since its content is elsewhere.
 */
import { runFailure } from '../common/problem.ts';

export interface TarMember {
  /** With slashes, without a leading `./`. */
  path: string;
  bytes: Uint8Array;
}

export interface TarReader {
  /** The wanted members that these bytes complete. */
  read(chunk: Uint8Array): TarMember[];
  /** How many of the coming bytes hold nothing wanted; the caller must leave them out. */
  skip(): number;
  /** Refuses an archive that was cut. */
  end(): void;
}

const blockBytes = 512;
/** A pax header or a long name: no path is as long. */
const maximumMetaBytes = 1 << 20;

interface Header {
  type: string;
  path: string;
  size: number;
}

/** `wants` is asked once for each file; `archive` is what errors call it. */
export function createTarReader(archive: string, wants: (path: string, size: number) => boolean): TarReader {
  let place = 0; // of the block that is being filled, in bytes from the start
  let target = new Uint8Array(blockBytes), filled = 0, toSkip = 0, ended = false;
  /** The member whose content `target` takes; undefined: `target` takes a header. */
  let member: Header | undefined;
  /** What pax headers and long names say of the next member. */
  let said: { path?: string; size?: number } = {};

  function finish(): TarMember[] {
    const content = target, of = member;
    place += content.length;
    filled = 0;
    target = new Uint8Array(blockBytes);
    member = undefined;
    if (!of) return openMember(content);
    skipTo(paddingOf(of.size));
    if (isMeta(of.type)) said = { ...said, ...parseMeta(of.type, content) };
    return isMeta(of.type) ? [] : [{ path: of.path, bytes: content }];
  }

  function openMember(block: Uint8Array): TarMember[] {
    if (block.every((byte) => byte === 0)) {
      ended = true;
      return [];
    }
    const header = { ...parseHeader(block, archive, place - blockBytes), ...(isMeta(String.fromCharCode(block[156])) ? {} : said) };
    if (!isMeta(header.type)) said = {};
    header.path = header.path.replace(/^(\.\/)+/, '');
    if (isLink(header.type) && wants(header.path, 0)) throw bad(archive, `${header.path} is a link`, 'pack it with tar --dereference');
    if (!isMeta(header.type) && !(isFile(header.type) && wants(header.path, header.size))) {
      skipTo(isLink(header.type) ? 0 : header.size + paddingOf(header.size));
      return [];
    }
    if (isMeta(header.type) && header.size > maximumMetaBytes) throw bad(archive, `a name of ${header.size} bytes at byte ${place - blockBytes}`);
    member = header;
    target = new Uint8Array(header.size);
    return header.size === 0 ? finish() : [];
  }

  function skipTo(bytes: number): void {
    toSkip = bytes;
    place += bytes;
  }

  return {
    read(chunk) {
      const members: TarMember[] = [];
      for (let at = 0; at < chunk.length && !ended;) {
        const bytes = Math.min(toSkip > 0 ? toSkip : target.length - filled, chunk.length - at);
        if (toSkip > 0) toSkip -= bytes;
        else {
          target.set(chunk.subarray(at, at + bytes), filled);
          filled += bytes;
          if (filled === target.length) members.push(...finish());
        }
        at += bytes;
      }
      return members;
    },
    skip() {
      const bytes = toSkip;
      toSkip = 0;
      return bytes;
    },
    end() {
      if (!ended) throw bad(archive, 'it was cut: its end is missing', 'get it again');
    },
  };
}

const isFile = (type: string): boolean => type === '0' || type === '\0' || type === '7';
const isLink = (type: string): boolean => type === '1' || type === '2';
/** GNU: the name of the next member (L); pax: facts about the next member (x). */
const isMeta = (type: string): boolean => type === 'L' || type === 'x';
/** Members begin at multiples of a block. */
const paddingOf = (size: number): number => (blockBytes - (size % blockBytes)) % blockBytes;

function parseHeader(block: Uint8Array, archive: string, place: number): Header {
  const text = (from: number, to: number): string => textOf(block.subarray(from, to));
  if (Number.parseInt(text(148, 156), 8) !== sumOf(block)) {
    throw bad(archive, place === 0 ? 'not a tar archive, packed with gzip or not' : `damaged at byte ${place}: the header there has a wrong sum`, 'get it again');
  }
  const size = parseNumber(block.subarray(124, 136));
  if (!Number.isSafeInteger(size) || size < 0) throw bad(archive, `damaged at byte ${place}: no size can be read there`, 'get it again');
  // Before POSIX there was no prefix, and GNU has other things in its place: both spell the magic differently.
  const prefix = textOf(block.subarray(257, 263)) === 'ustar' ? text(345, 500) : '';
  return { type: String.fromCharCode(block[156]), path: prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`, size };
}

/** Of all bytes of a header, those of the sum itself taken as blanks. */
function sumOf(block: Uint8Array): number {
  let sum = 8 * 32;
  for (let at = 0; at < blockBytes; at++) if (at < 148 || at >= 156) sum += block[at];
  return sum;
}

/** Octal digits, or (first bit set) a binary number with the highest byte first. */
function parseNumber(field: Uint8Array): number {
  if ((field[0] & 0x80) === 0) return Number.parseInt(textOf(field).trim() || '0', 8);
  return field.subarray(1).reduce((value, byte) => value * 256 + byte, field[0] & 0x7f);
}

/** pax records are `LENGTH KEY=VALUE\n`, where the length counts the whole record. */
function parseMeta(type: string, content: Uint8Array): { path?: string; size?: number } {
  if (type === 'L') return { path: textOf(content) };
  const said: { path?: string; size?: number } = {};
  for (let at = 0; at < content.length;) {
    const length = Number.parseInt(textOf(content.subarray(at, at + 20)), 10);
    if (!(length > 0)) break;
    const [, key, value] = /^\d+ ([^=]+)=([\s\S]*)\n$/.exec(textOf(content.subarray(at, at + length))) ?? [];
    if (key === 'path') said.path = value;
    if (key === 'size') said.size = Number(value);
    at += length;
  }
  return said;
}

/** Up to the first zero byte. */
function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('utf8');
}

function bad(archive: string, message: string, fix?: string): Error {
  return runFailure({ code: 'bad-archive', message: `${archive}: ${message}`, ...(fix === undefined ? {} : { fix }) });
}
