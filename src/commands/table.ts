/** Tables on a terminal that keep to its width. */
import { stripVTControlCharacters } from 'node:util';
import Table from 'cli-table3';
import type { Terminal } from '../common/terminal.ts';

export interface Column {
  title: string;
  right?: boolean;
  /** Wide text may be broken into several lines, down to this many characters; absent: never. */
  breakAt?: number;
}

/** Undefined is missing: `-`. */
export type Cell = string | undefined;

/** As wide as the cells want; columns with `breakAt` are narrowed as far as the terminal asks for. */
export function describeTable(columns: readonly Column[], rows: readonly (readonly Cell[])[], terminal: Terminal): string {
  const widths = fitWidths(columns, rows, terminal.columns);
  const table = new Table({
    head: columns.map((column) => terminal.style('bold', column.title)),
    colAligns: columns.map((column) => (column.right ? 'right' : 'left')),
    colWidths: widths.map((width) => width + padding),
    chars: borders,
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': padding },
  });
  for (const row of rows) table.push(row.map((cell, index) => wrapText(cell ?? missing, widths[index])));
  const lines = table.toString().split('\n').map((line) => line.trimEnd());
  return `${lines.map((line) => (/^─+$/.test(line) ? line.slice(0, -padding) : line)).join('\n')}\n`;
}

/** Whether the table keeps to a width when narrowed as far as it may be. */
export function fitsWidth(columns: readonly Column[], rows: readonly (readonly Cell[])[], width: number): boolean {
  return totalWidth(fitWidths(columns, rows, width)) <= width;
}

function fitWidths(columns: readonly Column[], rows: readonly (readonly Cell[])[], width: number): number[] {
  const widths = columns.map((column, index) => Math.max(textWidth(column.title), ...rows.map((row) => textWidth(row[index] ?? missing))));
  const narrowest = columns.map((column, index) => Math.min(widths[index], column.breakAt ?? Infinity));
  for (let excess = totalWidth(widths) - width; excess > 0; excess--) {
    const spare = widths.map((each, index) => each - narrowest[index]);
    const widest = spare.reduce((best, each, index) => (each > 0 && (best < 0 || widths[index] > widths[best]) ? index : best), -1);
    if (widest < 0) break;
    widths[widest]--;
  }
  return widths;
}

function totalWidth(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width + padding, -padding);
}

/** Of the longest line, in characters; colours take none. */
function textWidth(text: string): number {
  return Math.max(...stripVTControlCharacters(text).split('\n').map((line) => line.length));
}

const missing = '-';

/** Broken at blanks, and inside words that are wider than the column. Coloured text is left alone: only plain columns are narrowed. */
export function wrapText(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  const lines: string[] = [];
  for (const word of text.split(' ').flatMap((each) => cutWord(each, width))) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.join('\n');
}

/** A dotted name in lines of at most that width, broken before dots and brackets: `stage2.1` / `.residual1 (7)`; in words where these are longer. */
export function breakAtDots(name: string, width: number): string {
  const lines: string[] = [];
  for (const part of name.split(/(?=\.| \()/).flatMap((each) => cutWord(each, width))) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + part.length <= width) lines[lines.length - 1] = last + part;
    else lines.push(part);
  }
  return lines.join('\n');
}

function cutWord(word: string, width: number): string[] {
  return Array.from({ length: Math.max(1, Math.ceil(word.length / width)) }, (_, index) => word.slice(index * width, (index + 1) * width));
}

/** Space between two columns. */
const padding = 2;

/** One rule below the head, nothing else: quiet, and easy to read past many rows. */
const borders = {
  top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '',
  left: '', 'left-mid': '', mid: '─', 'mid-mid': '', right: '', 'right-mid': '', middle: '',
};
