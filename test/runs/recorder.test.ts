/** Run directories written with the fake engine: exact resume, every file operation failing once, damaged checkpoints. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { UserError } from '../../src/common/problem.ts';
import type { FileSystem } from '../../src/common/file-system.ts';
import { findCheckpoint, readWeights } from '../../src/runs/checkpoints.ts';
import { RunRecorder } from '../../src/runs/recorder.ts';
import { readRun } from '../../src/runs/runs.ts';
import { tellAll, train } from '../../src/training/training.ts';
import type { Observer, TrainingResult } from '../../src/training/training.ts';
import { faults, faultyFiles } from '../common/faulty-files.ts';
import { readyEngine } from '../training/fake-engine.ts';
import { plan } from '../training/plan.ts';
import { sampleRecord, temporaryDirectory } from './sample.ts';

function newRun(): string {
  const directory = join(temporaryDirectory(), 'tiny-001');
  mkdirSync(join(directory, 'checkpoints'), { recursive: true });
  return directory;
}

interface Interruption {
  /** After this step, in the middle of nothing: as a kill, no checkpoint is written. */
  killAt?: number;
  /** After this step, as by Ctrl-C. */
  stopAt?: number;
  files?: FileSystem;
}

class Killed extends Error {}

/** Trains from the last good checkpoint of the directory, or from the start. */
async function trainIn(directory: string, { killAt, stopAt, files }: Interruption = {}): Promise<TrainingResult> {
  const { checkpoint } = findCheckpoint(join(directory, 'checkpoints'));
  const engine = await readyEngine();
  if (checkpoint) await engine.load(new Map([...checkpoint.model, ...checkpoint.optimizer]));
  const recorder = RunRecorder.open({ directory, record: sampleRecord(), engine, chosenOn: 'test', from: checkpoint, files });
  const controller = new AbortController();
  const done = checkpoint?.state.step ?? 0;
  if (stopAt !== undefined) engine.stopAfter = stopAt - done;
  const interrupt: Observer = {
    stepped({ step }) { if (step === killAt) throw new Killed(); },
    advanced({ step }) { if (step === stopAt) controller.abort(); },
  };
  const result = await train({ engine, plan, observer: tellAll(recorder, interrupt), from: checkpoint?.state, signal: controller.signal });
  if (result.outcome === 'completed') recorder.writePredictions(result.test, Int32Array.from({ length: 50 }, (_, index) => index % 10));
  recorder.end(result.outcome === 'completed' ? 'completed' : 'interrupted');
  return result;
}

/** All files that must be equal, as text or bytes; wall times blanked. */
function contentOf(directory: string): Record<string, unknown> {
  const text = (name: string): string => readFileSync(join(directory, name), 'utf8');
  const { checkpoint, passedOver } = findCheckpoint(join(directory, 'checkpoints'));
  expect(passedOver).toEqual([]);
  const { seconds: _, trainingSeconds: __, last, best, ...state } = checkpoint!.state;
  return {
    metrics: text('metrics.csv').replace(/^(\d+,\d+),[^,]*/gm, '$1'),
    steps: text('steps.jsonl'),
    predictions: text('predictions.csv'),
    summary: { ...JSON.parse(text('summary.json'), (key, value: unknown) => (/second/.test(key) ? 0 : value)) },
    state: { ...state, last: { ...last, seconds: 0 }, best: { ...best, seconds: 0 } },
    model: checkpoint!.model,
    optimizer: checkpoint!.optimizer,
    last: readWeights(join(directory, 'checkpoints', 'last.safetensors')),
    best: readWeights(join(directory, 'checkpoints', 'best.safetensors')),
  };
}

async function undisturbed(): Promise<Record<string, unknown>> {
  const directory = newRun();
  await trainIn(directory);
  return contentOf(directory);
}

test('the files of a run', async () => {
  const directory = newRun();
  await trainIn(directory);
  expect(readdirSync(directory).sort()).toEqual(['checkpoints', 'metrics.csv', 'predictions.csv', 'run.json', 'steps.jsonl', 'summary.json']);
  expect(readdirSync(join(directory, 'checkpoints')).sort()).toEqual(['best.safetensors', 'last.safetensors', 'state-000000020.safetensors', 'state-000000030.safetensors']);
  const [head, first, ...rest] = readFileSync(join(directory, 'metrics.csv'), 'utf8').trimEnd().split('\n');
  expect(head).toBe('epoch,step,seconds,lr,train/loss,train/accuracy,test/loss,test/accuracy');
  expect(first).toMatch(/^1,10,\d+\.\d\d,0\.1,[\d.]+,[\d.]+,[\d.]+,0\.\d+$/);
  expect(rest).toHaveLength(2);
  expect(readFileSync(join(directory, 'predictions.csv'), 'utf8').split('\n')).toHaveLength(52);
  expect(JSON.parse(readFileSync(join(directory, 'steps.jsonl'), 'utf8').split('\n')[0])).toMatchObject({ step: 10, epoch: 1, lr: 0.1 });
  const run = readRun(directory)!;
  expect(run).toMatchObject({ id: 'tiny-001', status: 'completed', summary: { epoch: 3, epochs: 3, last: { epoch: 3, step: 30 }, best_chosen_on: 'test', parameters: 1234, dataset: 'random' } });
  const best = readWeights(join(directory, 'checkpoints', 'best.safetensors'));
  expect(best.metadata['epoch']).toBe(String(run.summary!.best!.epoch));
});

