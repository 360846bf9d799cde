/**
 * The training loop: epochs of steps, an evaluation after each, the best epoch remembered. It knows the engine's contract
 * and nothing of files or screens: what happens is told to an observer, which writes checkpoints, metrics and displays.
 * Steps are asked for in stretches of about a second, so that a stop takes effect soon; results do not depend on that.
 */
import type { Training } from '../config/experiment.ts';
import type { Engine, Evaluation, StepReports } from '../engines/engine.ts';
import { runFailure } from '../common/problem.ts';
import { learningRates } from './learning-rates.ts';
import { initialState, noSums } from './state.ts';
import type { EpochMetrics, TrainingState } from './state.ts';

export interface TrainingPlan {
  training: Training;
  /** Images of the training split. */
  trainCount: number;
  /** A source `validation` is attached: the best epoch is chosen on it, else on `test`. */
  hasValidation: boolean;
}

/** One step's figures, for the curve within an epoch. */
export interface StepFigures {
  /** From 1, over all epochs. */
  step: number;
  epoch: number;
  lr: number;
  /** Mean over the batch. */
  loss: number;
  accuracy: number;
  gradientNorm: number;
}

/** All may be absent and all are awaited. */
export interface Observer {
  /** An epoch begins or goes on at `stepInEpoch`. */
  epochStarted?(state: TrainingState, steps: number): void | Promise<void>;
  stepped?(figures: StepFigures): void | Promise<void>;
  /** A stretch of steps is done; the engine's progress counts from here. */
  advanced?(state: TrainingState): void | Promise<void>;
  evaluating?(state: TrainingState): void | Promise<void>;
  /** An epoch is finished; `state` is the one to go on from. */
  epochEnded?(epoch: FinishedEpoch, state: TrainingState): void | Promise<void>;
  /** Asked to stop; `state` is the one to go on from, often in the middle of an epoch. */
  stopped?(state: TrainingState): void | Promise<void>;
}

/** Tells several, one after the other: the first is done before the second hears of it. */
export function tellAll(...observers: readonly Observer[]): Observer {
  const tell = <A extends unknown[]>(pick: (observer: Observer) => ((...words: A) => void | Promise<void>) | undefined) => async (...words: A): Promise<void> => {
    for (const observer of observers) await pick(observer)?.apply(observer, words);
  };
  return {
    epochStarted: tell((observer) => observer.epochStarted),
    stepped: tell((observer) => observer.stepped),
    advanced: tell((observer) => observer.advanced),
    evaluating: tell((observer) => observer.evaluating),
    epochEnded: tell((observer) => observer.epochEnded),
    stopped: tell((observer) => observer.stopped),
  };
}

export interface FinishedEpoch {
  metrics: EpochMetrics;
  /** The best so far. */
  isBest: boolean;
  test: Evaluation;
}

/** Completed: with the evaluation of the final weights on the test images. */
export type TrainingResult = { outcome: 'completed'; state: TrainingState; test: Evaluation } | { outcome: 'stopped'; state: TrainingState };

export interface TrainingRequest {
  engine: Engine;
  plan: TrainingPlan;
  observer?: Observer;
  /** To go on from, with the engine's tensors loaded accordingly; absent: from the start. */
  from?: TrainingState;
  /** Ends training after the step in hand. */
  signal?: AbortSignal;
}

export function stepsPerEpoch(plan: TrainingPlan): number {
  return Math.ceil(plan.trainCount / plan.training.batch_size);
}

/** `validation` or `test`: the split on which the best epoch is chosen. */
export function chosenOn(plan: TrainingPlan): 'validation' | 'test' {
  return plan.hasValidation ? 'validation' : 'test';
}

/**
 * Trains from a state to the last epoch. The engine has its weights loaded and the sources `train`, `test` (and
 * `validation`) attached. Throws UserError (`diverged`) where a loss or gradient is not finite.
 */
