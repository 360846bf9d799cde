/**
 * The promise that results do not depend on the machine's threads or on the version of Node: whole trainings, compared by one
 * hash. Nodes: the one that runs the tests, the system's, and those listed in EXP_TEST_NODES (paths, separated by colons).
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';

const script = new URL('train-and-hash.mjs', import.meta.url).pathname;
const onPath = (process.env['PATH'] ?? '').split(delimiter).filter((directory) => !directory.includes('node_modules')).map((directory) => join(directory, 'node'));
const nodes = [process.execPath, ...onPath.filter((path) => existsSync(path)).slice(0, 1), ...(process.env['EXP_TEST_NODES'] ?? '').split(delimiter)]
  .filter((path, i, all) => path !== '' && all.indexOf(path) === i);

const hashOf = (node: string, threads: number, kernels = ''): string =>
  execFileSync(node, [script, String(threads)], { encoding: 'utf8', env: { ...process.env, EXP_KERNELS: kernels } }).trim();

const versions = nodes.map((node) => execFileSync(node, ['--version'], { encoding: 'utf8' }).trim());

test(`one hash for 1, 2, 3, 4 and 8 threads, on Node ${versions.join(', ')}`, () => {
  const expected = hashOf(nodes[0], 1);
  expect(expected).toMatch(/^[0-9a-f]{64}$/);
  for (const node of nodes) for (const threads of [1, 2, 3, 4, 8]) expect(hashOf(node, threads), `${node}, ${threads} threads`).toBe(expected);
});

test('the same hash for wide and narrow kernels; plain ones agree among threads and Nodes', () => {
  expect(nodes.map((node) => hashOf(node, 2, 'narrow'))).toEqual(nodes.map((node) => hashOf(node, 2, 'wide')));
  const plain = hashOf(nodes[0], 1, 'plain');
  expect(plain).not.toBe(hashOf(nodes[0], 1, 'wide'));
  for (const node of nodes) expect(hashOf(node, 3, 'plain'), node).toBe(plain);
});

/** Every thread of the process believes in a Node that does not exist yet: V8 gets no flags. */
const ofTheFuture = 'data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"99.0.0"}})';

test('a Node of the future, with flags that nobody knows: nothing on stderr, the same hash where it fuses', () => {
  const done = spawnSync(nodes[0], ['--import', ofTheFuture, script, '2'], { encoding: 'utf8' });
  expect({ status: done.status, stderr: done.stderr }).toEqual({ status: 0, stderr: '' });
  // Node 20 fuses behind a flag only.
  const expected = hashOf(nodes[0], 1, versions[0].startsWith('v20.') ? 'plain' : '');
  expect(done.stdout.trim()).toBe(expected);
});
