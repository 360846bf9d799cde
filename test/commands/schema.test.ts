/** `exp schema`. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { run } from './execute.ts';

const committed = 'schemas/experiment.schema.json';
const folder = mkdtempSync(join(tmpdir(), 'exp-schema-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('prints what is committed', async () => {
  expect(await run(['schema'])).toEqual({ code: 0, stdout: readFileSync(committed, 'utf8'), stderr: '' });
});

test('--check exits 3 where a file holds something else, or is not there', async () => {
  expect(await run(['schema', '--check', committed])).toEqual({ code: 0, stdout: '', stderr: '' });
  const stale = join(folder, 'stale.json');
  writeFileSync(stale, '{}');
  expect((await run(['schema', '--check', stale])).code).toBe(3);
  expect((await run(['schema', '--check', join(folder, 'none.json')])).code).toBe(3);
});

test('--write writes it', async () => {
  const file = join(folder, 'written.json');
  expect((await run(['schema', '--write', file])).code).toBe(0);
  expect(readFileSync(file, 'utf8')).toBe(readFileSync(committed, 'utf8'));
});
