/**
 * Shows training as it goes, on stderr. For a person: a line redrawn ten times a second. Piped: only the plain lines that
 * stay: what the first steps predict, and one an epoch.
 */
import { stripVTControlCharacters } from 'node:util';
import { describeCount, describeDuration, describeLoss, describePercent } from '../common/describe.ts';
import type { Terminal } from '../common/terminal.ts';
import type { Engine } from '../engines/engine.ts';
import type { TrainingState } from '../training/state.ts';
import { predictSeconds } from '../training/prediction.ts';
import { stepsPerEpoch } from '../training/training.ts';
import type { FinishedEpoch, Observer, TrainingPlan } from '../training/training.ts';
import { describeEpoch, describeEpochHead, describePrediction } from './lines.ts';

const redrawMilliseconds = 100;
/** A prediction rests on so many steps and so much time, or on a step or more where each takes long. */
const predictingSteps = 3;
const predictingSeconds = 1;
const patientSeconds = 10;
/** Who waits no longer than this needs no prediction. */
const shortSeconds = 5;
const eraseLine = '\r\u001b[K';
const hideCursor = '\u001b[?25l';
const showCursor = '\u001b[?25h';

export interface DisplayRequest {
  terminal: Terminal;
  engine: Pick<Engine, 'progress'>;
  plan: TrainingPlan;
  /** Test and validation images. */
  evaluatedCount: number;
  /** Gets every line that stays, with colours. */
  say(line: string): void;
  quiet: boolean;
}

export class TrainingDisplay implements Observer {
  private state: TrainingState | undefined;
  private phase: 'training' | 'evaluating' = 'training';
  private timer: NodeJS.Timeout | undefined;
  private predicting: NodeJS.Timeout | undefined;
  private predicted = false;
  private drawn = false;
  private headShown = false;
  /** Of the epoch in hand, in this process: for its rate and its time. */
  private epochBegan = 0;
  private atEpochStart: TrainingState | undefined;
  private evaluationBegan = 0;
  /** Images a second of the last evaluation. */
  private evaluationRate: number | undefined;

  constructor(private readonly request: DisplayRequest) {}

  epochStarted(state: TrainingState): void {
    this.state = state;
    this.atEpochStart = state;
    this.epochBegan = performance.now();
    this.phase = 'training';
    if (this.request.terminal.interactive && !this.request.quiet && !this.timer) {
      this.request.terminal.write(hideCursor);
      this.timer = setInterval(() => this.draw(), redrawMilliseconds);
    }
    if (!this.predicted) this.predicting = setInterval(() => this.predictWithin(state), redrawMilliseconds);
  }

  advanced(state: TrainingState): void {
    this.state = state;
    clearInterval(this.predicting);
    const begun = this.atEpochStart ?? state;
    this.predict(state, state.step - begun.step, 0);
  }

  evaluating(): void {
    this.phase = 'evaluating';
    this.evaluationBegan = performance.now();
    clearInterval(this.predicting);
  }

  epochEnded({ metrics, isBest }: FinishedEpoch, state: TrainingState): void {
    const { plan, terminal, evaluatedCount } = this.request;
    this.evaluationRate = (1000 * evaluatedCount) / (performance.now() - this.evaluationBegan);
    const begun = this.atEpochStart ?? state;
    const imagesPerSecond = (state.trainedImages - begun.trainedImages) / (state.trainingSeconds - begun.trainingSeconds);
    if (!this.predicted) this.sayPrediction(state, imagesPerSecond, 0);
    if (!this.headShown) this.say(describeEpochHead(plan.hasValidation, terminal));
    this.headShown = true;
    const seconds = (performance.now() - this.epochBegan) / 1000;
    this.say(describeEpoch(metrics, { epochs: plan.training.epochs, isBest, imagesPerSecond, seconds }, terminal));
  }

  /** A line that stays, above the one that is redrawn. */
  say(line: string): void {
    this.erase();
    this.request.say(line);
  }

  close(): void {
    clearInterval(this.timer);
    clearInterval(this.predicting);
    this.erase();
    if (this.timer) this.request.terminal.write(showCursor);
    this.timer = undefined;
  }

