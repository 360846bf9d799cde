/** What `inspect`, `lint` and `diff` look at: the network of a configuration, or that of a run as it was recorded. */
import { statSync } from 'node:fs';
import type { Command as Commander } from 'commander';
import { UserError } from '../common/problem.ts';
import type { Experiment } from '../config/experiment.ts';
import { datasetFacts } from '../datasets/index.ts';
import { buildNetwork } from '../network/index.ts';
import type { Network } from '../network/network.ts';
import { summarizeNetwork } from '../network/summary.ts';
import type { NetworkSummary } from '../network/summary.ts';
import type { PlainExperiment } from '../runs/record.ts';
import { plainExperiment } from '../runs/record.ts';
import type { Run } from '../runs/runs.ts';
import { selectRun } from '../runs/select.ts';
import { checkFile } from './checked.ts';
import { collect } from './command.ts';
import type { Context } from './command.ts';
import { count, runsDirectory } from './options.ts';

export interface Subject {
  /** The file, or the run's name. */
  label: string;
  experiment: PlainExperiment & Pick<Experiment, 'lint'>;
  network: Network;
  summary: NetworkSummary;
  /** Images of an epoch, where they are known without the data. */
  trainCount?: number;
  run?: Run;
}

/** The arguments of a verb that takes a subject, with changes of a file. */
export function addSubject(verb: Commander): Commander {
  return verb
    .argument('<file-or-run>', 'an experiment, or a run: its name, latest, best, a path')
    .argument('[overrides...]', 'train.batch_size=32 changes a value of a file, +a.b=v adds one, ~a.b removes one')
    .option('-s, --set <path=value>', 'the same as an override; may be repeated', collect, []);
}

/** How far blocks are folded in its tables. */
export function addDepth(verb: Commander): Commander {
  return verb.option('-d, --depth <number>', 'fold blocks to names of so many parts: 1 shows stage1, 2 stage1.1 (default: what fits a screen)', count(1, 64));
}

/** A file, else a run. Throws UserError with all that is wrong. */
export function readSubject(word: string, how: { overrides?: readonly string[]; out?: string }, context: Context): Subject {
  return looksLikeFile(word) ? readFile(word, how.overrides ?? [], context) : readRun(word, how);
}

function looksLikeFile(word: string): boolean {
  return /\.ya?ml$/.test(word) || statSync(word, { throwIfNoEntry: false })?.isFile() === true;
}

function readFile(file: string, overrides: readonly string[], { environment }: Context): Subject {
  const { problems, examination: { loaded }, network } = checkFile({ file, overrides, environment });
  if (problems.length > 0 || !loaded || !network) throw new UserError(problems);
  const { experiment } = loaded;
  return { ...describe(file, { ...plainExperiment(experiment), ...(experiment.lint ? { lint: experiment.lint } : {}) }, network) };
}

function readRun(word: string, { overrides = [], out }: { overrides?: readonly string[]; out?: string }): Subject {
  const run = selectRun(word, runsDirectory({ out }));
  if (overrides.length > 0) throw new UserError({ code: 'usage', message: `${run.id} is a run: what it was is recorded and cannot be changed`, fix: `name its configuration: ${run.path}/config.yaml` });
  const experiment = run.record?.experiment;
  if (!experiment) throw new UserError({ code: 'run-damaged', message: `${run.path} has no readable run.json: it was killed before its first step, or is damaged` });
  return { ...describe(run.id, experiment, buildNetwork(experiment.model, experiment.train.loss, datasetFacts(experiment.dataset))), run };
}

function describe(label: string, experiment: Subject['experiment'], network: Network): Subject {
  return { label, experiment, network, summary: summarizeNetwork(network), trainCount: datasetFacts(experiment.dataset).trainCount };
}
