/** `exp compare RUNS...`: figures of runs side by side, with the settings in which they differ, and only those. */
import { Option } from 'commander';
import { UserError } from '../common/problem.ts';
import { listRuns } from '../runs/runs.ts';
import { selectRuns } from '../runs/select.ts';
import type { Command, Context } from './command.ts';
import { describeAsJson, describeComparison, describeCsv, describeMarkdown } from './comparison-formats.ts';
import { compareRuns, figures, sortComparison } from './comparison.ts';
import { runsDirectory } from './options.ts';

interface CompareOptions {
  sortBy?: string;
  sortOrder?: 'asc' | 'desc';
  out?: string;
  all?: boolean;
  json?: boolean;
  csv?: boolean;
  md?: boolean;
}

export const command: Command = {
  configure(verb, context) {
    verb
      .argument('[runs...]', 'paths, patterns, names, numbers from exp ls, latest, best (default: all runs)')
      .option('--sort-by <column>', `${figures.map(({ title }) => title).join(', ')}, or a setting such as train.epochs (default: as given)`)
      .addOption(new Option('--sort-order <order>', 'default: the best first').choices(['asc', 'desc']))
      .option('-o, --out <directory>', 'where the runs are (default: runs)')
      .option('--all', 'show every column and whole values, however wide')
      .addOption(new Option('--json', 'print as JSON').conflicts(['csv', 'md']))
      .addOption(new Option('--csv', 'print as CSV').conflicts(['json', 'md']))
      .addOption(new Option('--md', 'print as a Markdown table').conflicts(['json', 'csv']))
      .addHelpText('after', '\nExamples:\n  exp compare runs/*\n  exp compare deepconvnet-001 latest --sort-by best\n  exp compare runs/* --md > results.md')
      .action((words: string[], options: CompareOptions) => compare(words, options, context));
  },
};

function compare(words: readonly string[], options: CompareOptions, context: Context): void {
  const root = runsDirectory(options);
  const runs = words.length > 0 ? selectRuns(words, root) : listRuns(root);
  if (runs.length === 0) throw new UserError({ code: 'no-run', message: `${root} holds no runs`, fix: 'exp run configs/quickstart.yaml makes one' });
  const compared = compareRuns(runs);
  const comparison = options.sortBy === undefined ? compared : sortComparison(compared, options.sortBy, options.sortOrder);
  if (options.json) context.stdout.write(describeAsJson(comparison));
  else if (options.csv) context.stdout.write(describeCsv(comparison));
  else if (options.md) context.stdout.write(describeMarkdown(comparison));
  else context.stdout.write(describeComparison(comparison, context.stdout, options.all === true));
}
