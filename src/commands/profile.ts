/** `exp profile FILE|RUN`: where the time of training goes, layer by layer, and how long all of it would take. */
import { defaultThreads } from '../api/prepare.ts';
import { describeShape } from '../common/shape.ts';
import { depthForRows, foldNetwork } from '../network/folding.ts';
import type { Command, Context } from './command.ts';
import { screenRows } from './folded-table.ts';
import { count } from './options.ts';
import { describeProfile, linesOfName, profileAsData } from './profile-formats.ts';
import { profile, timedLayers } from './profiling.ts';
import { Reporter } from './reporter.ts';
import { addDepth, addSubject, readSubject } from './subject.ts';

interface ProfileOptions {
  set: string[];
  steps?: number;
  threads?: number;
  depth?: number;
  kernels?: boolean;
  json?: boolean;
  quiet?: boolean;
  out?: string;
}

export const command: Command = {
  configure(verb, context) {
    addSubject(verb)
      .option('--steps <number>', 'steps to measure (default: as many as take about two seconds)', count(1, 100_000))
      .option('-t, --threads <number>', 'threads that compute (default: all processors)', count(1, 256));
    addDepth(verb)
      .option('--kernels', 'show single kernel calls as well, the most expensive first')
      .option('--json', 'print every figure as JSON')
      .option('-q, --quiet', 'say nothing but the result, warnings and errors')
      .option('-o, --out <directory>', 'where the runs are (default: runs)')
      .addHelpText('after', '\nImages are noise of the right shape: no data is needed, and nothing is written.\n\nExamples:\n  exp profile configs/deepconvnet.yaml\n  exp profile configs/resnet20-cifar.yaml train.batch_size=32 --depth 2\n  exp profile configs/deepconvnet.yaml --steps 20 --kernels')
      .action((word: string, overrides: string[], options: ProfileOptions) => run(word, [...overrides, ...options.set], options, context));
  },
};

async function run(word: string, overrides: readonly string[], options: ProfileOptions, context: Context): Promise<void> {
  const reporter = new Reporter(context.stderr, options.quiet === true || options.json === true);
  const subject = readSubject(word, { overrides, out: options.out }, context);
  reporter.say(`training ${subject.label} on noise of ${describeShape(subject.network.input)}`);
  const found = await profile(subject, { threads: options.threads ?? defaultThreads(), steps: options.steps, report: reporter.say });
  if (options.json) {
    context.stdout.write(`${JSON.stringify(profileAsData(subject, found, options.kernels === true), undefined, 2)}\n`);
    return;
  }
  const timed = timedLayers(subject.summary, found);
  const folds = foldNetwork(timed, options.depth ?? depthForRows(timed, screenRows, (fold) => linesOfName(fold, context.stdout)));
  context.stdout.write(describeProfile(subject, found, { folds, kernels: options.kernels === true }, context.stdout));
}
