/** A file system in which the N-th operation fails, in a way of choice, and all later ones of that kind too where the disk is full. */
import { nodeFileSystem } from '../../src/common/file-system.ts';
import type { FileSystem } from '../../src/common/file-system.ts';

export const faults = ['short write', 'ENOSPC', 'EIO', 'EACCES', 'EMFILE', 'silent loss'] as const;
export type Fault = (typeof faults)[number];

export interface FaultyFiles extends FileSystem {
  /** Operations so far. */
  count: number;
  /** Whether the fault has struck: false once `at` is beyond the last operation. */
  struck: boolean;
}

/** `at` counts from 1 over the operations that the fault can strike. */
export function faultyFiles(fault: Fault, at: number): FaultyFiles {
  const strikes = (operation: keyof FileSystem): boolean => {
    if (!struckBy[fault].includes(operation)) return false;
    files.count++;
    if (files.count === at) files.struck = true;
    return files.count === at || (fault === 'ENOSPC' && files.struck);
  };
  const fail = (operation: string): never => { throw Object.assign(new Error(`${fault}: injected into ${operation}`), { code: fault }); };
  const files: FaultyFiles = {
    count: 0,
    struck: false,
    open: (path, flags) => (strikes('open') ? fail('open') : nodeFileSystem.open(path, flags)),
    write: (descriptor, bytes, offset, length) => {
      if (!strikes('write')) return nodeFileSystem.write(descriptor, bytes, offset, length);
      if (fault === 'short write') return nodeFileSystem.write(descriptor, bytes, offset, Math.max(1, Math.floor(length / 2)));
      if (fault === 'silent loss') { nodeFileSystem.write(descriptor, bytes, offset, Math.floor(length / 2)); return length; }
      return fail('write');
    },
    sync: (descriptor) => { if (strikes('sync')) fail('sync'); nodeFileSystem.sync(descriptor); },
    sizeOf: (descriptor) => nodeFileSystem.sizeOf(descriptor),
    truncate: (descriptor, length) => { if (strikes('truncate')) fail('truncate'); nodeFileSystem.truncate(descriptor, length); },
    close: (descriptor) => nodeFileSystem.close(descriptor),
    rename: (from, to) => { if (strikes('rename')) fail('rename'); nodeFileSystem.rename(from, to); },
    remove: (path) => { if (strikes('remove')) fail('remove'); nodeFileSystem.remove(path); },
    makeDirectory: (path) => { if (strikes('makeDirectory')) fail('makeDirectory'); nodeFileSystem.makeDirectory(path); },
    list: (directory) => nodeFileSystem.list(directory),
  };
  return files;
}

/** Where each fault happens in the world. */
const struckBy: Readonly<Record<Fault, readonly (keyof FileSystem)[]>> = {
  'short write': ['write'],
  ENOSPC: ['write', 'open', 'makeDirectory'],
  EIO: ['sync', 'write', 'rename'],
  EACCES: ['open', 'rename', 'makeDirectory', 'remove'],
  EMFILE: ['open'],
  'silent loss': ['write'],
};
