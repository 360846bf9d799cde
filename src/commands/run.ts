/** `exp run FILE`: trains what a configuration describes and keeps the record. */
import { basename, join } from 'node:path';
import type { Command as Commander } from 'commander';
import { defaultThreads, prepareData, prepareEngine, trainingPlan } from '../api/prepare.ts';
import { writeDurably } from '../common/durable.ts';
import { gitState } from '../common/git.ts';
import { packageVersion } from '../common/package.ts';
import { UserError } from '../common/problem.ts';
import type { Experiment } from '../config/experiment.ts';
import type { LoadedExperiment, LoadRequest } from '../config/index.ts';
import type { LoadedDataset } from '../datasets/dataset.ts';
import { datasetFacts } from '../datasets/index.ts';
import type { Engine } from '../engines/engine.ts';
import { initialWeights } from '../network/index.ts';
import { multiplyAdds, parameterCount } from '../network/network.ts';
import type { Network } from '../network/network.ts';
import { createRunDirectory, runFile } from '../runs/directory.ts';
import { configHash, hostFacts, plainExperiment } from '../runs/record.ts';
import type { RunRecord } from '../runs/record.ts';
import { checkFile } from './checked.ts';
import { collect } from './command.ts';
import type { Command, Context } from './command.ts';
import { conduct } from './conduct.ts';
import { describeData, describeEngine, describeNetwork, describePlace, describePlannedMemory, describeSubstitution, describeWork } from './lines.ts';
import { count, runsDirectory } from './options.ts';
import { planMemory } from './planned-memory.ts';
import { Reporter } from './reporter.ts';

interface RunOptions {
  set: string[];
  name?: string;
  seed?: number;
  epochs?: number;
  batchSize?: number;
  threads?: number;
  out?: string;
  dryRun?: boolean;
  quiet?: boolean;
  verbose?: boolean;
  json?: boolean;
}

export const command: Command = {
  configure(verb, context) {
    addOptions(verb).action((file: string, overrides: string[], options: RunOptions) => run(file, overrides, options, context));
  },
};

function addOptions(verb: Commander): Commander {
  return verb
    .argument('<file>', 'the experiment, a YAML file')
    .argument('[overrides...]', 'train.epochs=2 changes a value, +a.b=v adds one, ~a.b removes one')
    .option('-s, --set <path=value>', 'the same as an override; may be repeated', collect, [])
    .option('-n, --name <name>', 'the same as name=NAME: runs/NAME-001, ...')
    .option('--seed <number>', 'the same as seed=NUMBER', count(0))
    .option('--epochs <number>', 'the same as train.epochs=NUMBER', count(1))
    .option('-b, --batch-size <number>', 'the same as train.batch_size=NUMBER', count(1))
    .option('-t, --threads <number>', 'threads that compute (default: all processors; results do not depend on it)', count(1, 256))
    .option('-o, --out <directory>', 'where the run directory is made (default: runs)')
    .option('--dry-run', 'check everything and show what would be trained; writes nothing')
    .option('-q, --quiet', 'say nothing but warnings and errors')
    .option('-v, --verbose', 'say more about the engine and the data')
    .option('--json', 'print the summary as JSON when done')
    .addHelpText('after', '\nExamples:\n  exp run configs/quickstart.yaml\n  exp run configs/deepconvnet.yaml train.epochs=2 model.layers.conv4.padding=1 --name narrow');
}

