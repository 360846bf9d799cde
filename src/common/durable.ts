/**
 * Writing what must last. A file is replaced as a whole or not at all; a file that grows is appended in whole lines.
 * Measured: on a full disk `writeSync` can write a part without an error, and the fsync after it succeeds. Hence the loop
 * on short writes and the check of the length before a good file is replaced. After a failed fsync nothing is tried
 * again (the kernel has dropped the pages): the caller stops and the file before stands.
 */
import { basename, dirname, join } from 'node:path';
import { nodeFileSystem } from './file-system.ts';
import type { FileSystem } from './file-system.ts';
import { runFailure, UserError } from './problem.ts';

export type Bytes = string | Uint8Array | readonly Uint8Array[];

const leftoverPattern = /^\..+\.\d+\.tmp$/;

/** Replaces `path`: temporary file in the same directory → all bytes → fsync → length → rename → fsync of the directory. */
export function writeDurably(path: string, content: Bytes, files: FileSystem = nodeFileSystem): void {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  naming(path, () => {
    removeIfPresent(temporary, files); // of a process with our number that died here before
    try {
      writeNew(temporary, chunksOf(content), files);
      files.rename(temporary, path);
    } catch (error) {
      removeIfPresent(temporary, files);
      throw error;
    }
    syncDirectory(dirname(path), files);
  });
}

function writeNew(path: string, chunks: readonly Uint8Array[], files: FileSystem): void {
  const descriptor = files.open(path, 'wx');
  try {
    for (const chunk of chunks) writeAll(descriptor, chunk, files);
    files.sync(descriptor);
    checkSize(descriptor, chunks.reduce((sum, chunk) => sum + chunk.length, 0), files);
  } finally {
    files.close(descriptor);
  }
}

/** Loops until every byte is written; a write that makes no progress is a full disk. */
function writeAll(descriptor: number, bytes: Uint8Array, files: FileSystem): void {
  for (let done = 0; done < bytes.length;) {
    const written = files.write(descriptor, bytes, done, bytes.length - done);
    if (written <= 0) throw Object.assign(new Error('nothing could be written'), { code: 'ENOSPC' });
    done += written;
  }
}

function checkSize(descriptor: number, expected: number, files: FileSystem): void {
  const size = files.sizeOf(descriptor);
  if (size !== expected) throw new Error(`${size} bytes arrived of ${expected}`);
}

/** Makes names in a directory last. Windows cannot open directories and needs no such call. */
export function syncDirectory(directory: string, files: FileSystem = nodeFileSystem): void {
  if (process.platform === 'win32') return;
  const descriptor = files.open(directory, 'r');
  try {
    files.sync(descriptor);
  } finally {
    files.close(descriptor);
  }
}

/** Removes temporary files that a killed process left in a directory. */
export function removeLeftovers(directory: string, files: FileSystem = nodeFileSystem): void {
  for (const name of files.list(directory)) {
    if (leftoverPattern.test(name)) removeIfPresent(join(directory, name), files);
  }
}

/** A file that only grows. `length` is what has been written: kept in checkpoints, and cut back to on resume. */
export class AppendedFile {
  private constructor(
    private readonly path: string,
    private readonly descriptor: number,
    private size: number,
    private readonly files: FileSystem,
  ) {}

  /** Opens or creates `path` and cuts off what lies behind `length`: a torn line, or rows that will be written again. */
  static open(path: string, length: number, files: FileSystem = nodeFileSystem): AppendedFile {
    return naming(path, () => {
      const descriptor = files.open(path, 'a');
      try {
        const size = files.sizeOf(descriptor);
        if (size < length) throw new Error(`it has ${size} bytes where ${length} were written before`);
        if (size > length) files.truncate(descriptor, length);
      } catch (error) {
        files.close(descriptor);
        throw error;
      }
      return new AppendedFile(path, descriptor, length, files);
    });
  }

  get length(): number {
    return this.size;
  }

  append(text: string): void {
    const bytes = Buffer.from(text);
    naming(this.path, () => writeAll(this.descriptor, bytes, this.files));
    this.size += bytes.length;
  }

  /** Returns when what was appended is on the disk, whole. */
  sync(): void {
    naming(this.path, () => {
      this.files.sync(this.descriptor);
      checkSize(this.descriptor, this.size, this.files);
    });
  }

  close(): void {
    this.files.close(this.descriptor);
  }
}

function chunksOf(content: Bytes): readonly Uint8Array[] {
  if (typeof content === 'string') return [Buffer.from(content)];
  return content instanceof Uint8Array ? [content] : content;
}

function removeIfPresent(path: string, files: FileSystem): void {
  try {
    files.remove(path);
  } catch {
    // Absent, or not ours to remove: creating it exclusively will tell.
  }
}

/** System errors as problems that name the file. */
export function naming<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw runFailure({ code: 'write-failed', message: `cannot write ${path}: ${describeSystemError(error)}`, fix: fixOf(error) });
  }
}

const explanations: Readonly<Record<string, { meaning: string; fix: string }>> = {
  ENOSPC: { meaning: 'no space left on the device', fix: 'free some space, then exp resume the run' },
  EDQUOT: { meaning: 'the disk quota is used up', fix: 'free some space, then exp resume the run' },
  EACCES: { meaning: 'permission denied', fix: 'choose a directory that may be written with --out' },
  EPERM: { meaning: 'not permitted', fix: 'choose a directory that may be written with --out' },
  EROFS: { meaning: 'the file system is read-only', fix: 'choose a directory that may be written with --out' },
  EIO: { meaning: 'the device reports an error', fix: 'check the disk; the checkpoint before is still good' },
  EMFILE: { meaning: 'too many files are open in this process', fix: 'raise the limit: ulimit -n' },
  ENFILE: { meaning: 'too many files are open in the system', fix: 'close some programs' },
  ENOENT: { meaning: 'no such file or directory', fix: 'its directory is not there, or not any more: make it, or choose another' },
  ENOTDIR: { meaning: 'a part of the path is no directory', fix: 'choose another directory with --out' },
  EEXIST: { meaning: 'it exists already', fix: 'another process may be writing the same run' },
};

/** `no space left on the device (ENOSPC)` */
export function describeSystemError(error: unknown): string {
  const code = codeOf(error);
  const meaning = explanations[code]?.meaning;
  return meaning ? `${meaning} (${code})` : error instanceof Error ? error.message : String(error);
}

function fixOf(error: unknown): string | undefined {
  return explanations[codeOf(error)]?.fix;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
