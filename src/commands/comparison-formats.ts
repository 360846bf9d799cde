/** A comparison as a table that keeps to a terminal's width, as CSV, as Markdown and as JSON. */
import { toJson } from '../common/json.ts';
import type { Terminal } from '../common/terminal.ts';
import { cautions, describeDatasets, describeEpochs, figures } from './comparison.ts';
import type { Comparison, Figure } from './comparison.ts';
import { statusCell } from './status.ts';
import { describeTable, fitsWidth } from './table.ts';
import type { Cell, Column } from './table.ts';

interface ComparisonColumn extends Column {
  name: string;
  rank: number;
  cells: readonly Cell[];
}

/** Wide values are broken, then columns left out, the least telling first, until the table fits; `all` leaves it as wide as it is. */
export function describeComparison(comparison: Comparison, terminal: Terminal, all: boolean): string {
  const columns = [...figureColumns(comparison, terminal), ...settingColumns(comparison)];
  const { shown, hidden } = all ? { shown: columns, hidden: [] } : hideColumns(columns, terminal.columns);
  const width = all ? Infinity : terminal.columns;
  const notes = [...cautions(comparison), ...(hidden.length > 0 ? [`not shown: ${hidden.map(({ name }) => name).join(', ')} (--all shows everything)`] : [])];
  const table = describeTable(shown, rowsOf(shown), { ...terminal, columns: width });
  return `${table}${notes.length > 0 ? `\n${notes.map((note) => wrap(note, width)).join('\n')}\n` : ''}`;
}

function figureColumns(comparison: Comparison, terminal: Terminal): ComparisonColumn[] {
  return figures.map((figure) => {
    const cells = describeFigure(figure, comparison, terminal);
    const isMarked = figure.key === 'dataset' && cells.some((cell) => /[*!]$/.test(cell ?? ''));
    return {
      name: figure.title,
      title: figure.title,
      right: isNumber(figure),
      rank: isMarked ? 0 : figure.rank,
      ...(figure.key === 'run' && { breakAt: 16 }),
      ...(figure.key === 'dataset' && { breakAt: 9 }),
      cells,
    };
  });
}

function isNumber(figure: Figure): boolean {
  return figure.describe !== undefined || figure.key === 'epochs';
}

/** One cell a run. */
function describeFigure(figure: Figure, comparison: Comparison, terminal: Pick<Terminal, 'style'>): Cell[] {
  const { runs } = comparison;
  if (figure.key === 'status') return runs.map((run) => statusCell(run.status, terminal));
  if (figure.key === 'dataset') return describeDatasets(comparison);
  if (figure.key === 'epochs') return runs.map(describeEpochs);
  return runs.map((run) => {
    const value = figure.value(run);
    return typeof value === 'number' && figure.describe ? figure.describe(value) : value?.toString();
  });
}

/** Below this many characters values are no longer readable. */
const narrowestSetting = 10;

/** Settings are why runs are compared: they are left out after all other columns that may be. */
function settingColumns({ settings }: Comparison): ComparisonColumn[] {
  return settings.map(({ path, values }, index) => ({
    name: path, title: breakPath(path), rank: 1 + index / (settings.length + 1) / 2, breakAt: narrowestSetting, cells: values,
  }));
}

/** One line for a part or several short ones: `train.` `optimizer.` `adam.lr`. */
function breakPath(path: string): string {
  const lines: string[] = [];
  for (const part of path.split(/(?<=\.)/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + part.length <= narrowestSetting) lines[lines.length - 1] = last + part;
    else lines.push(part);
  }
  return lines.join('\n');
}

function hideColumns(columns: readonly ComparisonColumn[], width: number): { shown: readonly ComparisonColumn[]; hidden: readonly ComparisonColumn[] } {
  const byRank = columns.filter(({ rank }) => rank > 0).sort((a, b) => b.rank - a.rank);
  const hidden = new Set<ComparisonColumn>();
  const shown = (): ComparisonColumn[] => columns.filter((column) => !hidden.has(column));
  while (hidden.size < byRank.length && !fitsWidth(shown(), rowsOf(shown()), width)) hidden.add(byRank[hidden.size]);
  return { shown: shown(), hidden: [...hidden] };
}

function rowsOf(columns: readonly ComparisonColumn[]): Cell[][] {
  return (columns[0]?.cells ?? []).map((_, index) => columns.map(({ cells }) => cells[index]));
}

function wrap(text: string, width: number): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.join('\n  ');
}

/** Plain values: accuracies as fractions, times in seconds. */
function records({ runs, settings }: Comparison): Record<string, unknown>[] {
  return runs.map((run, index) => ({
    ...Object.fromEntries(figures.map((figure) => [figure.key, figure.value(run)])),
    epochs_planned: run.summary?.epochs,
    path: run.path,
    substitution: run.record?.data.substitution,
    settings: Object.fromEntries(settings.map(({ path, values }) => [path, values[index]])),
  }));
}

export function describeAsJson(comparison: Comparison): string {
  return `${toJson({ runs: records(comparison), settings: comparison.settings.map(({ path }) => path), cautions: cautions(comparison) }, 2)}\n`;
}

/** RFC 4180. Missing values are empty; the substitution is a column, so that it travels along. */
export function describeCsv(comparison: Comparison): string {
  const names = [...figures.map(({ key }) => key), 'substitution', ...comparison.settings.map(({ path }) => path)];
  const rows = comparison.runs.map((run, index) => [
    ...figures.map((figure) => figure.value(run)), run.record?.data.substitution, ...comparison.settings.map(({ values }) => values[index]),
  ]);
  return [names, ...rows].map((row) => `${row.map((value) => quoteCsv(value?.toString() ?? '')).join(',')}\r\n`).join('');
}

function quoteCsv(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function describeMarkdown(comparison: Comparison): string {
  const plain: Pick<Terminal, 'style'> = { style: (_style, text) => text };
  const heads = [...figures.map(({ title }) => title), ...comparison.settings.map(({ path }) => `\`${path}\``)];
  const marks = [...figures.map((figure) => (isNumber(figure) ? '---:' : '---')), ...comparison.settings.map(() => '---')];
  const columns = [...figures.map((figure) => describeFigure(figure, comparison, plain)), ...comparison.settings.map(({ values }) => values)];
  const rows = comparison.runs.map((_, index) => columns.map((cells) => cells[index]));
  const lines = [heads, marks, ...rows].map((row) => `| ${row.map((cell) => (cell ?? '-').replaceAll('|', '\\|')).join(' | ')} |`);
  return `${lines.join('\n')}\n${cautions(comparison).map((note) => `\n${note.replace(/^\*/, '\\*')}\n`).join('')}`;
}
