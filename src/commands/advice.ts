/** Advice as text: what was found, what to write, the name that silences it. */
import type { Terminal } from '../common/terminal.ts';
import type { Advice } from '../network/advice/index.ts';
import { wrapText } from './table.ts';

const widest = 100;

/** With the line where the layer stands, when the file is known. */
export function describeAdvice(notes: readonly Advice[], terminal: Terminal): string {
  const width = Math.min(terminal.columns, widest) - 2;
  return notes.map(({ rule, message, fix, where }) => {
    const place = where ? `${where.file}:${where.line}:${where.column}  ` : '';
    const lines = [...wrapText(message, width).split('\n'), ...wrapText(fix, width).split('\n').map((line) => terminal.style('dim', line))];
    return `${place}${terminal.style('yellow', rule)}\n${lines.map((line) => `  ${line}\n`).join('')}`;
  }).join('');
}
