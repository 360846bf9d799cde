/** Downloads from servers that are slow, cut, lie, refuse, redirect or ignore what they are asked for. */
import { afterEach, describe, expect, it } from 'vitest';
import type { LoadContext } from '../../src/datasets/dataset.ts';
import { createDownloader } from '../../src/datasets/download.ts';
import { type Behaviour, startServer, type TestServer } from './server.ts';

const content = Uint8Array.from({ length: 60_000 }, (_, index) => (index * 31) & 255);
const accepted = (bytes: Uint8Array): Promise<Uint8Array | undefined> => Promise.resolve(Buffer.compare(bytes, content) === 0 ? bytes : undefined);

const servers: TestServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serve(behaviour: Behaviour): Promise<TestServer> {
  const server = await startServer(behaviour);
  servers.push(server);
  return server;
}

const good: Behaviour = (_request, response) => void response.end(content);

/** Sends from the byte that is asked for, and breaks the connection after `length` bytes. */
const cutAfter = (length: number): Behaviour => (request, response) => {
  const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const headers = { 'content-length': content.length - from, etag: '"one"', 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` };
  response.writeHead(from > 0 ? 206 : 200, headers);
  const part = content.subarray(from, from + length);
  if (from + part.length === content.length) response.end(part);
  else response.write(part, () => setTimeout(() => response.destroy(), 5));
};

async function get(mirrors: readonly string[], patienceMilliseconds = 2000, signal?: AbortSignal) {
  const lines: string[] = [];
  const context: LoadContext = { cacheDirectory: '', seed: 1, report: (line) => lines.push(line), patienceMilliseconds, signal };
  const downloader = createDownloader(mirrors, context);
  const started = performance.now();
  const found = await downloader.get('file.gz', 100_000, accepted);
  return { found, failures: downloader.failures, lines, seconds: (performance.now() - started) / 1000, downloader };
}

describe('downloads', () => {
  it('gets a file, and says from where', async () => {
    const { address } = await serve(good);
    const { found, lines } = await get([address]);
    expect(found).toEqual(Buffer.from(content));
    expect(lines).toEqual([`downloading ${address}file.gz`]);
  });

  it('takes a cut download up where it broke, as often as it gets further', async () => {
    const server = await serve(cutAfter(25_000));
    const { found } = await get([server.address]);
    expect(found).toEqual(Buffer.from(content));
    expect(server.requests.map(({ range }) => range)).toEqual([undefined, 'bytes=25000-', 'bytes=50000-']);
  });

  it('begins anew where the server ignores the range', async () => {
    const server = await serve((request, response, count) => {
      if (count === 0) cutAfter(10_000)(request, response, count);
      else good(request, response, count);
    });
    expect((await get([server.address])).found).toEqual(Buffer.from(content));
  });

  it('begins anew where the server continues elsewhere than asked for', async () => {
    const server = await serve((request, response, count) => {
      if (count === 0) return cutAfter(10_000)(request, response, count);
      response.writeHead(206, { 'content-range': `bytes 0-${content.length - 1}/${content.length}` });
      response.end(content);
    });
    expect((await get([server.address])).found).toEqual(Buffer.from(content));
  });

  it('gives up a connection that breaks without getting further', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.flushHeaders();
      setTimeout(() => response.destroy(), 5);
    });
    const { found, failures } = await get([server.address]);
    expect(found).toBeUndefined();
    expect(failures).toEqual([`${server.address}file.gz: the connection broke`]);
  });

  it('follows redirects', async () => {
    const target = await serve(good);
    const server = await serve((_request, response) => void response.writeHead(302, { location: `${target.address}file.gz` }).end());
    expect((await get([server.address])).found).toEqual(Buffer.from(content));
  });

  const lies: [string, Behaviour][] = [
    ['a page in place of the file', (_request, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><p>Welcome to the airport')],
    ['other bytes', (_request, response) => void response.end(content.map((byte) => byte ^ 1))],
    ['too few bytes', (_request, response) => void response.end(content.subarray(0, 59_999))],
    ['nothing', (_request, response) => void response.end()],
  ];
  for (const [what, behaviour] of lies) {
    it(`does not believe ${what}, and asks the next mirror`, async () => {
      const liar = await serve(behaviour), honest = await serve(good);
      const { found, failures } = await get([liar.address, honest.address]);
      expect(found).toEqual(Buffer.from(content));
      expect(failures).toEqual([`${liar.address}file.gz: not the right file (SHA-256 differs)`]);
    });
  }

  it('stops reading what is larger than the file can be', async () => {
    const server = await serve((_request, response) => {
      const timer = setInterval(() => response.write(new Uint8Array(50_000)), 1);
      response.on('close', () => clearInterval(timer));
    });
    const { found, failures } = await get([server.address]);
    expect(found).toBeUndefined();
    expect(failures[0]).toContain('more than the 100000 bytes');
  });

  for (const status of [403, 404, 416, 500, 503]) {
    it(`goes on after HTTP ${status}`, async () => {
      const refusing = await serve((_request, response) => void response.writeHead(status).end()), honest = await serve(good);
      const { found, failures } = await get([refusing.address, honest.address]);
      expect(found).toEqual(Buffer.from(content));
      expect(failures[0]).toContain(`HTTP ${status}`);
    });
  }

  it('waits for a slow server that goes on sending', async () => {
    const server = await serve((_request, response) => {
      let at = 0;
      const timer = setInterval(() => {
        response.write(content.subarray(at, (at += 2000)));
        if (at >= content.length) {
          clearInterval(timer);
          response.end();
        }
      }, 20);
    });
    const { found, seconds } = await get([server.address], 300);
    expect(found).toEqual(Buffer.from(content));
    expect(seconds).toBeGreaterThan(0.5); // longer than the patience: silence counts, not duration
  });

  it('shares its patience among the mirrors where nothing answers, and asks those no more', async () => {
    const silent = await Promise.all([serve(() => undefined), serve(() => undefined)]);
    const { found, failures, seconds, downloader } = await get(silent.map(({ address }) => address), 400);
    expect(found).toBeUndefined();
    expect(failures).toEqual(silent.map(({ address }) => `${address}file.gz: no answer within 0.2 s`));
    expect(seconds).toBeLessThan(1.5);
    expect(await downloader.get('other.gz', 100, accepted)).toBeUndefined();
    expect(silent.map(({ requests }) => requests.length)).toEqual([1, 1]);
  });

  it('gives up a server that falls silent, or trickles', async () => {
    const silent = await serve((_request, response) => void response.write(content.subarray(0, 1000)));
    const trickling = await serve((_request, response) => {
      const timer = setInterval(() => response.write('x'), 10);
      response.on('close', () => clearInterval(timer));
    });
    const { failures, seconds } = await get([silent.address, trickling.address], 600);
    expect(failures.map((failure) => failure.split(': ')[1])).toEqual(['no answer within 0.3 s', 'no answer within 0.3 s']);
    expect(seconds).toBeLessThan(3);
  });

  it('gives up at once where every connection is refused', async () => {
    const server = await startServer(good);
    await server.close();
    const { failures, seconds } = await get([server.address], 10_000);
    expect(failures).toEqual([`${server.address}file.gz: the connection was refused (ECONNREFUSED)`]);
    expect(seconds).toBeLessThan(2);
  });

  it('stops when told to', async () => {
    const server = await serve(() => undefined);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 50);
    await expect(get([server.address], 10_000, controller.signal)).rejects.toThrow('abort');
  });
});
