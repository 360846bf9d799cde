/** `exp diff A B`: two configurations or runs: their settings, their results, and their networks layer by layer. */
import { Option } from 'commander';
import type { Command, Context } from './command.ts';
import { describeDifference, describeDifferenceAsMarkdown } from './difference-formats.ts';
import { compareSubjects, differenceAsData } from './difference.ts';
import { readSubject } from './subject.ts';

interface DiffOptions {
  out?: string;
  all?: boolean;
  json?: boolean;
  md?: boolean;
}

export const command: Command = {
  configure(verb, context) {
    verb
      .argument('<a>', 'an experiment (a YAML file), or a run: its name, latest, best, a path')
      .argument('<b>', 'what it is compared with')
      .option('-o, --out <directory>', 'where the runs are (default: runs)')
      .option('--all', 'show every layer: those that are the same, and those of whole blocks')
      .addOption(new Option('--json', 'print as JSON').conflicts('md'))
      .addOption(new Option('--md', 'print as Markdown').conflicts('json'))
      .addHelpText('after', '\nExamples:\n  exp diff configs/deepconvnet.yaml configs/deepconvnet-vgg.yaml\n  exp diff deepconvnet-001 latest --md')
      .action((a: string, b: string, options: DiffOptions) => diff(a, b, options, context));
  },
};

function diff(a: string, b: string, options: DiffOptions, context: Context): void {
  const difference = compareSubjects(readSubject(a, options, context), readSubject(b, options, context));
  const all = options.all === true;
  if (options.json) context.stdout.write(`${JSON.stringify(differenceAsData(difference), undefined, 2)}\n`);
  else if (options.md) context.stdout.write(describeDifferenceAsMarkdown(difference, all));
  else context.stdout.write(describeDifference(difference, all, context.stdout));
}
