/**
 * The promise that results do not depend on the machine's threads or on the version of Node: whole trainings, compared by one
 * hash. Nodes: the one that runs the tests, the system's, and those listed in EXP_TEST_NODES (paths, separated by colons).
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';

const script = new URL('train-and-hash.mjs', import.meta.url).pathname;
const onPath = (process.env['PATH'] ?? '').split(delimiter).filter((directory) => !directory.includes('node_modules')).map((directory) => join(directory, 'node'));
const nodes = [process.execPath, ...onPath.filter((path) => existsSync(path)).slice(0, 1), ...(process.env['EXP_TEST_NODES'] ?? '').split(delimiter)]
  .filter((path, i, all) => path !== '' && all.indexOf(path) === i);

const hashOf = (node: string, threads: number): string => execFileSync(node, [script, String(threads)], { encoding: 'utf8' }).trim();

const versions = nodes.map((node) => execFileSync(node, ['--version'], { encoding: 'utf8' }).trim());

test(`one hash for 1, 2, 3, 4 and 8 threads, on Node ${versions.join(', ')}`, () => {
  const expected = hashOf(nodes[0], 1);
  expect(expected).toMatch(/^[0-9a-f]{64}$/);
  for (const node of nodes) for (const threads of [1, 2, 3, 4, 8]) expect(hashOf(node, threads), `${node}, ${threads} threads`).toBe(expected);
});
