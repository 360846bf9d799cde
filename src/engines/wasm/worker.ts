/** The worker thread's side of the engine: receives requests, runs them on its EngineThread, answers. */
import { parentPort, workerData } from 'node:worker_threads';
import { Control } from './control.ts';
import type { Answer, Request } from './messages.ts';
import { EngineThread, type ThreadSetup } from './thread.ts';

const setup = workerData as ThreadSetup;
const port = parentPort!;
const answer = (message: Answer): void => port.postMessage(message);
const thread = new EngineThread(setup);

const run: { [Kind in Request['kind']]: (request: Extract<Request, { kind: Kind }>) => void } = {
  attach: ({ name, source }) => thread.attach(name, source),
  prepare: () => thread.prepare(),
  train: ({ source, request, reports }) => thread.train(source, request, reports),
  evaluate: ({ source, results }) => thread.evaluate(source, results),
  forward: ({ request }) => thread.forward(request),
};

port.on('message', (request: Request) => {
  try {
    (run[request.kind] as (request: Request) => void)(request);
    answer({ kind: 'done' });
  } catch (error) {
    new Control(setup.control, setup.threads).abort();
    answer({ kind: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
});
answer({ kind: 'ready' });