  private erase(): void {
    if (this.drawn) this.request.terminal.write(eraseLine);
    this.drawn = false;
  }

  private draw(): void {
    if (!this.state) return;
    const line = this.phase === 'training' ? this.describeTraining(this.state) : this.describeEvaluation(this.state);
    this.request.terminal.write(`${eraseLine}${fit(line, this.request.terminal.columns - 1)}`);
    this.drawn = true;
  }

  private describeTraining(state: TrainingState): string {
    const { plan, engine } = this.request;
    const { epochs } = plan.training;
    const steps = stepsPerEpoch(plan);
    const progress = engine.progress();
    const step = Math.min(steps, state.stepInEpoch + progress.steps);
    const images = state.sums.images + progress.images;
    const loss = (state.sums.loss + progress.loss) / images;
    const accuracy = (state.sums.correct + progress.correct) / images;
    const rate = this.imagesPerSecond(state, progress.images);
    const left = this.predictLeft(state, rate, images);
    const figures = images > 0 ? `loss ${describeLoss(loss)}  accuracy ${describePercent(accuracy)}  ` : '';
    const speed = rate > 0 ? `${describeCount(rate)} images/s  ${describeDuration(left)} left` : '';
    return `epoch ${state.epoch + 1}/${epochs}  ${bar(step / steps)}  step ${step}/${steps}  ${figures}${speed}`;
  }

  /** Seconds to the end, evaluations included; `images` of this epoch are done. */
  private predictLeft(state: TrainingState, rate: number, images: number): number {
    const { plan, evaluatedCount } = this.request;
    const epochs = plan.training.epochs - state.epoch;
    return predictSeconds({ train: epochs * plan.trainCount - images, evaluated: epochs * evaluatedCount }, { training: rate, evaluation: this.evaluationRate });
  }

  /** Before the first stretch of steps is done, which may take minutes; `state` is that before it. */
  private predictWithin(state: TrainingState): void {
    const { steps, images } = this.request.engine.progress();
    this.predict(state, steps, images);
  }

  /** A line that stays, once enough steps are done to know. */
  private predict(state: TrainingState, steps: number, images: number): void {
    const seconds = (performance.now() - this.epochBegan) / 1000;
    const enough = seconds >= patientSeconds ? steps >= 1 : steps >= predictingSteps && seconds >= predictingSeconds;
    if (enough && !this.predicted) this.sayPrediction(state, this.imagesPerSecond(state, images), state.sums.images + images);
  }

  private sayPrediction(state: TrainingState, rate: number, images: number): void {
    const { plan, evaluatedCount, terminal } = this.request;
    clearInterval(this.predicting);
    this.predicted = true;
    const left = this.predictLeft(state, rate, images);
    if (!(left >= shortSeconds)) return;
    const epochSeconds = predictSeconds({ train: plan.trainCount, evaluated: evaluatedCount }, { training: rate, evaluation: this.evaluationRate });
    this.say(describePrediction({ epochSeconds, seconds: left, epochs: plan.training.epochs - state.epoch }, terminal));
  }

  private imagesPerSecond(state: TrainingState, imagesInHand: number): number {
    const seconds = (performance.now() - this.epochBegan) / 1000;
    return (state.trainedImages + imagesInHand - (this.atEpochStart ?? state).trainedImages) / seconds;
  }

  private describeEvaluation(state: TrainingState): string {
    const { images } = this.request.engine.progress();
    return `epoch ${state.epoch + 1}/${this.request.plan.training.epochs}  evaluating${images > 0 ? `  ${describeCount(images)} images` : ''}`;
  }
}

const barCells = 12;

function bar(fraction: number): string {
  const filled = Math.round(fraction * barCells);
  return `${'━'.repeat(filled)}${'─'.repeat(barCells - filled)}`;
}

/** Cut to the width: a line that wraps could not be erased. */
function fit(line: string, columns: number): string {
  const plain = stripVTControlCharacters(line);
  return plain.length <= columns ? plain : plain.slice(0, Math.max(0, columns));
}
