/** `exp resume RUN`: goes on from the last good checkpoint to the same bits as a run that was never interrupted, or says why it cannot. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { defaultThreads, prepareData, prepareEngine, prepareNetwork, trainingPlan } from '../api/prepare.ts';
import { exitCode, UserError } from '../common/problem.ts';
import { packageVersion } from '../common/package.ts';
import { loadExperiment } from '../config/index.ts';
import type { Experiment } from '../config/experiment.ts';
import type { Network } from '../network/network.ts';
import { initialWeights } from '../network/index.ts';
import { findCheckpoint } from '../runs/checkpoints.ts';
import type { Checkpoint } from '../runs/checkpoints.ts';
import { differences } from '../runs/differences.ts';
import { runFile } from '../runs/directory.ts';
import { releaseOwnership, takeOwnership } from '../runs/owner.ts';
import { configHash, plainExperiment } from '../runs/record.ts';
import type { Identity, RunRecord } from '../runs/record.ts';
import type { Run } from '../runs/runs.ts';
import { selectRun } from '../runs/select.ts';
import type { Engine, EngineRecord } from '../engines/engine.ts';
import type { Command, Context } from './command.ts';
import { conduct } from './conduct.ts';
import { describeData, describeEngine, describeNetwork, describePlace, describeSubstitution } from './lines.ts';
import { count, runsDirectory } from './options.ts';
import { Reporter } from './reporter.ts';

interface ResumeOptions {
  threads?: number;
  out?: string;
  quiet?: boolean;
  json?: boolean;
}

export const command: Command = {
  configure(verb, context) {
    verb
      .argument('<run>', 'a run: its name, the beginning of it, a number from exp ls, latest, or a path')
      .option('-t, --threads <number>', 'threads that compute (default: all processors; results do not depend on it)', count(1, 256))
      .option('-o, --out <directory>', 'where the runs are (default: runs)')
      .option('-q, --quiet', 'say nothing but warnings and errors')
      .option('--json', 'print the summary as JSON when done')
      .action((word: string, options: ResumeOptions) => resume(word, options, context));
  },
};

async function resume(word: string, options: ResumeOptions, context: Context): Promise<void> {
  const reporter = new Reporter(context.stderr, options.quiet === true);
  const run = selectRun(word, runsDirectory(options));
  const record = checkResumable(run);
  const experiment = loadUnchanged(run, record, context);
  if (!takeOwnership(run.path)) throw runningElsewhere(run);
  try {
    reporter.logTo(join(run.path, runFile.log));
    await resumeOwned({ run, record, experiment, options, reporter, context });
  } finally {
    releaseOwnership(run.path);
  }
}

interface Owned {
  run: Run;
  record: RunRecord;
  experiment: Experiment;
  options: ResumeOptions;
  reporter: Reporter;
  context: Context;
}

async function resumeOwned({ run, record, experiment, options, reporter, context }: Owned): Promise<void> {
  const checkpoint = findGoodCheckpoint(run, reporter);
  const network = prepareNetwork(experiment);
  reporter.say(describeNetwork(experiment.name, network, context.stderr));
  const dataset = await prepareData(experiment, { environment: context.environment, report: reporter.say });
  reporter.say(describeData(dataset, context.stderr));
  if (dataset.substitution !== undefined) reporter.warn(describeSubstitution(dataset.substitution, context.stderr));
  const threads = options.threads ?? defaultThreads();
  const engine = await prepareEngine({ experiment, network, dataset, threads });
  try {
    const identity: Identity = { config: record.identity.config, data: dataset.hashes, numerics: engine.record.numerics };
    if (record.data.actual !== dataset.actual) refuseOtherDataset(run, record.data.actual, dataset.actual);
    checkIdentity(run, checkpoint?.identity ?? record.identity, identity, [record.engine, engine.record]);
    await loadTensors(engine, network, experiment, checkpoint);
    reporter.say(describeEngine(engine, threads, context.stderr));
    reporter.say(`${describePlace(run.path, context.stderr)}, ${describePosition(checkpoint, experiment)}\n`);
    await conduct({
      context, reporter, json: options.json === true, directory: run.path, record: resumedRecord(record, checkpoint, threads),
      dataset, engine, plan: trainingPlan(experiment, dataset), from: checkpoint,
    });
  } finally {
    await engine.close();
  }
}

function checkResumable(run: Run): RunRecord {
  if (!run.record) refuse('run-damaged', `${run.path} has no readable run.json: it was killed before its first step, or is damaged`, 'start it again with exp run');
  if (run.status === 'completed') refuse('run-completed', `${run.id} is completed: nothing is left to do`, 'to train longer, exp run its config.yaml with train.epochs=N');
  if (run.status === 'diverged') refuse('run-diverged', `${run.id} diverged, and would again: ${run.record.ended?.message ?? ''}`, 'exp run its config.yaml with a lower learning rate');
  if (run.status === 'running') throw runningElsewhere(run);
  return run.record;
}

function runningElsewhere(run: Run): UserError {
  return new UserError({ code: 'run-running', message: `${run.id} is running`, fix: `where that is no longer true (its host is gone), remove ${join(run.path, 'owner.json')}` });
}

/** The configuration in the run's directory, which must be the one that it began with. */
function loadUnchanged(run: Run, record: RunRecord, context: Context): Experiment {
  const file = join(run.path, runFile.config);
  const { experiment } = loadExperiment({ file, overrides: [], environment: context.environment });
  const plain = plainExperiment(experiment);
  if (configHash(plain) === record.identity.config) return experiment;
  const changed = differences([record.experiment, plain]).map(({ path, values }) => `${path} was ${values[0]}, is ${values[1]}`);
  const what = changed.length > 0 ? changed.slice(0, 3).join('; ') : 'defaults of this version differ';
  return refuse('config-changed', `${file} is not what the run began with: ${what}`, `undo the change, or begin a new run with exp run ${file}`);
}

