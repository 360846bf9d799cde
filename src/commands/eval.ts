/** `exp eval RUN`: accuracy and loss of a run's weights over all test images. */
import { Option } from 'commander';
import { defaultThreads, prepareData } from '../api/prepare.ts';
import { openRun } from '../api/run-model.ts';
import type { WeightsName } from '../api/run-model.ts';
import { describeCount, describeLoss, describePercent } from '../common/describe.ts';
import { toJson } from '../common/json.ts';
import { imageSource } from '../data/index.ts';
import type { LoadedDataset } from '../datasets/dataset.ts';
import type { Evaluation } from '../engines/engine.ts';
import { selectRun } from '../runs/select.ts';
import type { Command, Context } from './command.ts';
import { describeSubstitution } from './lines.ts';
import { count, runsDirectory } from './options.ts';
import { Reporter } from './reporter.ts';

interface EvalOptions {
  checkpoint: WeightsName;
  threads?: number;
  out?: string;
  json?: boolean;
  quiet?: boolean;
}

export const command: Command = {
  configure(verb, context) {
    verb
      .argument('<run>', 'a run: its name, the beginning of it, a number from exp ls, latest, best, or a path')
      .addOption(checkpointOption())
      .option('-t, --threads <number>', 'threads that compute (default: all processors)', count(1, 256))
      .option('-o, --out <directory>', 'where the runs are (default: runs)')
      .option('-q, --quiet', 'say nothing but the result, warnings and errors')
      .option('--json', 'print the result as JSON')
      .action((word: string, options: EvalOptions) => evaluate(word, options, context));
  },
};

/** Of `eval` and `predict`. */
export function checkpointOption(): Option {
  return new Option('--checkpoint <which>', 'which weights').choices(['best', 'last']).default('last');
}

async function evaluate(word: string, options: EvalOptions, context: Context): Promise<void> {
  const reporter = new Reporter(context.stderr, options.quiet === true || options.json === true);
  const run = selectRun(word, runsDirectory(options));
  const { experiment, engine, epoch, step } = await openRun(run, { weights: options.checkpoint, threads: options.threads ?? defaultThreads() });
  try {
    const dataset = await prepareData({ version: 1, ...experiment }, { environment: context.environment, report: reporter.say });
    if (dataset.substitution !== undefined) reporter.warn(describeSubstitution(dataset.substitution, context.stderr));
    const trainedOn = run.record?.data.actual;
    if (trainedOn !== dataset.actual) reporter.warn(`!! trained on ${trainedOn}, evaluated on ${dataset.actual}: is EXP_DATA_DIR set as it was?`);
    await engine.attach('test', imageSource(dataset.test, dataset, experiment.dataset, { augmentation: [], shuffle: false, seed: experiment.seed }));
    const evaluation = await engine.evaluate('test');
    const facts = { run: run.id, checkpoint: options.checkpoint, epoch, step };
    context.stdout.write(options.json ? describeAsJson(facts, evaluation, dataset) : describeAsText(facts, evaluation, dataset));
  } finally {
    await engine.close();
  }
}

interface Facts {
  run: string;
  checkpoint: WeightsName;
  epoch: number;
  step: number;
}

function describeAsJson(facts: Facts, { images, correct, loss }: Evaluation, dataset: LoadedDataset): string {
  const substitution = dataset.substitution === undefined ? {} : { substitution: dataset.substitution };
  return `${toJson({ ...facts, dataset: dataset.actual, ...substitution, images, correct, 'test/accuracy': correct / images, 'test/loss': loss }, 2)}\n`;
}

function describeAsText({ run, checkpoint, epoch, step }: Facts, { images, correct, loss }: Evaluation, dataset: LoadedDataset): string {
  const figures = `test accuracy ${describePercent(correct / images)} (${describeCount(images - correct)} of ${describeCount(images)} wrong), loss ${describeLoss(loss)}`;
  return `${figures}\n${run}, ${checkpoint} weights (after epoch ${epoch}, ${describeCount(step)} steps), on ${dataset.actual}\n`;
}
