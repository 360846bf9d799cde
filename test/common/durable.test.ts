import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { AppendedFile, removeLeftovers, writeDurably } from '../../src/common/durable.ts';
import { UserError } from '../../src/common/problem.ts';
import { faults, faultyFiles } from './faulty-files.ts';

let directory: string;
beforeEach(() => { directory = mkdtempSync(join(tmpdir(), 'exp-durable-')); });

const before = 'what stood here before';
const content = 'x'.repeat(5000);

describe('writeDurably', () => {
  test('replaces a file and leaves nothing beside it', () => {
    const path = join(directory, 'file');
    writeFileSync(path, before);
    writeDurably(path, [Buffer.from('one, '), Buffer.from('two')]);
    expect(readFileSync(path, 'utf8')).toBe('one, two');
    expect(readdirSync(directory)).toEqual(['file']);
  });

  describe.each(faults)('%s at every operation', (fault) => {
    test('the file is the one before or the new one, whole; an error says so', () => {
      const path = join(directory, 'file');
      for (let at = 1; ; at++) {
        writeFileSync(path, before);
        const files = faultyFiles(fault, at);
        let error: unknown;
        try { writeDurably(path, content, files); } catch (caught) { error = caught; }
        if (!files.struck) { expect(at).toBeGreaterThan(1); break; }
        const found = readFileSync(path, 'utf8');
        if (fault === 'short write') expect({ error, found }).toEqual({ error: undefined, found: content });
        else if (error !== undefined) {
          expect(error).toBeInstanceOf(UserError);
          expect(error).toMatchObject({ message: expect.stringContaining(path) });
          expect([before, content]).toContain(found); // the new one where only the fsync of the directory failed
        } else expect(found).toBe(content); // removing a leftover that is not there may fail unnoticed
      }
    });
  });

  test('a temporary file of a killed process is no obstacle', () => {
    writeFileSync(join(directory, `.file.${process.pid}.tmp`), 'torn');
    writeDurably(join(directory, 'file'), content);
    expect(readdirSync(directory)).toEqual(['file']);
  });

  test('a missing directory is named with a hint', () => {
    expect(() => writeDurably(join(directory, 'absent', 'file'), content)).toThrow(/absent.*no such file or directory \(ENOENT\)/);
  });
});

test('leftovers of killed processes are removed, other files are not', () => {
  for (const name of ['.state.safetensors.4711.tmp', 'kept.tmp', '.hidden', 'data.csv']) writeFileSync(join(directory, name), '');
  removeLeftovers(directory);
  expect(readdirSync(directory).sort()).toEqual(['.hidden', 'data.csv', 'kept.tmp']);
});

describe('AppendedFile', () => {
  test('cuts a torn line off and goes on behind the length that was kept', () => {
    const path = join(directory, 'rows.csv');
    writeFileSync(path, 'a,b\n1,2\n3,');
    const file = AppendedFile.open(path, 8);
    file.append('5,6\n');
    file.sync();
    expect(file.length).toBe(12);
    file.close();
    expect(readFileSync(path, 'utf8')).toBe('a,b\n1,2\n5,6\n');
  });

  test('refuses a file that is shorter than what was kept of it', () => {
    const path = join(directory, 'rows.csv');
    writeFileSync(path, 'a,b\n');
    expect(() => AppendedFile.open(path, 8)).toThrow(/4 bytes where 8 were written before/);
  });

  test.each(['ENOSPC', 'EIO', 'silent loss'] as const)('%s while appending is an error that names the file, at the latest when synced', (fault) => {
    const path = join(directory, 'rows.csv');
    const files = faultyFiles(fault, 2);
    expect(() => {
      const file = AppendedFile.open(path, 0, files);
      for (let row = 0; row < 3; row++) file.append('1,2\n');
      file.sync();
    }).toThrow(/rows\.csv/);
  });

  test('short writes are completed', () => {
    const path = join(directory, 'rows.csv');
    const file = AppendedFile.open(path, 0, faultyFiles('short write', 1));
    file.append('0123456789\n');
    file.sync();
    file.close();
    expect(readFileSync(path, 'utf8')).toBe('0123456789\n');
  });
});
