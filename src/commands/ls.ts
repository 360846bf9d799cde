/** `exp ls`: the runs there are, oldest first, with the numbers by which they can be named. */
import { describeDuration, describePercent } from '../common/describe.ts';
import { toJson } from '../common/json.ts';
import type { Terminal } from '../common/terminal.ts';
import { listRuns } from '../runs/runs.ts';
import type { Run } from '../runs/runs.ts';
import type { Command, Context } from './command.ts';
import { runsDirectory } from './options.ts';
import { statusCell } from './status.ts';
import { describeTable } from './table.ts';
import type { Cell } from './table.ts';

interface ListOptions {
  out?: string;
  json?: boolean;
}

export const command: Command = {
  configure(verb, context) {
    verb
      .argument('[directory]', 'where the runs are (default: runs)')
      .option('-o, --out <directory>', 'the same')
      .option('--json', 'print the list as JSON')
      .action((directory: string | undefined, options: ListOptions) => list(runsDirectory({ out: directory ?? options.out }), options, context));
  },
};

function list(root: string, options: ListOptions, context: Context): void {
  const runs = listRuns(root);
  if (options.json) context.stdout.write(`${toJson(runs.map(describeAsJson), 2)}\n`);
  else if (runs.length === 0) context.stderr.write(`no runs in ${root}; exp run configs/quickstart.yaml makes one\n`);
  else context.stdout.write(describeTable(columns, runs.map((run, index) => cells(run, index, context.stdout)), context.stdout));
}

const columns = [
  { title: '#', right: true }, { title: 'run' }, { title: 'status' }, { title: 'started' }, { title: 'epoch', right: true },
  { title: 'test acc', right: true }, { title: 'best', right: true }, { title: 'time', right: true }, { title: 'dataset' },
];

function cells(run: Run, index: number, terminal: Terminal): Cell[] {
  const { record, summary } = run;
  return [
    String(index + 1),
    run.id,
    statusCell(run.status, terminal),
    describeStart(record?.started),
    summary ? `${summary.epoch}/${summary.epochs}` : undefined,
    percent(summary?.last?.['test/accuracy']),
    percent(summary?.best?.['test/accuracy']),
    summary && describeDuration(summary.seconds),
    record && `${record.data.actual}${record.data.substitution === undefined ? '' : ' (!)'}`,
  ];
}

function percent(fraction: number | undefined): string | undefined {
  return fraction === undefined ? undefined : describePercent(fraction);
}

/** Local time, to the minute. */
function describeStart(started: string | undefined): string | undefined {
  if (started === undefined) return undefined;
  const time = new Date(started);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${two(time.getHours())}:${two(time.getMinutes())}`;
}

function describeAsJson({ id, path, status, record, summary }: Run, index: number): unknown {
  return { number: index + 1, run: id, path, status, started: record?.started, seed: record?.seed, ...summary };
}
