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

function displayOn(terminal: ReturnType<typeof memoryTerminal>, progress: Progress, quiet = false): TrainingDisplay {
  return new TrainingDisplay({ terminal, engine: { progress: () => progress }, plan, say: (line) => terminal.write(`${line}\n`), quiet });
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