function findGoodCheckpoint(run: Run, reporter: Reporter): Checkpoint | undefined {
  const directory = join(run.path, 'checkpoints');
  const { checkpoint, passedOver } = existsSync(directory) ? findCheckpoint(directory) : { passedOver: [] };
  for (const { file, reason } of passedOver) reporter.warn(`passed over ${file}: ${reason}`);
  if (!checkpoint && passedOver.length > 0) reporter.warn('no checkpoint is good: training begins at the start again');
  return checkpoint;
}

function refuseOtherDataset(run: Run, then: string, now: string): never {
  return refuse('data-changed', `${run.id} was trained on ${then}; what is found now is ${now}`, `bring ${then} back (is EXP_DATA_DIR set as it was?), or begin a new run`);
}

function checkIdentity(run: Run, then: Identity, now: Identity, engines: [EngineRecord, EngineRecord]): void {
  const files = [...new Set([...Object.keys(then.data), ...Object.keys(now.data)])].filter((name) => then.data[name] !== now.data[name]);
  if (files.length > 0) {
    refuse('data-changed', `${run.id} cannot go on to the same result: the data is another than it began with (${files.join(', ')})`, 'bring the data back, or begin a new run');
  }
  if (then.numerics !== now.numerics) {
    refuse('numerics-changed', `${run.id} cannot go on to the same result: it was computed with "${then.numerics}", here it would be "${now.numerics}"`,
      `${describeWayBack(run, engines)}, or begin a new run`);
  }
}

/** Other kernels can be asked for; another machine cannot. */
function describeWayBack({ id }: Run, engines: [EngineRecord, EngineRecord]): string {
  const [then, now] = engines.map(({ details }) => details['kernels']);
  if (typeof then !== 'string' || then === now) return 'resume where it began (same kind of processor and Node)';
  return `it began with ${then} kernels, these are ${String(now)}: EXP_KERNELS=${then} exp resume ${id} goes on with those it began with, on a processor that has them`;
}

async function loadTensors(engine: Engine, network: Network, experiment: Experiment, checkpoint: Checkpoint | undefined): Promise<void> {
  if (checkpoint) await engine.load(new Map([...checkpoint.model, ...checkpoint.optimizer]));
  else await engine.load(initialWeights(network, experiment.model.initializer, experiment.seed));
}

function describePosition(checkpoint: Checkpoint | undefined, { train }: Experiment): string {
  if (!checkpoint) return 'from the start: there is no checkpoint';
  const { epoch, stepInEpoch } = checkpoint.state;
  return `from ${stepInEpoch > 0 ? `step ${stepInEpoch} of epoch ${epoch + 1}` : `the end of epoch ${epoch}`} of ${train.epochs}`;
}

function resumedRecord({ ended: _, ...record }: RunRecord, checkpoint: Checkpoint | undefined, threads: number): RunRecord {
  const { epoch, step } = checkpoint?.state ?? { epoch: 0, step: 0 };
  const versions = { exp: packageVersion(), node: process.versions.node, v8: process.versions.v8 };
  return { ...record, resumed: [...record.resumed, { at: new Date().toISOString(), epoch, step, threads, versions }] };
}

function refuse(code: string, message: string, fix: string): never {
  throw new UserError({ code, message, fix }, exitCode.usage);
}
