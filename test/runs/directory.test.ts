import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { createRunDirectory } from '../../src/runs/directory.ts';
import { ownerState, releaseOwnership, takeOwnership } from '../../src/runs/owner.ts';
import { faultyFiles } from '../common/faulty-files.ts';
import { temporaryDirectory } from './sample.ts';

let root: string;
beforeEach(() => { root = temporaryDirectory(); });

describe('createRunDirectory', () => {
  test('numbers by name, behind the highest there is', () => {
    for (const name of ['tiny-002', 'tiny-009', 'tiny-big-100', 'other-500']) mkdirSync(join(root, name));
    expect(createRunDirectory(root, 'tiny')).toBe(join(root, 'tiny-010'));
    expect(createRunDirectory(root, 'tiny-big')).toBe(join(root, 'tiny-big-101'));
    expect(createRunDirectory(join(root, 'new', 'place'), 'tiny')).toBe(join(root, 'new', 'place', 'tiny-001'));
    expect(ownerState(join(root, 'tiny-010'))).toBe('alive');
  });

  test.each(['../evil', 'a/b', '', '.hidden', '-flag', 'ü', 'a\0b', 'x'.repeat(101)])('%j is no name of a run', (name) => {
    expect(() => createRunDirectory(root, name)).toThrow(/cannot name a run/);
    expect(readdirSync(root)).toEqual([]);
  });

  test('a root that cannot be made is a clear error', () => {
    writeFileSync(join(root, 'file'), '');
    expect(() => createRunDirectory(join(root, 'file', 'runs'), 'tiny')).toThrow(/file\/runs: .*ENOTDIR/);
  });

  test('a full disk is a clear error', () => {
    expect(() => createRunDirectory(root, 'tiny', faultyFiles('ENOSPC', 1))).toThrow(/tiny-001: no space left on the device \(ENOSPC\)/);
  });

  test('16 processes at once share none', async () => {
    const script = `import { createRunDirectory } from ${JSON.stringify(new URL('../../src/runs/directory.ts', import.meta.url).href)};
      const at = Number(process.argv[2]);
      while (Date.now() < at);
      process.stdout.write(createRunDirectory(process.argv[1], 'tiny'));`;
    const at = String(Date.now() + 4000);
    const paths = await Promise.all(Array.from({ length: 16 }, () => output(['--import', 'tsx', '--input-type=module', '-e', script, root, at])));
    expect(new Set(paths).size).toBe(16);
    expect(paths.every((path) => existsSync(join(path, 'owner.json')))).toBe(true);
  });
});

function output(words: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    let [text, errors] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => { text += chunk.toString(); });
    child.stderr.on('data', (chunk: Buffer) => { errors += chunk.toString(); });
    child.on('close', (code) => (code === 0 ? resolve(text) : reject(new Error(errors))));
  });
}

describe('ownership', () => {
  const write = (owner: unknown): void => writeFileSync(join(root, 'owner.json'), JSON.stringify(owner));

  test('is taken once, and given back by the owner only', () => {
    expect(ownerState(root)).toBe('none');
    expect(takeOwnership(root)).toBe(true);
    expect(ownerState(root)).toBe('alive');
    expect(takeOwnership(root)).toBe(false);
    releaseOwnership(root);
    expect(readdirSync(root)).toEqual([]);
    write({ pid: 1, started: 'long ago', host: hostname() });
    releaseOwnership(root);
    expect(existsSync(join(root, 'owner.json'))).toBe(true);
  });

  test('a process that is gone owns nothing', () => {
    write({ pid: 2 ** 22 + 1, started: '', host: hostname() });
    expect(ownerState(root)).toBe('dead');
    expect(takeOwnership(root)).toBe(true);
    expect(readdirSync(root)).toEqual(['owner.json']);
  });

  test.skipIf(!existsSync('/proc/self/stat'))('a process with the same number that started at another time is another one', () => {
    write({ pid: process.pid, started: 'boot 1', host: hostname() });
    expect(ownerState(root)).toBe('dead');
    expect(takeOwnership(root)).toBe(true);
  });

  test('of a process on another host nothing is known: it keeps the run', () => {
    write({ pid: 1, started: '', host: 'another-host' });
    expect(ownerState(root)).toBe('elsewhere');
    expect(takeOwnership(root)).toBe(false);
  });

  test('a torn owner file owns nothing', () => {
    writeFileSync(join(root, 'owner.json'), '{"pid": 12');
    expect(ownerState(root)).toBe('none');
  });
});
