import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { memoryTerminal } from '../../src/common/terminal.ts';
import { TrainingDisplay } from '../../src/commands/display.ts';
import type { Progress } from '../../src/engines/engine.ts';
import { initialState } from '../../src/training/state.ts';
import type { EpochMetrics, TrainingState } from '../../src/training/state.ts';
import { plan } from '../training/plan.ts';

beforeEach(() => { vi.useFakeTimers(); });
afterEach(() => { vi.useRealTimers(); });

const metrics: EpochMetrics = { epoch: 1, step: 10, seconds: 2, lr: 0.1, 'train/loss': 0.5, 'train/accuracy': 0.8, 'test/loss': 0.25, 'test/accuracy': 0.9 };
const ended: TrainingState = { ...initialState(), epoch: 1, step: 10, trainedImages: 95, trainingSeconds: 2, last: metrics, best: metrics };

function displayOn(terminal: ReturnType<typeof memoryTerminal>, progress: Progress, quiet = false, evaluatedCount = 0): TrainingDisplay {
  return new TrainingDisplay({ terminal, engine: { progress: () => progress }, plan, evaluatedCount, say: (line) => terminal.write(`${line}\n`), quiet });
}

/** What the last redrawn line shows. */
function visible(text: string): string {
  return stripVTControlCharacters(text.slice(text.lastIndexOf('\r') + 1));
}

describe('on a terminal', () => {
  test('one line is redrawn ten times a second: epoch, step, loss, accuracy, speed, time left', () => {
    const terminal = memoryTerminal({ interactive: true, columns: 120 });
    const progress = { steps: 2, images: 20, loss: 10, correct: 15 };
    const display = displayOn(terminal, progress);
    const state = { ...initialState(), stepInEpoch: 3, step: 3, sums: { images: 30, loss: 40, correct: 10 }, trainedImages: 30 };
    display.epochStarted(state);
    vi.advanceTimersByTime(1000);
    expect(terminal.text.match(/\r/g)).toHaveLength(10);
    // 20 images in one second; 3 × 95 - 50 are left
    expect(visible(terminal.text)).toBe('epoch 1/3  ━━━━━━──────  step 5/10  loss 1.0000  accuracy 50.00 %  20 images/s  11.8 s left');
    display.evaluating();
    vi.advanceTimersByTime(100);
    expect(visible(terminal.text)).toBe('epoch 1/3  evaluating  20 images');
    display.close();
    expect(terminal.text.endsWith('\u001b[?25h')).toBe(true); // the cursor is back
    const { length } = terminal.text;
    vi.advanceTimersByTime(1000);
    expect(terminal.text).toHaveLength(length);
  });

  test('the line never wraps, also when the window shrinks', () => {
    const terminal = memoryTerminal({ interactive: true, columns: 120 });
    const display = displayOn(terminal, { steps: 2, images: 20, loss: 10, correct: 15 });
    display.epochStarted(initialState());
    vi.advanceTimersByTime(100);
    Object.assign(terminal, { columns: 30 });
    vi.advanceTimersByTime(100);
    expect(visible(terminal.text)).toHaveLength(29);
    display.close();
  });

  test('an epoch leaves a line, with a head before the first', () => {
    const terminal = memoryTerminal({ interactive: true, columns: 120 });
    const display = displayOn(terminal, { steps: 0, images: 0, loss: 0, correct: 0 });
    display.epochStarted(initialState());
    vi.advanceTimersByTime(2000);
    display.epochEnded({ metrics, isBest: true, test: { images: 0, loss: 0, correct: 0, predictions: new Int32Array(), probabilities: new Float32Array(), losses: new Float32Array() } }, ended);
    expect(stripVTControlCharacters(terminal.text).split('\n').slice(-3)).toEqual([
      expect.stringContaining('epoch      train loss  accuracy   test loss  accuracy    images/s      time'),
      '1/3            0.5000   80.00 %      0.2500   90.00 % *        48     2.0 s',
      '',
    ]);
    display.close();
  });
});

test.each([['piped', false, false], ['quiet', true, true]])('%s: nothing is redrawn', (_name, interactive, quiet) => {
  const terminal = memoryTerminal({ interactive });
  const display = displayOn(terminal, { steps: 1, images: 10, loss: 1, correct: 1 }, quiet);
  display.epochStarted(initialState());
  vi.advanceTimersByTime(1000);
  display.close();
  expect(terminal.text).toBe('');
});

describe('the prediction: a line that stays, once', () => {
  const slow = { steps: 3, images: 30, loss: 1, correct: 1 };

  test('after the first steps, before a stretch of them is done; evaluation is taken for three times as fast', () => {
    const terminal = memoryTerminal();
    const display = displayOn(terminal, slow, false, 90);
    display.epochStarted(initialState());
    vi.advanceTimersByTime(900);
    expect(terminal.text).toBe('');
    // After 1 s 30 images a second: 95 trained and 90 evaluated an epoch are 95 / 30 + 90 / 90 s; 30 of 3 × 95 are done.
    vi.advanceTimersByTime(5000);
    expect(terminal.text).toBe('time     about 4.2 s an epoch, 11.5 s for 3 epochs, by the speed of the first steps\n');
    display.close();
  });

  test('from the first stretches, where these are short', () => {
    const terminal = memoryTerminal();
    const display = displayOn(terminal, { ...slow, steps: 0, images: 0 });
    const state = (images: number): TrainingState => ({ ...initialState(), step: images / 10, stepInEpoch: images / 10, trainedImages: images, sums: { images, loss: 1, correct: 1 } });
    display.epochStarted(initialState());
    vi.advanceTimersByTime(400);
    display.advanced(state(10));
    vi.advanceTimersByTime(1600);
    expect(terminal.text).toBe('');
    display.advanced(state(40));
    // 40 images in 2 s; 285 - 40 are left.
    expect(terminal.text).toBe('time     about 4.8 s an epoch, 12.3 s for 3 epochs, by the speed of the first steps\n');
    display.advanced(state(50));
    display.close();
    expect(terminal.text.match(/time/g)).toHaveLength(1);
  });

  test('above the line that is redrawn, on a terminal', () => {
    const terminal = memoryTerminal({ interactive: true, columns: 120 });
    const display = displayOn(terminal, slow);
    display.epochStarted(initialState());
    vi.advanceTimersByTime(1100);
    expect(stripVTControlCharacters(terminal.text)).toMatch(/\rtime {5}about 3\.2 s an epoch, 8\.5 s for 3 epochs, by the speed of the first steps\n\repoch 1\/3/);
    display.close();
  });

  test('not where little is left', () => {
    const terminal = memoryTerminal();
    const display = displayOn(terminal, { ...slow, images: 60 });
    display.epochStarted(initialState());
    vi.advanceTimersByTime(5000);
    display.close();
    expect(terminal.text).toBe('');
  });
});
