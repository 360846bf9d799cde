import { describe, expect, test } from 'vitest';
import { UserError } from '../../src/common/problem.ts';
import { chosenOn, stepsPerEpoch, tellAll, train } from '../../src/training/training.ts';
import type { FinishedEpoch, Observer, StepFigures } from '../../src/training/training.ts';
import type { TrainingState } from '../../src/training/state.ts';
import { learningRates } from '../../src/training/learning-rates.ts';
import { fakeImages, readyEngine } from './fake-engine.ts';
import { plan } from './plan.ts';

/** Everything but wall time. */
function timeless({ seconds: _, trainingSeconds: __, last, best, ...state }: TrainingState): unknown {
  return { ...state, last: last && { ...last, seconds: 0 }, best: best && { ...best, seconds: 0 } };
}

function keepFigures(): Observer & { steps: StepFigures[]; epochs: FinishedEpoch[] } {
  return {
    steps: [], epochs: [],
    stepped(figures) { this.steps.push(figures); },
    epochEnded(epoch) { this.epochs.push(epoch); },
  };
}

describe('train', () => {
  test('asks for every step of every epoch once, with the schedule\'s learning rates, the last batch smaller', async () => {
    const engine = await readyEngine();
    const { state, outcome } = await train({ engine, plan });
    expect(outcome).toBe('completed');
    expect(state).toMatchObject({ epoch: 3, step: 30, stepInEpoch: 0, trainedImages: 3 * 95 });
    const asked = engine.requests.flatMap(({ epoch, fromStep, toStep, stepsBefore, learningRates: rates }) => {
      expect(rates).toHaveLength(toStep - fromStep);
      return Array.from(rates, (rate, index) => ({ epoch, step: fromStep + index, before: stepsBefore + index, rate }));
    });
    expect(asked.map(({ epoch, step }) => epoch * 10 + step)).toEqual(Array.from({ length: 30 }, (_, index) => index));
    expect(asked.map(({ before }) => before)).toEqual(Array.from({ length: 30 }, (_, index) => index));
    expect(asked.map(({ rate }) => rate)).toEqual([0, 1, 2].flatMap((epoch) => [...learningRates(plan.training, epoch, 0, 10, 10)]));
  });

  test('means are over images, not over batches', async () => {
    const engine = await readyEngine();
    const observer = keepFigures();
    await train({ engine, plan, observer });
    const { metrics } = observer.epochs[0];
    const steps = observer.steps.filter(({ epoch }) => epoch === 1);
    const sum = (pick: (figures: StepFigures) => number): number => steps.reduce((total, each, index) => total + pick(each) * (index === 9 ? 5 : 10), 0);
    expect(metrics['train/loss']).toBeCloseTo(sum(({ loss }) => loss) / 95, 12);
    expect(metrics['train/accuracy']).toBeCloseTo(sum(({ accuracy }) => accuracy) / 95, 12);
    expect(metrics).toMatchObject({ epoch: 1, step: 10, lr: steps[9].lr });
  });

  test.each([1, 7, 10, 13, 20, 25, 29])('stopped after %i steps and gone on: the same state, weights and figures as in one go', async (stopAfter) => {
    const whole = keepFigures();
    const undisturbed = await readyEngine();
    const expected = await train({ engine: undisturbed, plan, observer: whole });

    const first = await readyEngine();
    const controller = new AbortController();
    first.stopAfter = stopAfter;
    const parts = keepFigures();
    const stopWithSignal: Observer = { advanced: () => { if (first.requests.length > 0 && stopAfter <= stepsDone(parts)) controller.abort(); } };
    const interrupted = await train({ engine: first, plan, observer: tellAll(parts, stopWithSignal), signal: controller.signal });
    expect(interrupted).toMatchObject({ outcome: 'stopped', state: { step: stopAfter } });

    const second = await readyEngine();
    const saved = await first.save();
    await second.load(new Map([...saved.model, ...saved.optimizer]));
    const from: TrainingState = JSON.parse(JSON.stringify(interrupted.state));
    const resumed = await train({ engine: second, plan, observer: parts, from });

    expect(timeless(resumed.state)).toEqual(timeless(expected.state));
    expect(await second.save()).toEqual(await undisturbed.save());
    expect(parts.steps).toEqual(whole.steps);
    expect(parts.epochs.map(({ metrics }) => ({ ...metrics, seconds: 0 }))).toEqual(whole.epochs.map(({ metrics }) => ({ ...metrics, seconds: 0 })));
  });

  test('a signal before the first step trains nothing', async () => {
    const engine = await readyEngine();
    expect(await train({ engine, plan, signal: AbortSignal.abort() })).toMatchObject({ outcome: 'stopped', state: { step: 0 } });
    expect(engine.requests).toEqual([]);
  });

  test('a loss that is not finite ends training with the step, and what to try', async () => {
    const engine = await readyEngine();
    engine.divergeAt = 17;
    const error = await train({ engine, plan }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({ exitCode: 1, problems: [{ code: 'diverged', message: 'training diverged in epoch 2 at step 18: the loss is NaN' }] });
  });

  test('an engine that does nothing is an error, not a hang', async () => {
    const engine = await readyEngine();
    const idle = { ...engine, train: async () => ({ steps: 0, images: new Int32Array(), loss: new Float64Array(), correct: new Int32Array(), gradientNorm: new Float64Array() }) };
    await expect(train({ engine: idle, plan })).rejects.toThrow('the engine did no step');
  });
});

describe('the best epoch', () => {
  test('is the earliest with the highest accuracy on validation where there is one', async () => {
    const engine = await readyEngine();
    await engine.attach('validation', fakeImages(20));
    const results = { validation: [0.5, 0.9, 0.9], test: [0.9, 0.1, 0.2] };
    let call = 0;
    const scripted = { ...engine, evaluate: async (name: string) => {
      const accuracy = results[name as 'validation' | 'test'][Math.floor(call++ / 2)];
      return { ...(await engine.evaluate(name)), images: 10, correct: accuracy * 10 };
    } };
    const observer = keepFigures();
    const { state } = await train({ engine: scripted, plan: { ...plan, hasValidation: true }, observer });
    expect(observer.epochs.map(({ isBest }) => isBest)).toEqual([true, true, false]);
    expect(state.best).toMatchObject({ epoch: 2, 'validation/accuracy': 0.9, 'test/accuracy': 0.1 });
    expect(state.last).toMatchObject({ epoch: 3 });
  });

  test('else it is chosen on test', () => {
    expect(chosenOn(plan)).toBe('test');
  });
});

test('steps an epoch: the last batch may be smaller', () => {
  expect(stepsPerEpoch(plan)).toBe(10);
  expect(stepsPerEpoch({ ...plan, trainCount: 100 })).toBe(10);
  expect(stepsPerEpoch({ ...plan, trainCount: 101 })).toBe(11);
});

function stepsDone({ steps }: { steps: readonly StepFigures[] }): number {
  return steps.length;
}
