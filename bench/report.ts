/** A comparison as text of at most 100 columns, and as plain data for `--json`. */
import { describeNumberOf } from '../src/common/describe.ts';
import type { Comparison, Standing } from './comparison.ts';
import { standings } from './comparison.ts';
import { passes, totalMilliseconds } from './layers.ts';
import type { LayerTime } from './layers.ts';
import { spread } from './summary.ts';
import type { Spread } from './summary.ts';
import { gigaflops } from './work.ts';

export function describeComparison(comparison: Comparison, machine: string, rounds: number): string {
  const { task, work, steps, results, leftOut } = comparison;
  const table = standings(comparison);
  const calibrations = results.flatMap((each) => each.rounds.map((round) => round.calibration));
  const { best, median, worst } = spread(calibrations);
  return [
    `${task.name}, ${work}, batch ${task.batch}: ${rounds} interleaved rounds of ${steps} steps`,
    machine,
    `calibration, one core: best ${whole(best)}, median ${whole(median)}, worst ${whole(worst)} million steps/s`,
    '',
    ...columns(headOf(table), table.map((each) => rowOf(each, table))),
    '',
    ...(table.some((each) => each.ratioToRival) ? ['× rival: to the fastest of PyTorch and TensorFlow in the same round, median'] : []),
    'GFLOP/s: as the layers are defined, whatever the method; MiB: highest resident memory',
    'loss: mean of the warm-up round → of the last one',
    '',
    ...table.flatMap(sentences),
    '',
    ...new Set(table.map(({ name, version, about }) => `${name}: ${name.includes(version) ? '' : `${version}, `}${about}`)),
    ...leftOutLines(leftOut),
  ].join('\n');
}

/** Those that lack the same thing together. */
function leftOutLines(leftOut: Comparison['leftOut']): string[] {
  const names = new Map<string, Set<string>>();
  for (const { name, reason, install } of leftOut) {
    const why = `${reason}\n  ${install}`;
    names.set(why, (names.get(why) ?? new Set()).add(name));
  }
  return [...names].map(([why, who]) => `left out: ${[...who].join(', ')}: ${why}`);
}

/** Times of layers and passes, milliseconds a batch; what takes next to nothing in one line. */
export function describeLayers({ task, work, layers = [] }: Comparison): string {
  const total = layers.reduce((sum, layer) => sum + totalMilliseconds(layer), 0);
  const shown = layers.filter((layer) => totalMilliseconds(layer) >= total / 200);
  const rest = layers.filter((layer) => !shown.includes(layer));
  const line = (layer: LayerTime): string[] => {
    const milliseconds = totalMilliseconds(layer);
    return [
      shorten(layer.name, 30), layer.method, ...passes.map((pass) => (layer.milliseconds[pass] > 0 ? layer.milliseconds[pass].toFixed(2) : '')),
      `${((100 * milliseconds) / total).toFixed(1)} %`, layer.executed > 0 ? whole(gigaflops(layer.executed, task.batch / (milliseconds / 1000))) : '',
    ];
  };
  return [
    `${task.name}, ${work}: milliseconds a batch, every kernel call timed: ${total.toFixed(1)} ms in all; GFLOP/s executed`,
    ...columns(['', 'method', 'forward', 'data', 'weights', 'share', 'GFLOP/s'], [
      ...shown.map(line), ...(rest.length > 0 ? [line(rest.reduce(together, { name: `${rest.length} others`, method: '', milliseconds: { forward: 0, data: 0, weights: 0 }, executed: 0 }))] : []),
    ], 2),
  ].join('\n');
}

export function comparisonAsJson(comparison: Comparison): unknown {
  const { task: { name, batch, multiplyAdds }, work, steps, leftOut, layers } = comparison;
  return { network: name, work, batch, steps, multiplyAdds: multiplyAdds[work], contenders: standings(comparison), leftOut, layers };
}

function headOf(table: readonly Standing[]): string[] {
  const ratio = table.some((each) => each.ratioToRival) ? ['× rival'] : [];
  return ['', ...(severalThreads(table) ? ['threads'] : []), 'images/s best', 'median', 'worst', ...ratio, 'GFLOP/s', 'MiB', 'loss'];
}

function rowOf({ name, threads, imagesPerSecond: { best, median, worst }, ratioToRival, gigaflops: { direct }, peakMebibytes, loss }: Standing, table: readonly Standing[]): string[] {
  const ratio = table.some((each) => each.ratioToRival) ? [ratioToRival?.median.toFixed(2) ?? ''] : [];
  return [
    name, ...(severalThreads(table) ? [String(threads)] : []), speed(best), speed(median), speed(worst), ...ratio,
    direct.toFixed(direct < 10 ? 1 : 0), peakMebibytes === undefined ? '' : String(peakMebibytes), `${loss.first === undefined ? '' : `${describeLoss(loss.first)} → `}${describeLoss(loss.last)}`,
  ];
}

function sentences({ name, threads, ratioToRival, ratioToItself, gigaflops: { executed, peak, shareOfPeak } }: Standing): string[] {
  if (executed === undefined || peak === undefined || shareOfPeak === undefined) return [];
  const times = ({ median, worst, best }: Spread): string => `${median.toFixed(2)} × (${worst.toFixed(2)} to ${best.toFixed(2)})`;
  return [
    `${name}, ${describeNumberOf(threads, 'thread')}, each within a round:`,
    ...(ratioToRival ? [`  ${times(ratioToRival)} the fastest of PyTorch and TensorFlow`] : []),
    ...(ratioToItself ? [`  ${times(ratioToItself)} itself on ${describeNumberOf(ratioToItself.threads, 'thread')}`] : []),
    `  executes ${whole(executed)} of the ${whole(peak)} GFLOP/s of its register tile alone (${(100 * shareOfPeak).toFixed(0)} %)`,
  ];
}

function severalThreads(table: readonly Standing[]): boolean {
  return new Set(table.map((each) => each.threads)).size > 1;
}

function together(a: LayerTime, b: LayerTime): LayerTime {
  return {
    ...a, executed: a.executed + b.executed,
    milliseconds: { forward: a.milliseconds.forward + b.milliseconds.forward, data: a.milliseconds.data + b.milliseconds.data, weights: a.milliseconds.weights + b.milliseconds.weights },
  };
}

/** Lines of a table: the first `left` columns start at the left, numbers end at the right. */
function columns(head: readonly string[], rows: readonly (readonly string[])[], left = 1): string[] {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
  const line = (cells: readonly string[]): string => cells.map((cell, i) => (i < left ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ').trimEnd();
  return [line(head), ...rows.map(line)];
}

/** The end of a long name tells more than its beginning. */
function shorten(name: string, length: number): string {
  return name.length <= length ? name : `…${name.slice(name.length - length + 1)}`;
}

/** As many digits as contenders that compute the same thing agree in. */
function describeLoss(loss: number): string {
  if (loss >= 1) return loss.toPrecision(4);
  return loss < 1e-3 ? loss.toExponential(1) : loss.toFixed(4);
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}

function speed(value: number): string {
  return value < 10 ? value.toFixed(2) : whole(value);
}
