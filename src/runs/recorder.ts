/**
 * Writes a run's files while it trains: an observer of the training loop. At the end of an epoch, in this order: rows
 * and lines appended and synced, weights, state (which commits the epoch), summary. Killed between any two of these,
 * resuming finds the state before and cuts the appended files back to it.
 */
import { join } from 'node:path';
import { AppendedFile, removeLeftovers, writeDurably } from '../common/durable.ts';
import { nodeFileSystem } from '../common/file-system.ts';
import type { FileSystem } from '../common/file-system.ts';
import { toJson } from '../common/json.ts';
import type { Engine, Evaluation } from '../engines/engine.ts';
import type { TrainingState } from '../training/state.ts';
import type { FinishedEpoch, Observer, StepFigures } from '../training/training.ts';
import { writeCheckpoint } from './checkpoints.ts';
import type { Checkpoint } from './checkpoints.ts';
import { runFile } from './directory.ts';
import { releaseOwnership } from './owner.ts';
import { writeRecord } from './record.ts';
import type { Outcome, RunRecord } from './record.ts';
import { summarize, writeSummary } from './summary.ts';

/** Steps between two lines of steps.jsonl. */
const stepsPerLine = 10;
const testColumns = ['epoch', 'step', 'seconds', 'lr', 'train/loss', 'train/accuracy', 'test/loss', 'test/accuracy'] as const;
const validationColumns = ['validation/loss', 'validation/accuracy'] as const;
type Column = (typeof testColumns | typeof validationColumns)[number];

export interface RecorderRequest {
  /** An owned run directory. */
  directory: string;
  record: RunRecord;
  engine: Pick<Engine, 'save'>;
  chosenOn: 'validation' | 'test';
  /** The checkpoint to go on from; absent: from the start. */
  from?: Pick<Checkpoint, 'state' | 'lengths'>;
  files?: FileSystem;
}

export class RunRecorder implements Observer {
  private readonly columns: readonly Column[];
  private readonly metrics: AppendedFile;
  private readonly steps: AppendedFile;
  private record: RunRecord;

  private constructor(private readonly request: RecorderRequest, private readonly files: FileSystem) {
    const { directory, record, from } = request;
    this.record = record;
    this.columns = request.chosenOn === 'validation' ? [...testColumns, ...validationColumns] : testColumns;
    this.metrics = AppendedFile.open(join(directory, runFile.metrics), from?.lengths[runFile.metrics] ?? 0, files);
    this.steps = AppendedFile.open(join(directory, runFile.steps), from?.lengths[runFile.steps] ?? 0, files);
    if (this.metrics.length === 0) this.metrics.append(`${this.columns.join(',')}\n`);
  }

  /** Opens the files of a new run or of one to go on with, and writes its record. */
  static open(request: RecorderRequest): RunRecorder {
    const files = request.files ?? nodeFileSystem;
    removeLeftovers(request.directory, files);
    removeLeftovers(join(request.directory, 'checkpoints'), files);
    writeRecord(request.directory, request.record, files);
    // Killed between a checkpoint and its summary, the summary would stay behind.
    if (request.from) writeSummary(request.directory, summarize(request.from.state, request.record, request.chosenOn), files);
    return new RunRecorder(request, files);
  }

  stepped({ step, epoch, lr, loss, accuracy, gradientNorm }: StepFigures): void {
    if (step % stepsPerLine !== 0) return;
    const norm = Number.isNaN(gradientNorm) ? {} : { gradient_norm: rounded(gradientNorm) };
    this.steps.append(`${toJson({ step, epoch, lr, loss: rounded(loss), accuracy: rounded(accuracy), ...norm })}\n`);
  }

  async epochEnded({ metrics, isBest }: FinishedEpoch, state: TrainingState): Promise<void> {
    this.metrics.append(`${this.columns.map((column) => describeNumber(column, metrics[column])).join(',')}\n`);
    await this.checkpoint(state, isBest);
  }

  async stopped(state: TrainingState): Promise<void> {
    await this.checkpoint(state, false);
  }

  /** Per test image, with the weights of the last epoch. */
  writePredictions(test: Evaluation, labels: Int32Array): void {
    const rows = Array.from(labels, (label, index) =>
      `${index},${label},${test.predictions[index]},${rounded(test.probabilities[index])},${rounded(test.losses[index])}`);
    writeDurably(join(this.request.directory, runFile.predictions), `image,label,prediction,probability,loss\n${rows.join('\n')}\n`, this.files);
  }

  /** Closes the files and writes how the run ended. */
  end(outcome: Outcome, message?: string): void {
    this.metrics.close();
    this.steps.close();
    this.record = { ...this.record, ended: { at: new Date().toISOString(), outcome, ...(message !== undefined && { message }) } };
    writeRecord(this.request.directory, this.record, this.files);
    releaseOwnership(this.request.directory);
  }

  private async checkpoint(state: TrainingState, isBest: boolean): Promise<void> {
    const { directory, engine, record, chosenOn } = this.request;
    this.metrics.sync();
    this.steps.sync();
    const lengths = { [runFile.metrics]: this.metrics.length, [runFile.steps]: this.steps.length };
    const tensors = await engine.save();
    writeCheckpoint(join(directory, 'checkpoints'), { state, lengths, identity: record.identity, ...tensors }, isBest, this.files);
    writeSummary(directory, summarize(state, record, chosenOn), this.files);
  }
}

/** Eight digits: more than float32 holds, few enough to read. */
function rounded(value: number): number {
  return Number(value.toPrecision(8));
}

function describeNumber(column: string, value: number | undefined): string {
  if (value === undefined) return '';
  return column === 'seconds' ? value.toFixed(2) : `${typeof value === 'number' ? rounded(value) : value}`;
}
