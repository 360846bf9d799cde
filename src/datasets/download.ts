/**
 * Files from the first of several mirrors that gives the right ones: taken up again where a connection broke, given up
 * quickly where nothing answers. Nothing a server sends is believed: the caller checks the content.
 */
import type { LoadContext } from './dataset.ts';

export interface Downloader {
  /** The checked content of a file, or undefined when no mirror has it. `check` returns undefined for a wrong file. */
  get(name: string, maximumBytes: number, check: (content: Uint8Array) => Promise<Uint8Array | undefined>): Promise<Uint8Array | undefined>;
  /** Why, by address. */
  readonly failures: string[];
}

/** How long the mirrors together may stay silent, in milliseconds. */
const defaultPatience = 10_000;
/** Times one file is asked for at one mirror: a connection that breaks more often is not worth waiting for. */
const maximumAttempts = 8;

/** A mirror that could not be reached is not asked again. */
export function createDownloader(mirrors: readonly string[], context: LoadContext): Downloader {
  const reachable = new Set(mirrors.map((mirror) => (mirror.endsWith('/') ? mirror : `${mirror}/`)));
  const failures: string[] = [];
  const patience = (context.patienceMilliseconds ?? defaultPatience) / mirrors.length;

  return {
    failures,
    async get(name, maximumBytes, check) {
      for (const mirror of reachable) {
        const url = mirror + name;
        const outcome = await download({ url, maximumBytes, patience, report: context.report, signal: context.signal });
        if ('unreachable' in outcome) reachable.delete(mirror);
        const failure = 'content' in outcome ? 'not the right file (SHA-256 differs)' : outcome.failure;
        const checked = 'content' in outcome ? await check(outcome.content) : undefined;
        if (checked) return checked;
        context.report(`${url}: ${failure}`);
        failures.push(`${url}: ${failure}`);
      }
      return undefined;
    },
  };
}

interface Request {
  url: string;
  maximumBytes: number;
  /** Milliseconds without progress after which an attempt is given up. */
  patience: number;
  report(message: string): void;
  signal?: AbortSignal;
}

type Outcome = { content: Uint8Array } | { failure: string; unreachable?: true };

/** What has arrived so far, kept between attempts. */
interface Arrived {
  chunks: Uint8Array[];
  bytes: number;
  /** Names the version of the file, so that the rest of another one is not appended. */
  version: string | undefined;
}

async function download(request: Request): Promise<Outcome> {
  const arrived: Arrived = { chunks: [], bytes: 0, version: undefined };
  request.report(`downloading ${request.url}`);
  for (let attempt = 1; ; attempt++) {
    const before = arrived.bytes;
    const outcome = await attemptOnce(request, arrived);
    if (outcome !== 'cut') return outcome;
    if (attempt === maximumAttempts || arrived.bytes <= before) return { failure: attempt === 1 ? 'the connection broke' : `the connection broke ${attempt} times` };
    request.report(`the connection broke after ${megabytes(arrived.bytes)}; going on from there`);
  }
}

async function attemptOnce(request: Request, arrived: Arrived): Promise<Outcome | 'cut'> {
  const silence = watchSilence(request.patience);
  const signal = request.signal ? AbortSignal.any([silence.signal, request.signal]) : silence.signal;
  let answered = false;
  try {
    const response = await fetch(request.url, { headers: headersFor(arrived), signal });
    answered = true;
    if (!response.ok || !response.body) {
      await response.body?.cancel();
      return { failure: `HTTP ${response.status} ${response.statusText}`.trim() };
    }
    if (!continues(response, arrived)) forget(arrived);
    arrived.version = versionOf(response);
    const total = arrived.bytes + Number(response.headers.get('content-length') ?? NaN);
    const progress = createProgress(request, total);
    for await (const chunk of response.body) {
      silence.heard(chunk.length);
      arrived.chunks.push(chunk);
      arrived.bytes += chunk.length;
      if (arrived.bytes > request.maximumBytes) return { failure: `more than the ${request.maximumBytes} bytes that the file can have` };
      progress(arrived.bytes);
    }
    return { content: Buffer.concat(arrived.chunks) };
  } catch (error) {
    request.signal?.throwIfAborted();
    if (silence.signal.aborted) return { failure: `no answer within ${request.patience / 1000} s`, unreachable: true };
    return answered ? 'cut' : { failure: describeFetchError(error), unreachable: true };
  } finally {
    silence.end();
  }
}

function headersFor(arrived: Arrived): Record<string, string> {
  const headers: Record<string, string> = { 'accept-encoding': 'identity' }; // ranges of an encoded answer would not fit together
  if (arrived.bytes === 0) return headers;
  return { ...headers, range: `bytes=${arrived.bytes}-`, ...(arrived.version ? { 'if-range': arrived.version } : {}) };
}

/** The answer begins where the last one broke off (206), rather than anew. */
function continues(response: Response, arrived: Arrived): boolean {
  return response.status === 206 && response.headers.get('content-range')?.startsWith(`bytes ${arrived.bytes}-`) === true;
}

function forget(arrived: Arrived): void {
  arrived.chunks = [];
  arrived.bytes = 0;
}

/** Only a strong validator will do for If-Range (RFC 9110, 13.1.5). */
function versionOf(response: Response): string | undefined {
  const tag = response.headers.get('etag') ?? undefined;
  return tag?.startsWith('"') ? tag : undefined;
}

/** Aborts when less than a byte a millisecond comes for `patience` milliseconds: a trickle would take hours. */
function watchSilence(patience: number): { signal: AbortSignal; heard(bytes: number): void; end(): void } {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), patience);
  let heardBytes = 0;
  return {
    signal: controller.signal,
    heard(bytes) {
      heardBytes += bytes;
      if (heardBytes < patience) return;
      heardBytes = 0;
      timer.refresh();
    },
    end: () => clearTimeout(timer),
  };
}

/** One line a second at most. */
function createProgress({ url, report }: Request, total: number): (bytes: number) => void {
  const name = url.slice(url.lastIndexOf('/') + 1);
  let last = performance.now();
  return (bytes) => {
    if (performance.now() - last < 1000) return;
    last = performance.now();
    report(`${name}: ${megabytes(bytes)}${Number.isFinite(total) ? ` of ${megabytes(total)}` : ''}`);
  };
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** `fetch failed` says nothing; its cause does. */
function describeFetchError(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined;
  const meanings: Readonly<Record<string, string>> = {
    ENOTFOUND: 'the name is not known',
    EAI_AGAIN: 'the name could not be looked up (no network?)',
    ECONNREFUSED: 'the connection was refused',
    ECONNRESET: 'the connection was reset',
    ENETUNREACH: 'the network cannot be reached',
    EHOSTUNREACH: 'the machine cannot be reached',
  };
  if (code !== undefined) return meanings[code] ? `${meanings[code]} (${code})` : code;
  return error instanceof Error ? error.message : String(error);
}
