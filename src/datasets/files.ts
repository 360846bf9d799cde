/** Files of datasets: found where they may lie, kept in the cache for the next time. */
import { mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeSystemError, writeDurably } from '../common/durable.ts';
import type { Bytes } from '../common/durable.ts';
import { runFailure, UserError } from '../common/problem.ts';
import type { LoadContext } from './dataset.ts';

/** The first of the files that exists. One that exists and cannot be read is an error. */
export async function readFirst(paths: readonly string[]): Promise<{ path: string; bytes: Uint8Array } | undefined> {
  for (const path of paths) {
    try {
      return { path, bytes: await readFile(path) };
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code !== 'ENOENT' && code !== 'ENOTDIR') {
        throw unreadable(path, error);
      }
    }
  }
  return undefined;
}

/** The result, or an error that names the file. */
export function reading<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw error instanceof UserError ? error : unreadable(path, error);
  }
}

export function unreadable(path: string, error: unknown): UserError {
  return runFailure({ code: 'unreadable-data', message: `cannot read ${path}: ${describeSystemError(error)}`, fix: 'mend its permissions, or point EXP_DATA_DIR elsewhere' });
}

/** Whether it could be kept. Whole or not at all, so that processes that do so at the same time do not disturb each other. */
export function keepInCache(cache: string, name: string, content: Bytes, context: LoadContext): boolean {
  try {
    mkdirSync(cache, { recursive: true });
    writeDurably(join(cache, name), content);
    return true;
  } catch (error) {
    context.report(`${name} could not be kept for the next time: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}
