/** A download server for tests that behaves as badly as it is told to. Every request is kept. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export type Behaviour = (request: IncomingMessage, response: ServerResponse, count: number) => void;

export interface TestServer {
  /** Ends with a slash. */
  address: string;
  /** `/train-labels-idx1-ubyte.gz` and the Range header, if any. */
  requests: { path: string; range?: string }[];
  close(): Promise<void>;
}

/** `behaviour` gets how many requests for this path came before. */
export async function startServer(behaviour: Behaviour): Promise<TestServer> {
  const requests: TestServer['requests'] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    const count = requests.filter((each) => each.path === path).length;
    requests.push({ path, range: request.headers.range });
    behaviour(request, response, count);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    address: `http://127.0.0.1:${address.port}/`,
    requests,
    close: () => new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    }),
  };
}
