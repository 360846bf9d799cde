/** MNIST from a folder, from the cache, from a server, and not at all. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '../../src/common/problem.ts';
import type { LoadContext, LoadedDataset } from '../../src/datasets/dataset.ts';
import { dataLocations, datasetFacts, loadDataset } from '../../src/datasets/index.ts';
import { realDataDirectory, skipRealMnist } from './real-mnist.ts';
import { startServer } from './server.ts';

let folder: string;
let lines: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'exp-mnist-'));
  lines = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A port of this machine on which nobody listens any more. */
let nowhere: string;
beforeAll(async () => {
  const server = await startServer(() => undefined);
  nowhere = server.address;
  await server.close();
});
const names = ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte', 't10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte'];
const realFile = (name: string): Buffer => readFileSync(join(realDataDirectory, 'mnist', `${name}.gz`));

function load(options: Record<string, unknown> = {}, context: Partial<LoadContext> = {}): Promise<LoadedDataset> {
  const entry = { type: 'mnist', options: { mirrors: [nowhere], validation: 0, train_count: 60_000, test_count: 10_000, ...options } };
  return loadDataset(entry, { cacheDirectory: join(folder, 'cache'), seed: 1, report: (line) => lines.push(line), patienceMilliseconds: 2000, ...context });
}

async function refusal(promise: Promise<unknown>): Promise<UserError> {
  const error: unknown = await promise.then(() => undefined, (reason: unknown) => reason);
  if (!(error instanceof UserError)) throw new Error(`expected a UserError, got ${String(error)}`);
  return error;
}

describe('MNIST where it cannot be had', () => {
  it('stops, naming all that was tried and how to mend it', async () => {
    const error = await refusal(load({}, { dataDirectory: folder }));
    const [problem] = error.problems;
    expect(error.exitCode).toBe(1);
    expect(problem.message).toBe(`MNIST could not be had: not in ${join(folder, 'mnist')}; not in ${folder}; not in ${join(folder, 'cache', 'mnist')}; ${nowhere}train-images-idx3-ubyte.gz: the connection was refused (ECONNREFUSED)`);
    expect(problem.fix).toContain('EXP_DATA_DIR');
    expect(problem.fix).toContain('offline: synthetic-digits');
  });

  it('trains on what the configuration names instead, and says so', async () => {
    const loaded = await load({ offline: 'synthetic-digits', train_count: 30, test_count: 20, validation: 10 });
    expect(loaded.actual).toBe('synthetic-digits');
    expect(loaded.substitution).toMatch(/^MNIST could not be had: .*; training on synthetic-digits instead$/);
    expect([loaded.train.count, loaded.validation?.count, loaded.test.count]).toEqual([20, 10, 20]);
  });

  it('goes on within a few seconds where servers stay silent', async () => {
    const server = await startServer(() => undefined);
    const started = performance.now();
    const loaded = await load({ offline: 'synthetic-digits', mirrors: [server.address], train_count: 10, test_count: 10 }, { patienceMilliseconds: 300 });
    expect(loaded.actual).toBe('synthetic-digits');
    expect(performance.now() - started).toBeLessThan(15_000);
    await server.close();
  });
});

