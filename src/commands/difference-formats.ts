/** How two experiments differ, as text for a terminal and as Markdown. */
import { basename } from 'node:path';
import { describeBytes, describeCount, describeDuration, describeLoss, describeMagnitude, describePercent } from '../common/describe.ts';
import type { Style, Terminal } from '../common/terminal.ts';
import type { Aligned, Change } from '../network/alignment.ts';
import { changeOf } from './difference.ts';
import type { Difference, Figure } from './difference.ts';
import { breakAtDots, describeTable } from './table.ts';
import type { Column } from './table.ts';

const marks: Readonly<Record<Change, { sign: string; style: Style }>> = {
  same: { sign: ' ', style: 'dim' },
  changed: { sign: '~', style: 'yellow' },
  inserted: { sign: '+', style: 'green' },
  removed: { sign: '-', style: 'red' },
};

export function describeDifference(difference: Difference, all: boolean, terminal: Terminal): string {
  const parts = tables(difference, all, terminal.columns).map(({ title, columns, rows, marked }) => {
    const styled = rows.map((row, index) => (marked === undefined ? row : row.map((cell, at) => (at === 0 ? terminal.style(marks[marked[index]].style, cell) : cell))));
    return `${terminal.style('bold', title)}\n${describeTable(columns, styled, terminal)}`;
  });
  return `${parts.join('\n')}${describeSame(difference, all)}`;
}

export function describeDifferenceAsMarkdown(difference: Difference, all: boolean): string {
  const row = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
  const parts = tables(difference, all, Infinity).map(({ title, columns, rows }) =>
    `## ${title}\n\n${row(columns.map((column) => column.title))}${row(columns.map((column) => (column.right ? '---:' : '---')))}${rows.map(row).join('')}`);
  return `${parts.join('\n')}${describeSame(difference, all)}`;
}

interface Part {
  title: string;
  columns: readonly Column[];
  rows: readonly (readonly string[])[];
  /** What became of each row's layer. */
  marked?: readonly Change[];
}

/** Those that have rows. */
function tables(difference: Difference, all: boolean, width: number): Part[] {
  const { settings, figures } = difference;
  const values: readonly Column[] = shortLabels(difference).map((title) => ({ title, breakAt: 12 }));
  const nameWidth = Math.max(narrowestName, width - otherColumns);
  const rows = all ? difference.layers.map((each) => [each]) : foldWholeBlocks(difference.layers.filter(({ change }) => change !== 'same'), difference);
  const parts: Part[] = [
    { title: 'settings', columns: [{ title: 'setting', breakAt: 18 }, ...values], rows: settings.map((each) => [each.path, each.before ?? '-', each.after ?? '-']) },
    {
      title: 'figures',
      columns: [{ title: 'figure' }, ...values.map((column) => ({ ...column, right: true })), { title: 'change', right: true }],
      rows: figures.map((each) => [each.name, describeValue(each.name, each.before), describeValue(each.name, each.after), describeChange(each)]),
    },
    { title: 'layers', columns: layerColumns, rows: rows.map((each) => describeRow(each, nameWidth)), marked: rows.map(([{ change }]) => change) },
  ];
  return parts.filter(({ rows }) => rows.length > 0);
}

/** File names without folder and extension, where they tell the two apart. */
function shortLabels({ before, after }: Difference): string[] {
  const labels = [before.label, after.label];
  const short = labels.map((label) => basename(label).replace(/\.ya?ml$/, ''));
  return short[0] === short[1] ? labels : short;
}

/** Characters of a layer's row beside its name, and the fewest for that. */
const otherColumns = 58;
const narrowestName = 18;

const layerColumns: readonly Column[] = [
  { title: '' }, { title: 'layer' }, { title: 'what', breakAt: 12 }, { title: 'parameters', right: true }, { title: 'multiply-adds', right: true }, { title: 'field', right: true },
];

/** `~  conv3  filters 16 → 32  +4,608  +900 k  +2` */
function describeLayer(aligned: Aligned, nameWidth: number): string[] {
  const { before, after, change } = aligned;
  const { parameters, multiplyAdds, receptiveField } = changeOf(aligned);
  const name = breakAtDots((after ?? before)!.name, nameWidth);
  const was = before && after && before.name !== after.name ? `${breakAtDots(before.name, nameWidth - 2)} →${nameWidth === Infinity ? ' ' : '\n'}` : '';
  const what = change === 'changed' ? aligned.differences.join(', ') || 'reads another shape' : change === 'same' ? '' : (after ?? before)!.type;
  const field = receptiveField === undefined ? (after ?? before)!.receptiveField.size : receptiveField;
  return [
    marks[change].sign, was + name, what, signed(parameters, describeCount), signed(multiplyAdds, describeMagnitude),
    receptiveField === undefined ? describePair(field, String) : describePair(field, (value) => signed(value, String)),
  ];
}

