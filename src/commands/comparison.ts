/** Runs side by side, as data: figures with a name, a title and a text, and the settings in which the runs differ. */
import { describeCount, describeDuration, describeLoss, describePercent } from '../common/describe.ts';
import { UserError } from '../common/problem.ts';
import { nearestName } from '../config/words.ts';
import { differences } from '../runs/differences.ts';
import type { Run } from '../runs/runs.ts';

type Value = string | number | undefined;

export interface Figure {
  /** In --json, --csv and --sort-by. */
  key: string;
  title: string;
  value(run: Run): Value;
  /** For people; the value itself where absent. */
  describe?(value: number): string;
  /** What sorting begins with: the best. */
  first: 'smallest' | 'largest';
  /** Columns of higher rank are hidden first where the terminal is too narrow; 0: never. */
  rank: number;
}

/** Names follow summary.json. */
export const figures: readonly Figure[] = [
  { key: 'run', title: 'run', value: (run) => run.id, first: 'smallest', rank: 0 },
  { key: 'status', title: 'status', value: (run) => run.status, first: 'smallest', rank: 0 },
  { key: 'dataset', title: 'dataset', value: (run) => run.record?.data.actual, first: 'smallest', rank: 2 },
  { key: 'epochs', title: 'epochs', value: (run) => run.summary?.epoch, first: 'largest', rank: 3 },
  { key: 'best/test/accuracy', title: 'best', value: (run) => run.summary?.best?.['test/accuracy'], describe: describePercent, first: 'largest', rank: 0 },
  { key: 'test/accuracy', title: 'final', value: (run) => run.summary?.last?.['test/accuracy'], describe: describePercent, first: 'largest', rank: 0 },
  { key: 'test/loss', title: 'loss', value: (run) => run.summary?.last?.['test/loss'], describe: describeLoss, first: 'smallest', rank: 4 },
  { key: 'parameters', title: 'parameters', value: (run) => run.summary?.parameters, describe: describeCount, first: 'smallest', rank: 5 },
  { key: 'seconds', title: 'time', value: (run) => run.summary?.seconds, describe: describeDuration, first: 'smallest', rank: 6 },
  { key: 'images_per_second', title: 'images/s', value: (run) => run.summary?.images_per_second, describe: describeCount, first: 'largest', rank: 7 },
];

export interface Comparison {
  runs: readonly Run[];
  /** By path; values in the order of `runs`. */
  settings: readonly { path: string; values: readonly (string | undefined)[] }[];
}

export function compareRuns(runs: readonly Run[]): Comparison {
  const known = runs.filter((run) => run.record !== undefined);
  const found = differences(known.map((run) => run.record!.experiment));
  const position = new Map(known.map((run, index) => [run, index]));
  const settings = found.map(({ path, values }) => ({ path, values: runs.map((run) => (position.has(run) ? values[position.get(run)!] : undefined)) }));
  return { runs, settings };
}

/** By a figure's key or title, or by a setting's path; runs without a value come last. Throws UserError for other names. */
export function sortComparison(comparison: Comparison, by: string, order: 'asc' | 'desc' | undefined): Comparison {
  const { values, first } = sortKey(comparison, by);
  const ascending = order === undefined ? first === 'smallest' : order === 'asc';
  const indices = comparison.runs.map((_, index) => index).sort((a, b) => compareValues(values[a], values[b], ascending) || a - b);
  return {
    runs: indices.map((index) => comparison.runs[index]),
    settings: comparison.settings.map(({ path, values: each }) => ({ path, values: indices.map((index) => each[index]) })),
  };
}

function sortKey({ runs, settings }: Comparison, by: string): { values: readonly Value[]; first: Figure['first'] } {
  const figure = figures.find((each) => each.key === by || each.title === by || aliases[by] === each.key);
  if (figure) return { values: runs.map((run) => figure.value(run)), first: figure.first };
  const setting = settings.find(({ path }) => path === by);
  if (setting) return { values: setting.values, first: 'smallest' };
  const names = [...figures.map((each) => each.title), ...settings.map(({ path }) => path)];
  const near = nearestName(by, names);
  throw new UserError({ code: 'unknown-column', message: `there is no column "${by}" to sort by`, fix: near ? `did you mean ${near}?` : `there are: ${names.join(', ')}` });
}

/** What people also write. */
const aliases: Readonly<Record<string, string>> = {
  accuracy: 'test/accuracy', 'test/acc': 'test/accuracy', test_accuracy: 'test/accuracy', best_accuracy: 'best/test/accuracy', speed: 'images_per_second',
};

function compareValues(a: Value, b: Value, ascending: boolean): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  const [x, y] = [Number(a), Number(b)];
  const order = Number.isNaN(x) || Number.isNaN(y) ? compareText(String(a), String(b)) : x - y;
  return ascending ? order : -order;
}

/** Numbers within names by size: `run-9` before `run-10`. */
const collator = new Intl.Collator('en', { numeric: true });

function compareText(a: string, b: string): number {
  return collator.compare(a, b);
}

/** What must not be overlooked when reading the figures. */
export function cautions(comparison: Comparison): string[] {
  const { runs } = comparison;
  const usual = usualDataset(comparison);
  const others = new Set(runs.map(datasetOf).filter((name) => name !== undefined && name !== usual));
  const substituted = runs.filter((run) => run.record?.data.substitution !== undefined);
  const onTest = runs.some((run) => run.summary?.best_chosen_on === 'test');
  return [
    ...(others.size > 0 ? [`* another dataset than ${usual} (${[...others].join(', ')}): accuracies cannot be compared`] : []),
    ...(substituted.length > 0 ? [`! not the configured data: ${describeSome(substituted.map((run) => run.id))} trained on ${[...new Set(substituted.map(datasetOf))].join(', ')} in its place`] : []),
    ...(onTest ? ['best: the best epoch, chosen on the test images, so a little too good; final: after the last epoch'] : []),
  ];
}

function datasetOf(run: Run): string | undefined {
  return run.record?.data.actual;
}

/** What most runs were trained on; of several the first. */
function usualDataset({ runs }: Comparison): string | undefined {
  const names = runs.map(datasetOf).filter((name) => name !== undefined);
  const count = (name: string): number => names.filter((each) => each === name).length;
  return [...new Set(names)].reduce<string | undefined>((usual, name) => (usual !== undefined && count(usual) >= count(name) ? usual : name), undefined);
}

function describeSome(names: readonly string[]): string {
  return names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');
}

/** `mnist`, marked where it is another one than most runs' (`*`) and where it is not what was configured (`!`). */
export function describeDatasets(comparison: Comparison): (string | undefined)[] {
  const usual = usualDataset(comparison);
  return comparison.runs.map((run) => {
    const name = datasetOf(run);
    const marks = `${name === usual ? '' : '*'}${run.record?.data.substitution === undefined ? '' : '!'}`;
    return name && marks ? `${name} ${marks}` : name;
  });
}

/** Finished epochs, and the planned ones where they are not the same. */
export function describeEpochs({ summary }: Run): string | undefined {
  if (!summary) return undefined;
  return summary.epoch === summary.epochs ? `${summary.epoch}` : `${summary.epoch}/${summary.epochs}`;
}
