/** The few file operations through which everything that must last is written, so that tests can make each of them fail. */
import fs from 'node:fs';

export interface FileSystem {
  /** `wx` creates and refuses an existing file; `a` appends; `r` reads (and opens directories); `r+` changes in place. */
  open(path: string, flags: 'wx' | 'a' | 'r' | 'r+'): number;
  /** May write fewer bytes than asked for: on a full disk Node reports a part as success. */
  write(descriptor: number, bytes: Uint8Array, offset: number, length: number): number;
  sync(descriptor: number): void;
  sizeOf(descriptor: number): number;
  truncate(descriptor: number, length: number): void;
  close(descriptor: number): void;
  rename(from: string, to: string): void;
  remove(path: string): void;
  /** Exclusive: refuses a directory that exists. */
  makeDirectory(path: string): void;
  list(directory: string): string[];
}

export const nodeFileSystem: FileSystem = {
  open: (path, flags) => fs.openSync(path, flags),
  write: (descriptor, bytes, offset, length) => fs.writeSync(descriptor, bytes, offset, length),
  sync: (descriptor) => fs.fsyncSync(descriptor),
  sizeOf: (descriptor) => fs.fstatSync(descriptor).size,
  truncate: (descriptor, length) => fs.ftruncateSync(descriptor, length),
  close: (descriptor) => fs.closeSync(descriptor),
  rename: (from, to) => fs.renameSync(from, to),
  remove: (path) => fs.unlinkSync(path),
  makeDirectory: (path) => { fs.mkdirSync(path); },
  list: (directory) => fs.readdirSync(directory),
};
