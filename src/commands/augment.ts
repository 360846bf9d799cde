/** `exp augment FILE`: a picture of what the augmentation makes of training images, epoch by epoch. */
import { InvalidArgumentError } from 'commander';
import { prepareData } from '../api/prepare.ts';
import { encodePng, loadSharp } from '../common/image-codec.ts';
import { writeDurably } from '../common/durable.ts';
import { toJson } from '../common/json.ts';
import { UserError } from '../common/problem.ts';
import { describeShape } from '../common/shape.ts';
import { loadExperiment } from '../config/index.ts';
import type { Experiment } from '../config/experiment.ts';
import { augmentedImages, createSheet } from '../data/index.ts';
import type { LoadedDataset } from '../datasets/dataset.ts';
import { datasetFacts, dataLocations, withFirstImages } from '../datasets/index.ts';
import { collect } from './command.ts';
import type { Command, Context } from './command.ts';
import { describeSubstitution } from './lines.ts';
import { count } from './options.ts';
import { Reporter } from './reporter.ts';

interface AugmentOptions {
  set: string[];
  sample?: readonly number[];
  epoch: number;
  epochs: number;
  out?: string;
  quiet?: boolean;
  json?: boolean;
}

const shownSamples = 8;
/** Beyond this a sheet is a poster. */
const most = 64;

export const command: Command = {
  configure(verb, context) {
    verb
      .argument('<file>', 'the experiment, a YAML file')
      .argument('[overrides...]', 'seed=2 changes a value, +a.b=v adds one, ~a.b removes one')
      .option('-s, --set <path=value>', 'the same as an override; may be repeated', collect, [])
      .option('--sample <numbers>', `which training images, from 0: 7, or 0-3, or 1,5,9 (default: 0-${shownSamples - 1})`, samples)
      .option('--epoch <number>', 'the first epoch to show', count(1, 1_000_000), 1)
      .option('--epochs <number>', 'how many epochs to show', count(1, most), 8)
      .option('-o, --out <file>', 'the PNG file to write (default: NAME-augmentation.png)')
      .option('-q, --quiet', 'say nothing but warnings and errors')
      .option('--json', 'print what is shown where as JSON')
      .addHelpText('after', '\nOne row for each image: the original, then what it is in each epoch, as training sees it.')
      .action((file: string, overrides: string[], options: AugmentOptions) => augment(file, overrides, options, context));
  },
};

async function augment(file: string, overrides: readonly string[], options: AugmentOptions, context: Context): Promise<void> {
  const reporter = new Reporter(context.stderr, options.quiet === true || options.json === true);
  const { experiment } = loadExperiment({ file, overrides: [...overrides, ...options.set], environment: context.environment });
  const dataset = await loadSamples(experiment, options, reporter, context);
  if (dataset.substitution !== undefined) reporter.warn(describeSubstitution(dataset.substitution, context.stderr));
  if (experiment.augmentation.length === 0) reporter.warn(`${file} has no augmentation: every epoch shows the original`);
  const { shape, train } = dataset;
  if (shape.channels !== 1 && shape.channels !== 3) throw new UserError({ code: 'no-picture', message: `images of ${describeShape(shape)} cannot be shown: a picture has 1 or 3 channels` });
  const shown = options.sample ?? Array.from({ length: Math.min(shownSamples, train.count) }, (_, index) => index);
  const epochs = Array.from({ length: options.epochs }, (_, index) => options.epoch - 1 + index);
  const rows = augmentedImages({ dataset, augmentation: experiment.augmentation, seed: experiment.seed, samples: shown, epochs });
  const out = options.out ?? `${experiment.name}-augmentation.png`;
  writeDurably(out, await encodePng(await loadSharp(), createSheet(rows, shape)));
  context.stdout.write(options.json ? describeAsJson({ out, shown, epochs, dataset, experiment }) : describeAsText({ out, shown, epochs, dataset, experiment }));
}

/** No more images than are shown: datasets give the same first images however many follow. */
async function loadSamples({ dataset: entry, ...experiment }: Experiment, { sample }: AugmentOptions, reporter: Reporter, context: Context): Promise<LoadedDataset> {
  const { trainCount } = datasetFacts(entry, dataLocations(context.environment));
  const needed = sample === undefined ? Math.min(shownSamples, trainCount ?? shownSamples) : Math.max(...sample) + 1;
  if (trainCount !== undefined && needed > trainCount) {
    throw new UserError({ code: 'no-such-sample', message: `there is no training image ${needed - 1}`, fix: `they are numbered from 0 to ${trainCount - 1}` });
  }
  return prepareData({ ...experiment, dataset: withFirstImages(entry, needed) }, { environment: context.environment, report: reporter.say });
}

interface Shown {
  out: string;
  shown: readonly number[];
  epochs: readonly number[];
  dataset: LoadedDataset;
  experiment: Experiment;
}

function describeAsText({ out, shown, epochs, dataset, experiment }: Shown): string {
  const what = experiment.augmentation.map(({ type }) => type).join(', ') || 'nothing';
  const rows = shown.map((sample) => `${sample} (${classOf(dataset, sample)})`).join(', ');
  return `${out}\nfrom above: training images ${rows}\nfrom the left: the original, then epochs ${epochs[0] + 1} to ${epochs[epochs.length - 1] + 1} after ${what}\n`;
}

function describeAsJson({ out, shown, epochs, dataset, experiment }: Shown): string {
  return `${toJson({
    file: out, dataset: dataset.actual, seed: experiment.seed, augmentation: experiment.augmentation,
    samples: shown.map((sample) => ({ sample, label: dataset.train.labels[sample], class: classOf(dataset, sample) })), epochs: epochs.map((epoch) => epoch + 1),
  }, 2)}\n`;
}

const classOf = ({ classNames, train }: LoadedDataset, sample: number): string => classNames[train.labels[sample]];

/** `7`, `0-3`, `1,5,9` and their mixtures. */
function samples(text: string): number[] {
  const numbers = text.split(',').flatMap((part) => {
    const [, first, last = first] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(part.trim()) ?? [];
    if (first === undefined || Number(last) < Number(first) || Number(last) - Number(first) >= most) throw new InvalidArgumentError('It must be a number from 0, a range as 0-3, or a list of such.');
    return Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => Number(first) + index);
  });
  if (numbers.length > most) throw new InvalidArgumentError(`At most ${most} images are shown.`);
  return numbers;
}
