/** `exp data FILE`: what a configuration trains on, after reading it: where it lies, how many images of each class, means, deviations, hashes. */
import { prepareData } from '../api/prepare.ts';
import { describeCount } from '../common/describe.ts';
import { toJson } from '../common/json.ts';
import { describeShape } from '../common/shape.ts';
import { loadExperiment } from '../config/index.ts';
import type { LoadedDataset, Split } from '../datasets/dataset.ts';
import { channelStatistics, countClasses, countRepeated } from '../datasets/statistics.ts';
import { collect } from './command.ts';
import type { Command, Context } from './command.ts';
import { describeSubstitution } from './lines.ts';
import { Reporter } from './reporter.ts';
import { describeTable } from './table.ts';

interface DataOptions {
  set: string[];
  quiet?: boolean;
  json?: boolean;
}

export const command: Command = {
  configure(verb, context) {
    verb
      .argument('<file>', 'the experiment, a YAML file')
      .argument('[overrides...]', 'dataset=cifar10 changes a value, +a.b=v adds one, ~a.b removes one')
      .option('-s, --set <path=value>', 'the same as an override; may be repeated', collect, [])
      .option('-q, --quiet', 'say nothing but the result, warnings and errors')
      .option('--json', 'print the result as JSON')
      .action((file: string, overrides: string[], options: DataOptions) => data(file, overrides, options, context));
  },
};

async function data(file: string, overrides: readonly string[], options: DataOptions, context: Context): Promise<void> {
  const reporter = new Reporter(context.stderr, options.quiet === true || options.json === true);
  const { experiment } = loadExperiment({ file, overrides: [...overrides, ...options.set], environment: context.environment });
  const dataset = await prepareData(experiment, { environment: context.environment, report: reporter.say });
  if (dataset.substitution !== undefined) reporter.warn(describeSubstitution(dataset.substitution, context.stderr));
  const findings = examine(dataset);
  context.stdout.write(options.json ? describeAsJson(dataset, findings) : describeAsText(dataset, findings, context));
}

interface Findings {
  splits: readonly { name: string; split: Split; classes: readonly number[] }[];
  /** Of the training images. */
  mean: readonly number[];
  std: readonly number[];
  /** Test images that are training images as well. */
  repeated: number;
}

function examine(dataset: LoadedDataset): Findings {
  const { shape, train, validation, test, classes } = dataset;
  const splits = [{ name: 'train', split: train }, ...(validation ? [{ name: 'validation', split: validation }] : []), { name: 'test', split: test }];
  return {
    splits: splits.map((each) => ({ ...each, classes: countClasses(each.split, classes) })),
    ...channelStatistics(train, shape),
    repeated: countRepeated(train, test, shape),
  };
}

function describeAsText(dataset: LoadedDataset, { splits, mean, std, repeated }: Findings, context: Context): string {
  const columns = [{ title: 'class', breakAt: 12 }, ...splits.map(({ name }) => ({ title: name, right: true }))];
  const rows = dataset.classNames.map((name, label) => [name, ...splits.map(({ classes }) => describeCount(classes[label]))]);
  const totals = splits.map(({ split }) => describeCount(split.count));
  const facts: [string, string][] = [
    ['dataset', `${dataset.actual}, images of ${describeShape(dataset.shape)}`],
    ...(dataset.found === undefined ? [] : [['found', dataset.found] as [string, string]]),
    ['training images', `normalize: { mean: ${numbers(mean)}, std: ${numbers(std)} }`],
    ...(repeated > 0 ? [['repeated', `${describeCount(repeated)} of the test images are training images too, pixel by pixel`] as [string, string]] : []),
    ...Object.entries(dataset.hashes).map(([name, hash]): [string, string] => [`SHA-256 ${name}`, hash]),
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  const lines = facts.map(([name, text]) => `${context.stdout.style('dim', name.padEnd(width))}  ${text}`);
  return `${lines.join('\n')}\n\n${describeTable(columns, [...rows, ['all', ...totals]], context.stdout)}`;
}

/** As a configuration takes them: four digits, without brackets where there is one channel. */
function numbers(values: readonly number[]): string {
  const rounded = values.map((value) => value.toFixed(4));
  return rounded.length === 1 ? rounded[0] : `[${rounded.join(', ')}]`;
}

function describeAsJson(dataset: LoadedDataset, { splits, mean, std, repeated }: Findings): string {
  const { actual, found, shape, hashes, substitution, classNames } = dataset;
  return `${toJson({
    dataset: actual, found, ...(substitution === undefined ? {} : { substitution }),
    shape: [shape.channels, shape.height, shape.width],
    classes: classNames.map((name, label) => ({ name, ...Object.fromEntries(splits.map((each) => [each.name, each.classes[label]])) })),
    images: Object.fromEntries(splits.map(({ name, split }) => [name, split.count])),
    mean, std, repeated, hashes,
  }, 2)}\n`;
}
