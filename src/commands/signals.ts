/** Ctrl-C and its relatives: the first asks to stop after the step in hand, the second leaves at once. */
import { exitCode } from '../common/problem.ts';

/** SIGHUP: the terminal was closed. SIGUSR1: a cluster's scheduler is about to end the job. */
const codes = { SIGINT: exitCode.interrupted, SIGTERM: exitCode.terminated, SIGUSR1: exitCode.terminated, SIGHUP: exitCode.terminated } as const;

export interface StopRequest {
  readonly signal: AbortSignal;
  /** What to exit with where a signal has come. */
  readonly exitCode: number;
  /** Signals act as before again. */
  release(): void;
}

/** One event may reach us twice, from the terminal's group and through a parent that passes it on. */
const echoMilliseconds = 200;

/** Listens until released. `announce` is called at the first signal. */
export function listenForStop(announce: (name: string) => void): StopRequest {
  const controller = new AbortController();
  let code: number = exitCode.done;
  let first = 0;
  const listeners = (Object.keys(codes) as (keyof typeof codes)[]).map((name) => {
    const listener = (): void => {
      if (controller.signal.aborted) {
        if (performance.now() - first > echoMilliseconds) process.exit(codes[name]);
        return;
      }
      first = performance.now();
      code = codes[name];
      announce(name);
      controller.abort();
    };
    process.on(name, listener);
    return () => process.off(name, listener);
  });
  return {
    signal: controller.signal,
    get exitCode() { return code; },
    release: () => listeners.forEach((stop) => stop()),
  };
}