describe('MNIST in a folder', () => {
  it('never takes a wrong file of the user for missing data', async () => {
    writeFileSync(join(folder, 'train-labels.idx1-ubyte'), 'something else');
    const error = await refusal(load({ offline: 'synthetic-digits' }, { dataDirectory: folder }));
    expect(error.problems[0].message).toBe(`${join(folder, 'train-labels.idx1-ubyte')} is not MNIST's file of this name: its unpacked bytes have another SHA-256`);
  });

  it('reports a file that cannot be read', async () => {
    mkdirSync(join(folder, names[0]));
    expect((await refusal(load({}, { dataDirectory: folder }))).message).toContain(`cannot read ${join(folder, names[0])}`);
  });

  it.skipIf(skipRealMnist)('reads the packed files', async () => {
    const loaded = await load({}, { dataDirectory: realDataDirectory });
    expect([loaded.actual, loaded.substitution, loaded.train.count, loaded.test.count]).toEqual(['mnist', undefined, 60_000, 10_000]);
    expect([...loaded.train.labels.subarray(0, 5)]).toEqual([5, 0, 4, 1, 9]);
    expect([...loaded.test.labels.subarray(0, 5)]).toEqual([7, 2, 1, 0, 4]);
    expect(createHash('sha256').update(loaded.test.pixels).digest('hex')).toBe(createHash('sha256').update(gunzipSync(realFile(names[2])).subarray(16)).digest('hex'));
    expect(loaded.train.pixels.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(loaded.train.labels.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(Object.keys(loaded.hashes)).toEqual(['train-images', 'train-labels', 'test-images', 'test-labels']);
    expect(lines).toEqual([]);
  });

  it.skipIf(skipRealMnist)('reads unpacked files with dots in their names, straight in the folder, and cuts to size', async () => {
    for (const name of names) writeFileSync(join(folder, name.replace('-idx', '.idx')), gunzipSync(realFile(name)));
    const loaded = await load({ train_count: 100, validation: 40, test_count: 7 }, { dataDirectory: folder });
    expect([loaded.train.count, loaded.validation?.count, loaded.test.count, loaded.trainCount, loaded.testCount]).toEqual([60, 40, 7, 60, 7]);
    const whole = await load({ train_count: 100 }, { dataDirectory: folder });
    expect(loaded.validation?.labels).toEqual(whole.train.labels.slice(60));
    expect(loaded.validation?.pixels).toEqual(whole.train.pixels.slice(60 * 784));
  });
});

describe.skipIf(skipRealMnist)('MNIST from a server', () => {
  it('downloads over a bad line, keeps it in the cache, and mends the cache', async () => {
    const server = await startServer((request, response, count) => {
      const file = realFile((request.url ?? '').slice(1, -3));
      const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      response.writeHead(from > 0 ? 206 : 200, { 'content-length': file.length - from, 'content-range': `bytes ${from}-${file.length - 1}/${file.length}` });
      if (count > 0 || file.length < 1e6) response.end(file.subarray(from));
      else response.write(file.subarray(0, 700_000), () => setTimeout(() => response.destroy(), 20));
    });
    const downloaded = await load({ mirrors: [nowhere, server.address] });
    expect(downloaded.actual).toBe('mnist');
    expect(server.requests.filter(({ range }) => range !== undefined).length).toBe(2);
    const cache = join(folder, 'cache', 'mnist');
    expect(readdirSync(cache).toSorted()).toEqual(names.toSorted());

    const cached = await load();
    expect(cached.test.labels).toEqual(downloaded.test.labels);

    writeFileSync(join(cache, names[3]), 'damaged');
    const before = server.requests.length;
    await load({ mirrors: [server.address] });
    expect(lines).toContain(`${join(cache, names[3])} is damaged; fetching it again`);
    expect(server.requests.slice(before).map(({ path }) => path)).toEqual([`/${names[3]}.gz`]);
    await server.close();
  });

  it('goes on without a cache where it cannot be written', async () => {
    const server = await startServer((request, response) => void response.end(realFile((request.url ?? '').slice(1, -3))));
    writeFileSync(join(folder, 'cache'), 'a file where the folder should be');
    const loaded = await load({ mirrors: [server.address], train_count: 10 });
    expect(loaded.actual).toBe('mnist');
    expect(lines.filter((line) => line.includes('could not be kept for the next time')).length).toBe(4);
    await server.close();
  });

  it('serves runs that start at the same time', async () => {
    const server = await startServer((request, response) => void response.end(realFile((request.url ?? '').slice(1, -3))));
    const loaded = await Promise.all([1, 2, 3].map(() => load({ mirrors: [server.address], train_count: 10, test_count: 10 })));
    for (const each of loaded) expect(each.train.pixels).toEqual(loaded[0].train.pixels);
    expect(readdirSync(join(folder, 'cache', 'mnist')).toSorted()).toEqual(names.toSorted());
    await server.close();
  });
});

describe('what is known without data', () => {
  it('counts and shapes', () => {
    const facts = datasetFacts({ type: 'mnist', options: { train_count: 60_000, test_count: 10_000, validation: 5000 } });
    expect(facts).toMatchObject({ shape: { channels: 1, height: 28, width: 28 }, classes: 10, trainCount: 55_000, testCount: 10_000 });
  });

  it('refuses a validation split that leaves nothing', () => {
    expect(() => datasetFacts({ type: 'mnist', options: { train_count: 100, test_count: 1, validation: 100 } })).toThrow('validation: 100 leaves none of the 100 training images to train on');
  });

  it('finds the folders', () => {
    expect(dataLocations({ EXP_DATA_DIR: '/data', XDG_CACHE_HOME: '/cache' })).toEqual({ dataDirectory: '/data', cacheDirectory: join('/cache', 'exp') });
    expect(dataLocations({ EXP_DATA_DIR: '', XDG_CACHE_HOME: '' }).cacheDirectory).toMatch(/[/\\]\.cache[/\\]exp$/);
  });
});