async function run(file: string, overrides: readonly string[], options: RunOptions, context: Context): Promise<void> {
  const reporter = new Reporter(context.stderr, options.quiet === true);
  const { loaded, network } = loadChecked({ file, overrides: [...overrides, ...options.set, ...flagOverrides(options)], environment: context.environment });
  const { experiment } = loaded;
  reporter.say(describeNetwork(experiment.name, network, context.stderr));
  const threads = options.threads ?? defaultThreads();
  if (options.dryRun) {
    reporter.say(await describePlans(experiment, network, threads, context.stderr));
    return;
  }

  const git = gitState(process.cwd());
  const dataset = await prepareData(experiment, { environment: context.environment, report: reporter.say });
  reporter.say(describeData(dataset, context.stderr));
  if (dataset.substitution !== undefined) reporter.warn(describeSubstitution(dataset.substitution, context.stderr));

  const engine = await prepareEngine({ experiment, network, dataset, threads });
  try {
    await engine.load(initialWeights(network, experiment.model.initializer, experiment.seed));
    reporter.say(describeEngine(engine, threads, context.stderr));
    if (options.verbose) reporter.say(describeDetails(engine, dataset));
    const directory = createRunDirectory(runsDirectory(options), experiment.name);
    reporter.say(`${describePlace(directory, context.stderr)}\n`);
    writeConfiguration(directory, loaded);
    const record = createRecord({ id: basename(directory), loaded, network, dataset, engine, threads, git: await git, command: ['exp', ...context.argv] });
    await conduct({ context, reporter, json: options.json === true, directory, record, dataset, engine, plan: trainingPlan(experiment, dataset) });
  } finally {
    await engine.close();
  }
}

/** What training would take, as far as it is known without running: memory and work, but no time. */
async function describePlans(experiment: Experiment, network: Network, threads: number, styler: Context['stderr']): Promise<string> {
  const { dataset, train } = experiment;
  const { trainCount, testCount } = datasetFacts(dataset);
  const evaluated = testCount === undefined ? undefined : testCount + Number(dataset.options['validation'] ?? 0);
  const memory = await planMemory(network, experiment, threads);
  return `${describePlannedMemory(memory, styler)}\n${describeWork(network, { train: trainCount, evaluated }, train.epochs, styler)}`;
}

/** Throws UserError with all that `exp validate` would tell. */
function loadChecked(request: LoadRequest): { loaded: LoadedExperiment; network: Network } {
  const { problems, examination: { loaded }, network } = checkFile(request);
  if (!loaded || !network || problems.length > 0) throw new UserError(problems);
  return { loaded, network };
}

/** Flags that are spelled-out overrides; they win over those written before. */
function flagOverrides({ name, seed, epochs, batchSize }: RunOptions): string[] {
  const values = { name: name === undefined ? undefined : JSON.stringify(name), seed, 'train.epochs': epochs, 'train.batch_size': batchSize };
  return Object.entries(values).filter(([, value]) => value !== undefined).map(([path, value]) => `${path}=${value}`);
}

function describeDetails(engine: Engine, dataset: LoadedDataset): string {
  const details = Object.entries(engine.record.details).map(([name, value]) => `  ${name}: ${JSON.stringify(value)}`);
  const hashes = Object.entries(dataset.hashes).map(([name, hash]) => `  ${name}: ${hash}`);
  return [...details, ...hashes].join('\n');
}

function writeConfiguration(directory: string, { completedYaml, sourceText, overrides }: LoadedExperiment): void {
  writeDurably(join(directory, runFile.config), completedYaml);
  writeDurably(join(directory, runFile.source), sourceText);
  writeDurably(join(directory, runFile.overrides), overrides.length > 0 ? overrides.map((each) => `- ${JSON.stringify(each)}\n`).join('') : '[]\n');
}

interface RecordFacts {
  id: string;
  loaded: LoadedExperiment;
  network: Network;
  dataset: LoadedDataset;
  engine: Engine;
  threads: number;
  git: RunRecord['git'];
  command: readonly string[];
}

function createRecord({ id, loaded, network, dataset, engine, threads, git, command }: RecordFacts): RunRecord {
  const experiment = plainExperiment(loaded.experiment);
  return {
    version: 1,
    id,
    command,
    seed: experiment.seed,
    started: new Date().toISOString(),
    resumed: [],
    git,
    host: hostFacts(),
    versions: { exp: packageVersion(), node: process.versions.node, v8: process.versions.v8 },
    engine: { ...engine.record, threads },
    data: { configured: experiment.dataset.type, actual: dataset.actual, ...(dataset.substitution !== undefined && { substitution: dataset.substitution }) },
    network: { layers: network.layers.length - 1, parameters: parameterCount(network), multiply_adds: multiplyAdds(network) },
    identity: { config: configHash(experiment), data: dataset.hashes, numerics: engine.record.numerics },
    experiment,
  };
}
