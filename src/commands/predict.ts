/** `exp predict RUN IMAGE...`: what a run's network takes pictures for. Grey digits are made to look like MNIST's. */
import { defaultThreads } from '../api/prepare.ts';
import { openRun } from '../api/run-model.ts';
import type { RunModel, WeightsName } from '../api/run-model.ts';
import { classifyPixels } from '../api/classify.ts';
import type { Ranked } from '../api/classify.ts';
import { describePercent } from '../common/describe.ts';
import { toJson } from '../common/json.ts';
import { UserError } from '../common/problem.ts';
import type { Problem } from '../common/problem.ts';
import { fitOf, readImageFile } from '../data/index.ts';
import { selectRun } from '../runs/select.ts';
import type { Command, Context } from './command.ts';
import { checkpointOption } from './eval.ts';
import { count, runsDirectory } from './options.ts';
import { describeTable } from './table.ts';

interface PredictOptions {
  checkpoint: WeightsName;
  top: number;
  threads?: number;
  out?: string;
  json?: boolean;
}

export const command: Command = {
  configure(verb, context) {
    verb
      .argument('<run>', 'a run: its name, the beginning of it, a number from exp ls, latest, best, or a path')
      .argument('<images...>', 'PNG or JPEG files')
      .addOption(checkpointOption())
      .option('--top <number>', 'how many classes to show', count(1, 1000), 3)
      .option('-t, --threads <number>', 'threads that compute (default: 1 suffices)', count(1, 256))
      .option('-o, --out <directory>', 'where the runs are (default: runs)')
      .option('--json', 'print the result as JSON')
      .action((word: string, images: string[], options: PredictOptions) => predict(word, images, options, context));
  },
};

async function predict(word: string, files: readonly string[], options: PredictOptions, context: Context): Promise<void> {
  const run = selectRun(word, runsDirectory(options));
  const threads = Math.min(options.threads ?? 1, defaultThreads());
  const model = await openRun(run, { weights: options.checkpoint, threads });
  try {
    const pixels = await readAll(files, model);
    const ranked = await classifyPixels(model, pixels);
    const shown = ranked.map((classes) => classes.slice(0, options.top));
    context.stdout.write(options.json ? describeAsJson(files, shown) : describeAsText(files, shown, context));
  } finally {
    await model.engine.close();
  }
}

/** All that cannot be read is told at once. */
async function readAll(files: readonly string[], { network, experiment }: RunModel): Promise<Uint8Array[]> {
  const problems: Problem[] = [];
  const images: Uint8Array[] = [];
  for (const file of files) {
    try {
      images.push(await readImageFile(file, network.input, fitOf(experiment.dataset)));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new UserError(problems);
  return images;
}

function describeAsJson(files: readonly string[], ranked: readonly (readonly Ranked[])[]): string {
  return `${toJson(files.map((file, index) => ({ image: file, class: ranked[index][0].name, probability: ranked[index][0].probability, top: ranked[index] })), 2)}\n`;
}

function describeAsText(files: readonly string[], ranked: readonly (readonly Ranked[])[], context: Context): string {
  const columns = [{ title: 'image', breakAt: 20 }, { title: 'class' }, { title: 'probability', right: true }, { title: 'then' }];
  const rows = files.map((file, index) => {
    const [first, ...others] = ranked[index];
    const then = others.map(({ name, probability }) => `${name} ${describePercent(probability)}`).join(', ');
    return [file, first.name, describePercent(first.probability), then || undefined];
  });
  return describeTable(columns, rows, context.stdout);
}
