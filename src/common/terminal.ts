/** Where text goes: a stream with its width and whether it may be coloured. */
import { styleText } from 'node:util';

export type Style = Parameters<typeof styleText>[0];

export interface Terminal {
  write(text: string): void;
  /** The text coloured where this stream shows colours, else unchanged. */
  style(style: Style, text: string): string;
  /** A person is looking: lines may be redrawn. */
  readonly interactive: boolean;
  /** Width in characters; infinite for pipes and files (but COLUMNS counts). Changes when the window does. */
  readonly columns: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** A terminal around a Node stream; `NO_COLOR` and `FORCE_COLOR` as commonly understood (no-color.org). */
export function streamTerminal(stream: NodeJS.WriteStream, environment: Environment): Terminal {
  const coloured = showsColour(stream, environment);
  return {
    write: (text) => { stream.write(text); },
    style: (style, text) => (coloured ? styleText(style, text, { validateStream: false }) : text),
    get interactive() { return stream.isTTY === true && environment['TERM'] !== 'dumb'; },
    get columns() { return stream.columns || Number(environment['COLUMNS']) || Infinity; },
  };
}

function showsColour(stream: NodeJS.WriteStream, environment: Environment): boolean {
  if (environment['NO_COLOR']) return false;
  if (environment['FORCE_COLOR'] !== undefined) return environment['FORCE_COLOR'] !== '0';
  return stream.isTTY === true && environment['TERM'] !== 'dumb';
}

/** A terminal that keeps what is written: for tests and for callers that want the text. */
export function memoryTerminal(how: { columns?: number; interactive?: boolean } = {}): Terminal & { text: string } {
  return {
    text: '',
    write(text) { this.text += text; },
    style: (_style, text) => text,
    interactive: how.interactive ?? false,
    columns: how.columns ?? 80,
  };
}