const describeRow = (layers: readonly Aligned[], nameWidth: number): string[] => (layers.length === 1 ? describeLayer(layers[0], nameWidth) : describeBlock(layers, nameWidth));

/** Layers behind each other that make up a block and were all put in, or all taken out, are one row. */
function foldWholeBlocks(aligned: readonly Aligned[], { before, after }: Difference): Aligned[][] {
  const wholes = { inserted: wholeBlocks(aligned, 'after', after), removed: wholeBlocks(aligned, 'before', before) };
  const rows: Aligned[][] = [];
  let open: string | undefined;
  for (const each of aligned) {
    const block = each.change === 'inserted' || each.change === 'removed' ? wholes[each.change].get((each.after ?? each.before)!.name) : undefined;
    const key = block === undefined ? undefined : `${each.change} ${block}`;
    if (key !== undefined && key === open) rows.at(-1)!.push(each);
    else rows.push([each]);
    open = key;
  }
  return rows;
}

/** By layer, of those that stand on one side only: the largest block around it of which this is true as a whole. */
function wholeBlocks(aligned: readonly Aligned[], side: 'before' | 'after', { summary }: Difference['after']): ReadonlyMap<string, string> {
  const names = aligned.flatMap((each) => (each.before && each.after ? [] : each[side]?.name ?? []));
  const [own, present] = [names, summary.layers.map(({ name }) => name)].map(countBlocks);
  return new Map(names.flatMap((name) => {
    const block = blocksAround(name).find((each) => own.get(each) === present.get(each));
    return block === undefined ? [] : [[name, block] as const];
  }));
}

/** `stage2`, `stage2.1` of `stage2.1.conv1`. */
function blocksAround(name: string): string[] {
  const parts = name.split('.');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('.'));
}

function countBlocks(names: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const block of names.flatMap(blocksAround)) counts.set(block, (counts.get(block) ?? 0) + 1);
  return counts;
}

/** `+  stage2.3 (7)  7 layers  +73,984  +19 M  59`, the field being that of the last layer. */
function describeBlock(layers: readonly Aligned[], nameWidth: number): string[] {
  const total = (value: (each: ReturnType<typeof changeOf>) => number): number => layers.reduce((sum, each) => sum + value(changeOf(each)), 0);
  const [first, last] = [layers[0], layers.at(-1)!].map(({ before, after }) => (after ?? before)!);
  const [one, other] = [first.name.split('.'), last.name.split('.')];
  const shared = one.slice(0, one.findIndex((part, index) => part !== other[index] || index === one.length - 1)).join('.');
  return [
    marks[layers[0].change].sign, breakAtDots(shared, nameWidth), `${layers.length} layers`, signed(total((each) => each.parameters), describeCount),
    signed(total((each) => each.multiplyAdds), describeMagnitude), describePair(last.receptiveField.size, String),
  ];
}

function describePair([height, width]: readonly [number, number], describe: (value: number) => string): string {
  return height === width ? describe(height) : `${describe(height)}×${describe(width)}`;
}

/** `+1,200`, `-3`, nothing for no change. */
function signed(value: number, describe: (value: number) => string): string {
  return value === 0 ? '' : `${value > 0 ? '+' : '-'}${describe(Math.abs(value))}`;
}

function describeValue(name: string, value: number | undefined): string {
  if (value === undefined) return '-';
  if (name.endsWith('accuracy')) return describePercent(value);
  if (name.endsWith('loss')) return describeLoss(value);
  if (name === 'seconds') return describeDuration(value);
  return name.endsWith('bytes') ? describeBytes(value) : describeCount(value);
}

/** Of accuracies in points, of other figures as a share of what was before. */
function describeChange({ name, before, after }: Figure): string {
  if (before === undefined || after === undefined || before === after) return '';
  if (name.endsWith('accuracy')) return `${signed((after - before) * 100, (value) => value.toFixed(2))} points`;
  return before === 0 ? '' : signed((after - before) / before, (value) => `${(value * 100).toFixed(1)} %`);
}

function describeSame({ layers, settings }: Difference, all: boolean): string {
  const same = layers.filter(({ change }) => change === 'same').length;
  if (same === layers.length && settings.length === 0) return '\nno difference in settings or layers\n';
  return all || same === 0 ? '' : `\n${same} layer${same === 1 ? ' is' : 's are'} the same (--all shows them)\n`;
}