export async function train({ engine, plan, observer = {}, from = initialState(), signal }: TrainingRequest): Promise<TrainingResult> {
  const stop = (): void => engine.stop();
  signal?.addEventListener('abort', stop);
  try {
    let state = from;
    let test: Evaluation | undefined;
    while (state.epoch < plan.training.epochs) {
      state = await trainEpoch(engine, plan, observer, state, signal);
      if (state.stepInEpoch < stepsPerEpoch(plan)) {
        await observer.stopped?.(state);
        return { outcome: 'stopped', state };
      }
      const finished = await finishEpoch(engine, plan, observer, state);
      ({ state } = finished);
      test = finished.epoch.test;
      await observer.epochEnded?.(finished.epoch, state);
    }
    return { outcome: 'completed', state, test: test ?? await engine.evaluate('test') };
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

/** About how long a stretch of steps may take before a stop is noticed between two of them. */
const stretchSeconds = 1;
const firstStretch = 10;

/** Trains the rest of the epoch in hand; fewer steps where stopped. */
async function trainEpoch(engine: Engine, plan: TrainingPlan, observer: Observer, from: TrainingState, signal?: AbortSignal): Promise<TrainingState> {
  const steps = stepsPerEpoch(plan);
  await observer.epochStarted?.(from, steps);
  let state = from;
  let stretch = firstStretch;
  while (state.stepInEpoch < steps && !signal?.aborted) {
    const toStep = Math.min(steps, state.stepInEpoch + stretch);
    const began = performance.now();
    const rates = learningRates(plan.training, state.epoch, state.stepInEpoch, toStep, steps);
    const reports = await engine.train('train', {
      epoch: state.epoch, fromStep: state.stepInEpoch, toStep, stepsBefore: state.step, learningRates: rates,
    });
    const seconds = (performance.now() - began) / 1000;
    await tellSteps(observer, state, reports, rates);
    state = advance(state, reports, rates, seconds);
    await observer.advanced?.(state);
    if (reports.diverged) throw divergence(state, reports.diverged.what);
    if (reports.steps === 0 && !signal?.aborted) throw new Error('the engine did no step and gave no reason');
    stretch = Math.max(1, Math.min(4 * stretch, Math.round((reports.steps * stretchSeconds) / Math.max(seconds, 1e-3))));
  }
  return state;
}

/** Sums step by step, so that they do not depend on how the steps were cut into stretches. */
function advance(state: TrainingState, reports: StepReports, rates: Float64Array, seconds: number): TrainingState {
  const sums = { ...state.sums };
  for (let index = 0; index < reports.steps; index++) {
    sums.images += reports.images[index];
    sums.loss += reports.loss[index];
    sums.correct += reports.correct[index];
  }
  return {
    ...state,
    sums,
    stepInEpoch: state.stepInEpoch + reports.steps,
    step: state.step + reports.steps,
    lr: reports.steps > 0 ? rates[reports.steps - 1] : state.lr,
    seconds: state.seconds + seconds,
    trainingSeconds: state.trainingSeconds + seconds,
    trainedImages: state.trainedImages + sums.images - state.sums.images,
  };
}

async function tellSteps(observer: Observer, state: TrainingState, reports: StepReports, rates: Float64Array): Promise<void> {
  if (!observer.stepped) return;
  for (let index = 0; index < reports.steps; index++) {
    const images = reports.images[index];
    await observer.stepped({
      step: state.step + index + 1,
      epoch: state.epoch + 1,
      lr: rates[index],
      loss: reports.loss[index] / images,
      accuracy: reports.correct[index] / images,
      gradientNorm: reports.gradientNorm[index],
    });
  }
}

/** `state`: after the last good step. */
function divergence(state: TrainingState, what: string): Error {
  return runFailure({
    code: 'diverged',
    message: `training diverged in epoch ${state.epoch + 1} at step ${state.step + 1}: ${what}`,
    fix: 'lower train.optimizer lr, add a warm-up to train.schedule, or set train.clip_norm: 1',
  });
}

async function finishEpoch(engine: Engine, plan: TrainingPlan, observer: Observer, state: TrainingState): Promise<{ epoch: FinishedEpoch; state: TrainingState }> {
  await observer.evaluating?.(state);
  const began = performance.now();
  const validation = plan.hasValidation ? await engine.evaluate('validation') : undefined;
  const test = await engine.evaluate('test');
  const seconds = state.seconds + (performance.now() - began) / 1000;
  const { sums } = state;
  const metrics: EpochMetrics = {
    epoch: state.epoch + 1,
    step: state.step,
    seconds,
    lr: state.lr,
    'train/loss': sums.loss / sums.images,
    'train/accuracy': sums.correct / sums.images,
    'test/loss': test.loss,
    'test/accuracy': test.correct / test.images,
    ...(validation && { 'validation/loss': validation.loss, 'validation/accuracy': validation.correct / validation.images }),
  };
  const isBest = isBetter(metrics, state.best, chosenOn(plan));
  const next = { ...state, epoch: state.epoch + 1, stepInEpoch: 0, sums: noSums, seconds, last: metrics, best: isBest ? metrics : state.best };
  return { epoch: { metrics, isBest, test }, state: next };
}

/** By accuracy; of equal ones the earlier stays. */
function isBetter(metrics: EpochMetrics, best: EpochMetrics | undefined, split: 'validation' | 'test'): boolean {
  return best === undefined || metrics[`${split}/accuracy`] > best[`${split}/accuracy`];
}
