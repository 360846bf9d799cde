/** Room on a disk, looked at before hours are spent on what could not be written. */
import { statfsSync } from 'node:fs';
import { describeBytes } from './describe.ts';
import { UserError } from './problem.ts';

/** Throws UserError where fewer bytes are free for this user at `directory` (which exists) than are needed. */
export function checkDisk(directory: string, neededBytes: number): void {
  const { bavail, bsize } = statfsSync(directory);
  const free = bavail * bsize;
  if (neededBytes <= free) return;
  throw new UserError({
    code: 'disk-full',
    message: `the checkpoints of this run need ${describeBytes(neededBytes)}, ${describeBytes(free)} are free at ${directory}`,
    fix: 'free some space, or choose another directory with --out',
  });
}
