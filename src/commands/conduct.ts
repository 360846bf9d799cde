/** Trains in a run directory, from the start or from a checkpoint, to the end or to a signal. What `run` and `resume` share. */
import { join } from 'node:path';
import { checkDisk } from '../common/disk.ts';
import { UserError } from '../common/problem.ts';
import { toJson } from '../common/json.ts';
import type { LoadedDataset } from '../datasets/dataset.ts';
import type { Engine } from '../engines/engine.ts';
import { runFile } from '../runs/directory.ts';
import { RunRecorder } from '../runs/recorder.ts';
import type { RunRecord } from '../runs/record.ts';
import { checkpointBytes } from '../runs/checkpoints.ts';
import type { Checkpoint } from '../runs/checkpoints.ts';
import { readSummary } from '../runs/summary.ts';
import { chosenOn, tellAll, train } from '../training/training.ts';
import type { TrainingPlan, TrainingResult } from '../training/training.ts';
import type { TrainingState } from '../training/state.ts';
import type { Context } from './command.ts';
import { TrainingDisplay } from './display.ts';
import { describeEnding, describeStop } from './lines.ts';
import type { Reporter } from './reporter.ts';
import { listenForStop } from './signals.ts';

export interface ConductRequest {
  context: Context;
  reporter: Reporter;
  json: boolean;
  /** Owned by this process. */
  directory: string;
  record: RunRecord;
  dataset: LoadedDataset;
  /** Weights loaded. */
  engine: Engine;
  plan: TrainingPlan;
  from?: Pick<Checkpoint, 'state' | 'lengths'>;
}

/** Sets the exit code where stopped by a signal; throws UserError where the run failed. */
export async function conduct(request: ConductRequest): Promise<void> {
  const { context, reporter, directory, record, engine, plan, dataset, from } = request;
  const evaluatedCount = dataset.test.count + (dataset.validation?.count ?? 0);
  reporter.logTo(join(directory, runFile.log));
  const display = new TrainingDisplay({ terminal: context.stderr, engine, plan, evaluatedCount, say: reporter.say, quiet: reporter.quiet });
  const stop = listenForStop((name) => display.say(`${name}: stopping after the step in hand; once more leaves at once`));
  try {
    checkDisk(directory, checkpointBytes(await engine.save()));
    const recorder = RunRecorder.open({ directory, record, engine, chosenOn: chosenOn(plan), from });
    const result = await trainAndRecordFailure();
    display.close();
    if (result.outcome === 'completed') finish(request, recorder, result);
    else finishStopped(request, recorder, result.state, stop.exitCode);

    async function trainAndRecordFailure(): Promise<TrainingResult> {
      try {
        return await train({ engine, plan, observer: tellAll(recorder, display), from: from?.state, signal: stop.signal });
      } catch (error) {
        display.close();
        endFailed(recorder, error);
        throw error;
      }
    }
  } finally {
    display.close();
    stop.release();
  }
}

function finish(request: ConductRequest, recorder: RunRecorder, { state, test }: TrainingResult & { outcome: 'completed' }): void {
  const { reporter, dataset, directory, plan } = request;
  recorder.writePredictions(test, dataset.test.labels);
  recorder.end('completed');
  const { last, best, seconds } = state;
  if (last && best) {
    const ending = { directory, last, best, testCount: dataset.test.count, chosenOn: chosenOn(plan), seconds, substitution: dataset.substitution };
    reporter.say(describeEnding(ending, reporter.terminal));
  }
  printSummary(request);
}

function finishStopped(request: ConductRequest, recorder: RunRecorder, state: TrainingState, code: number): void {
  const { context, reporter, directory, plan } = request;
  recorder.end('interrupted');
  reporter.say(describeStop(directory, { ...state, epochs: plan.training.epochs }, state.best, reporter.terminal));
  context.exitCode = code;
  printSummary(request);
}

/** What stopped the run is what the person must hear of, not that the record of it could not be written either. */
function endFailed(recorder: RunRecorder, error: unknown): void {
  const diverged = error instanceof UserError && error.problems.some((problem) => problem.code === 'diverged');
  try {
    recorder.end(diverged ? 'diverged' : 'failed', error instanceof Error ? error.message : String(error));
  } catch {
    // The owner of the run is dead soon, and it counts as interrupted.
  }
}

function printSummary({ context, json, directory, record }: ConductRequest): void {
  if (json) context.stdout.write(`${toJson({ run: record.id, path: directory, ...readSummary(directory) }, 2)}\n`);
}
