/**
 * Who is writing a run: process, its start time (a number given again to another process is told apart) and host.
 * A dead owner on this host means that the run was interrupted, whatever its files last said.
 */
import { constants, copyFileSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isRecord } from '../common/json.ts';

export interface Owner {
  pid: number;
  /** Clock ticks between boot and the start of the process, and the boot's id, from /proc; empty on other systems. */
  started: string;
  host: string;
}

export type OwnerState = 'none' | 'alive' | 'dead' | 'elsewhere';

const fileName = 'owner.json';

/** Becomes the owner of a run. False where another process that lives (or is on another host) owns it. */
export function takeOwnership(directory: string): boolean {
  const path = join(directory, fileName);
  const mine = join(directory, `.${fileName}.${process.pid}.tmp`);
  writeFileSync(mine, JSON.stringify(currentProcess()));
  try {
    return link(mine, path) || (removeDeadOwner(directory) && link(mine, path));
  } finally {
    rmSync(mine, { force: true });
  }
}

/** Removes our mark; that of another process stays. */
export function releaseOwnership(directory: string): void {
  const path = join(directory, fileName);
  const owner = readOwner(path);
  const mine = currentProcess();
  if (owner?.pid === mine.pid && owner.started === mine.started && owner.host === mine.host) rmSync(path, { force: true });
}

export function ownerState(directory: string): OwnerState {
  const owner = readOwner(join(directory, fileName));
  if (!owner) return 'none';
  if (owner.host !== hostname()) return 'elsewhere';
  return isAlive(owner) ? 'alive' : 'dead';
}

/** A hard link is made only where the name is free: an exclusive creation with its content in one step. Not every file system has them. */
function link(from: string, to: string): boolean {
  for (const make of [linkSync, (a: string, b: string) => copyFileSync(a, b, constants.COPYFILE_EXCL)]) {
    try {
      make(from, to);
      return true;
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      if (!withoutLinks.has(codeOf(error))) throw error;
    }
  }
  return false;
}

const withoutLinks: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** Two may see the dead owner at once: after the rename it is looked at again, and a living one is put back. */
function removeDeadOwner(directory: string): boolean {
  if (ownerState(directory) !== 'dead') return false;
  const path = join(directory, fileName);
  const aside = join(directory, `.${fileName}.dead.${process.pid}.tmp`);
  try {
    renameSync(path, aside);
  } catch {
    return false; // the other one was faster
  }
  const moved = readOwner(aside);
  const dead = !moved || !isAlive(moved);
  if (!dead) link(aside, path);
  rmSync(aside, { force: true });
  return dead;
}

function currentProcess(): Owner {
  return { pid: process.pid, started: startOf(process.pid), host: hostname() };
}

function isAlive({ pid, started }: Owner): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false;
  }
  return started === startOf(pid);
}

function startOf(pid: number): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // from field 3 on: the name before may hold blanks
    const state = fields[0];
    return state === 'Z' ? 'gone' : `${boot} ${fields[19]}`;
  } catch {
    return '';
  }
}

function readOwner(path: string): Owner | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (!isRecord(value)) return undefined;
    const { pid, started, host } = value;
    return typeof pid === 'number' && typeof started === 'string' && typeof host === 'string' ? { pid, started, host } : undefined;
  } catch {
    return undefined;
  }
}
