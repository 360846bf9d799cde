/** What `inspect` and `profile` have in common: tables of layers folded to blocks, and titled lines below them. */
import type { Terminal } from '../common/terminal.ts';
import type { Fold } from '../network/folding.ts';
import { breakAtDots, describeTable, wrapText } from './table.ts';
import type { Column } from './table.ts';

/** A table of more rows is folded where no depth is asked for. */
export const screenRows = 28;
/** Below this many characters names are no longer readable. */
export const narrowestName = 14;
/** Nor is text. */
const narrowestText = 30;

/** `stage2.1 (7)`. */
export function describeFoldName({ name, layers }: Fold): string {
  return layers.length > 1 ? `${name} (${layers.length})` : name;
}

/** A table whose first column holds dotted names: broken where the others leave too little room. */
export function describeNamedTable(columns: readonly Column[], rows: readonly (readonly string[])[], terminal: Terminal): string {
  const others = columns.slice(1).map(({ title, breakAt }, index) => {
    const wanted = Math.max(...rows.map((row) => row[index + 1].length));
    return 2 + Math.max(title.length, breakAt === undefined ? wanted : Math.min(wanted, breakAt));
  });
  const room = Math.max(narrowestName, terminal.columns - others.reduce((a, b) => a + b, 0));
  return describeTable(columns, rows.map(([name, ...row]) => [breakAtDots(name, room), ...row]), terminal);
}

/** `memory        21 MB planned, ...`: titles in so many cells, texts wrapped beside them. */
export function describeTitled(lines: readonly (readonly [title: string, text: string])[], titleCells: number, terminal: Terminal): string {
  return lines.map(([title, text]) => {
    const [first, ...more] = wrapText(text, Math.max(narrowestText, terminal.columns - titleCells)).split('\n');
    return [`${terminal.style('dim', title.padEnd(titleCells))}${first}\n`, ...more.map((line) => `${' '.repeat(titleCells)}${line}\n`)].join('');
  }).join('');
}
