/** The reader of tar archives: what GNU tar packs in its formats, in pieces of any size; and what is damaged or hostile. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { UserError } from '../../src/common/problem.ts';
import { createTarReader } from '../../src/datasets/tar.ts';
import { tarOf } from './tar-writer.ts';

const folder = mkdtempSync(join(tmpdir(), 'exp-tar-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** All files of an archive, given to the reader in pieces of the given size. */
function readAll(archive: Uint8Array, piece = archive.length, wants: (path: string) => boolean = () => true): Record<string, string> {
  const reader = createTarReader('test.tar', wants);
  const files: Record<string, string> = {};
  for (let at = 0; at < archive.length; at += piece) {
    for (const { path, bytes } of reader.read(archive.subarray(at, at + piece))) files[path] = Buffer.from(bytes).toString('latin1');
  }
  reader.end();
  return files;
}

describe('what GNU tar packs', () => {
  const long = `train/${'deep-'.repeat(30)}/${'long-'.repeat(20)}.jpg`;
  const files = { 'train/cat/1.jpg': 'a', 'train/cat/empty.jpg': '', 'train/käfer/2.jpg': 'x'.repeat(512), [long]: 'y'.repeat(1300) };
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, 'data', path)), { recursive: true });
    writeFileSync(join(folder, 'data', path), content);
  }

  it.each(['gnu', 'pax', 'ustar', 'v7'])('in the format %s', (format) => {
    const archive = join(folder, `${format}.tar`);
    // v7 knows no long names, ustar not such long ones.
    const names = Object.keys(files).filter((path) => path !== long || format === 'gnu' || format === 'pax');
    execFileSync('tar', [`--format=${format}`, '-cf', archive, '-C', join(folder, 'data'), ...names.map((name) => `./${name}`)]);
    const expected = Object.fromEntries(names.map((name) => [name, files[name as keyof typeof files]]));
    expect(readAll(readFileSync(archive))).toEqual(expected);
    expect(readAll(readFileSync(archive), 1)).toEqual(expected);
    expect(readAll(readFileSync(archive), 777, (path) => path.includes('käfer'))).toEqual({ 'train/käfer/2.jpg': files['train/käfer/2.jpg'] });
  });
});

describe('passing over', () => {
  const archive = tarOf([
    { path: 'a', content: Buffer.alloc(5000, 1) }, { path: 'dir/', type: '5' }, { path: 'link', type: '2' }, { path: 'b', content: Buffer.from('b') },
  ]);

  it('what is not wanted, without reading it', () => {
    const seen: string[] = [];
    const reader = createTarReader('test.tar', (path) => (seen.push(path), false));
    let read = 0;
    for (let at = 0; at < archive.length; at += reader.skip()) {
      reader.read(archive.subarray(at, at += 512));
      read += 512;
    }
    reader.end();
    expect(seen).toEqual(['a', 'link', 'b']);
    expect(read).toBeLessThan(5000);
  });

  it('no link that is wanted: its content is elsewhere', () => {
    expect(() => readAll(archive)).toThrow('test.tar: link is a link');
  });
});

describe('refuses', () => {
  const good = tarOf([{ path: 'a.jpg', content: Buffer.from('content') }, { path: 'b.jpg', content: Buffer.alloc(600) }]);

  it('what is no archive, or none any more', () => {
    expect(() => readAll(Buffer.from('PK'.repeat(600)))).toThrow('test.tar: not a tar archive, packed with gzip or not');
    const damaged = Buffer.from(good);
    damaged[1024 + 3] ^= 1;
    expect(() => readAll(damaged)).toThrow('test.tar: damaged at byte 1024: the header there has a wrong sum');
  });

  it('one that was cut, anywhere', () => {
    for (const length of [0, 1, 511, 512, 700, 1024, 1536, 2000, 2560]) expect(() => readAll(good.subarray(0, length), 100), `${length} bytes`).toThrow('test.tar: it was cut');
  });

  it('a name that would fill the memory', () => {
    const bomb = tarOf([{ path: 'x', type: 'L', size: 1 << 30 }]);
    expect(() => readAll(bomb)).toThrow('a name of 1073741824 bytes at byte 0');
  });

  it('or reads whatever it is given, without hanging', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }), (changes) => {
      const archive = Buffer.from(good);
      for (const [at, value] of changes) archive[at] = value;
      try {
        readAll(archive, 300, (path) => path.length < 50);
      } catch (error) {
        expect(error).toBeInstanceOf(UserError);
      }
    }), { numRuns: 2000 });
  });
});
