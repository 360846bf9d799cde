/**
 * The contract of a verb of the command line: one file each, listed in `index.ts` (which loads only the one asked for).
 * Data goes to stdout, progress and messages to stderr; mistakes are thrown as UserError and shown by `cli.ts` alone.
 */
import type { Command as Commander } from 'commander';
import type { Terminal } from '../common/terminal.ts';

export interface Context {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Data: tables, JSON, generated files. */
  readonly stdout: Terminal;
  /** Progress and messages. */
  readonly stderr: Terminal;
  /** The arguments after `exp`, as given: kept in the record of a run. */
  readonly argv: readonly string[];
  /** What the process exits with where nothing is thrown; set it for outcomes that are no mistakes (`validate` found errors). */
  exitCode: number;
}

export interface Command {
  /** Adds arguments, options, help text and the action. `verb` has its name, aliases and summary already. */
  configure(verb: Commander, context: Context): void;
}

/** An option that may be given several times: `--set a=1 --set b=2`. Use as commander's option parser, with default `[]`. */
export function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}