test.each([1, 5, 10, 11, 19, 20, 21, 30])('killed after step %i and resumed: every file as undisturbed', async (killAt) => {
  const directory = newRun();
  await expect(trainIn(directory, { killAt })).rejects.toThrow(Killed);
  await trainIn(directory);
  expect(contentOf(directory)).toEqual(await undisturbed());
});

test('stopped in the middle of an epoch, at its end, then killed, then resumed: every file as undisturbed', async () => {
  const directory = newRun();
  expect(await trainIn(directory, { stopAt: 4 })).toMatchObject({ outcome: 'stopped', state: { epoch: 0, stepInEpoch: 4 } });
  expect(readRun(directory)!.status).toBe('interrupted');
  expect(await trainIn(directory, { stopAt: 20 })).toMatchObject({ outcome: 'stopped', state: { step: 20 } });
  await expect(trainIn(directory, { killAt: 27 })).rejects.toThrow(Killed);
  await trainIn(directory);
  expect(contentOf(directory)).toEqual(await undisturbed());
});

describe.each(faults)('%s at every file operation in turn', (fault) => {
  test('a clear error or none; the run then resumes to every file as undisturbed', async () => {
    const expected = await undisturbed();
    for (let at = 1; ; at++) {
      const directory = newRun();
      const files = faultyFiles(fault, at);
      const error: unknown = await trainIn(directory, { files }).then(() => undefined, (caught: unknown) => caught);
      if (error !== undefined) {
        expect(error).toBeInstanceOf(UserError);
        expect(error).toMatchObject({ exitCode: 1, problems: [{ code: 'write-failed', message: expect.stringContaining(directory) }] });
        await trainIn(directory);
      }
      expect(contentOf(directory), `operation ${at}`).toEqual(expected);
      if (!files.struck) {
        expect(at).toBeGreaterThan(3);
        break;
      }
    }
  });
});

describe('damaged checkpoints', () => {
  const newest = (directory: string): string => join(directory, 'checkpoints', 'state-000000030.safetensors');

  test('the newest is passed over with its reason, and the run goes on from the one before', async () => {
    const directory = newRun();
    await trainIn(directory);
    const expected = contentOf(directory);
    const bytes = readFileSync(newest(directory));
    bytes[bytes.length - 2] ^= 4;
    writeFileSync(newest(directory), bytes);
    expect(findCheckpoint(join(directory, 'checkpoints'))).toMatchObject({
      checkpoint: { state: { step: 20 } }, passedOver: [{ file: newest(directory), reason: expect.stringContaining('does not match its checksum') }],
    });
    await trainIn(directory);
    expect(contentOf(directory)).toEqual(expected);
  });

  test('of 500 flipped bits and 100 truncations none is loaded', async () => {
    const directory = newRun();
    await trainIn(directory);
    const good = readFileSync(newest(directory));
    for (let index = 0; index < 600; index++) {
      copyFileSync(join(directory, 'checkpoints', 'state-000000020.safetensors'), newest(directory));
      writeFileSync(newest(directory), good);
      if (index < 500) {
        const bit = Math.floor((index / 500) * good.length * 8);
        const bytes = Buffer.from(good);
        bytes[bit >> 3] ^= 1 << (bit & 7);
        writeFileSync(newest(directory), bytes);
      } else truncateSync(newest(directory), Math.floor(((index - 500) / 100) * good.length));
      expect(findCheckpoint(join(directory, 'checkpoints')).checkpoint?.state.step).toBe(20);
    }
  });

  test('without any good one there is none, and all reasons are told', async () => {
    const directory = newRun();
    await trainIn(directory);
    for (const name of readdirSync(join(directory, 'checkpoints'))) writeFileSync(join(directory, 'checkpoints', name), 'no tensors here');
    const { checkpoint, passedOver } = findCheckpoint(join(directory, 'checkpoints'));
    expect(checkpoint).toBeUndefined();
    expect(passedOver).toHaveLength(2);
  });

  test('a file that was cut behind the checkpoint is a clear error', async () => {
    const directory = newRun();
    await trainIn(directory, { stopAt: 14 });
    truncateSync(join(directory, 'metrics.csv'), 20);
    await expect(trainIn(directory)).rejects.toThrow(/metrics\.csv: it has 20 bytes where \d+ were written before/);
  });
});

test('figures that are not finite are written as themselves', async () => {
  const directory = newRun();
  const engine = await readyEngine();
  const recorder = RunRecorder.open({ directory, record: sampleRecord(), engine, chosenOn: 'test' });
  const strange = { ...engine, evaluate: async (name: string) => ({ ...(await engine.evaluate(name)), loss: NaN }) };
  await train({ engine: strange, plan, observer: recorder });
  recorder.end('completed');
  expect(readFileSync(join(directory, 'metrics.csv'), 'utf8').split('\n')[1].split(',')[6]).toBe('NaN');
  expect(JSON.parse(readFileSync(join(directory, 'summary.json'), 'utf8')).last['test/loss']).toBe('NaN');
});
