/** Lines for the person who watches a run: on stderr unless quiet, and plain in the run's log.txt once that is known. */
import { appendFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import type { Terminal } from '../common/terminal.ts';

export class Reporter {
  private logFile: string | undefined;
  private before: string[] = [];

  constructor(readonly terminal: Terminal, readonly quiet: boolean) {}

  say = (text: string): void => {
    if (!this.quiet) this.terminal.write(`${text}\n`);
    this.log(text);
  };

  /** Also where quiet. */
  warn = (text: string): void => {
    this.terminal.write(`${text}\n`);
    this.log(text);
  };

  logTo(file: string): void {
    this.logFile = file;
    for (const line of this.before.splice(0)) this.log(line);
  }

  /** A log that cannot be written stops nothing: what matters is written durably elsewhere, and complains there. */
  private log(text: string): void {
    if (this.logFile === undefined) {
      this.before.push(text);
      return;
    }
    try {
      appendFileSync(this.logFile, `${stripVTControlCharacters(text)}\n`);
    } catch {
      this.logFile = undefined;
    }
  }
}
