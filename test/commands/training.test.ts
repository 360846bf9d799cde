/** `exp run`, `resume`, `eval` and `predict` in processes of their own: what they print, leave behind and exit with. */
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import sharp from 'sharp';
import { createModel, loadExperiment } from '../../src/index.ts';
import { readWeights } from '../../src/runs/checkpoints.ts';
import { runThroughKills } from './kill.ts';
import { exp, fingerprint, sleep, start, tiny, workplace } from './process.ts';
import type { Ended } from './process.ts';

const minute = 60_000;
let directory: string;
let first: Ended;
let undisturbed: Record<string, string>;

beforeAll(async () => {
  directory = workplace();
  first = await exp(['run', tiny, '--json'], directory);
  undisturbed = fingerprint(join(directory, 'runs/tiny-001'));
}, minute);

describe('exp run', () => {
  test('says what it trains, a line an epoch, the result and what to type next', () => {
    expect(first).toMatchObject({ code: 0 });
    const lines = first.stderr.trimEnd().split('\n');
    expect(lines.slice(0, 4)).toEqual([
      'network  tiny: 3 layers with weights, 2,542 parameters, 31 k multiply-adds an image',
      'data     synthetic-digits: 330 training and 100 test images, 10 classes',
      expect.stringMatching(/^engine {3}wasm \(.*\), \d+ threads?, [\d.]+ [kM]B$/),
      'run      runs/tiny-001',
    ]);
    expect(lines[5]).toMatch(/^epoch +train loss +accuracy +test loss +accuracy +images\/s +time$/);
    for (const [index, line] of lines.slice(6, 9).entries()) {
      expect(line.startsWith(`${index + 1}/3 `)).toBe(true);
      expect(line.slice(3)).toMatch(/^ +\d\.\d{4} +\d+\.\d\d % +\d\.\d{4} +\d+\.\d\d % [* ] +[\d,]+ +[\d.]+ s$/);
    }
    expect(lines.slice(10)).toEqual([
      expect.stringMatching(/^test accuracy \d+\.00 % on all 100 images, loss \d\.\d{4}, after epoch 3$/),
      expect.stringMatching(/^best epoch [123]: \d+\.00 % \(\*; chosen on the test images, so a little too good\)$/),
      '',
      expect.stringMatching(/^run {6}runs\/tiny-001 \([\d.]+ s\)$/),
      'next     exp compare runs/*',
      '         exp predict tiny-001 IMAGE.png',
    ]);
  });

  test('prints the summary with --json, and nothing else on stdout', () => {
    expect(JSON.parse(first.stdout)).toMatchObject({
      run: 'tiny-001', path: 'runs/tiny-001', epoch: 3, epochs: 3, parameters: 2542, dataset: 'synthetic-digits', best_chosen_on: 'test', last: { epoch: 3, step: 63 },
    });
  });

  test('leaves the files of a run; the configuration runs again to the same bits', async () => {
    const run = join(directory, 'runs/tiny-001');
    expect(readdirSync(run).sort()).toEqual([
      'checkpoints', 'config.source.yaml', 'config.yaml', 'log.txt', 'metrics.csv', 'overrides.yaml', 'predictions.csv', 'run.json', 'steps.jsonl', 'summary.json',
    ]);
    expect(readFileSync(join(run, 'config.source.yaml'), 'utf8')).toBe(readFileSync(tiny, 'utf8'));
    expect(readFileSync(join(run, 'log.txt'), 'utf8')).toBe(first.stderr);
    const again = workplace();
    expect(await exp(['run', join(run, 'config.yaml'), '--threads', '1', '-q'], again)).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
    expect(fingerprint(join(again, 'runs/tiny-001'))).toEqual(undisturbed);
  }, minute);

  test('trains to the same bits as the public API', async () => {
    const model = createModel(loadExperiment({ file: tiny }).experiment, { threads: 2 });
    await model.train();
    expect(model.weights).toEqual(readWeights(join(directory, 'runs/tiny-001/checkpoints/last.safetensors')).tensors);
    await model.close();
  });

  test('--dry-run tells memory and work, and writes nothing', async () => {
    const empty = workplace();
    const { code, stderr } = await exp(['run', tiny, '--dry-run', '--threads', '2'], empty);
    expect(code).toBe(0);
    expect(stderr.trimEnd().split('\n')).toEqual([
      expect.stringContaining('2,542 parameters'),
      expect.stringMatching(/^memory {3}[\d.]+ MB with 16 images a step on 2 threads, the dataset not counted$/),
      // 30,696 forward: 330 images trained at three times that and 100 evaluated, in 3 epochs.
      expect.stringMatching(/^work {5}92 k multiply-adds for each image that is trained on, 33 M an epoch, 100 M for 3 epochs$/),
    ]);
    expect(readdirSync(empty)).toEqual([]);
  });

  test('a loss that is not finite: exit 1, status diverged, resuming is refused', async () => {
    const place = workplace();
    writeFileSync(join(place, 'wild.yaml'), readFileSync(tiny, 'utf8').replace('name: tiny', 'name: wild').replace(/adam: .*/, 'sgd: { lr: 1e30 } }'));
    const { code, stderr } = await exp(['run', 'wild.yaml'], place);
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringMatching(/training diverged in epoch 1 at step \d+: .*\n.*lower train\.optimizer lr/) });
    expect(JSON.parse((await exp(['ls', '--json'], place)).stdout)).toMatchObject([{ run: 'wild-001', status: 'diverged' }]);
    expect(await exp(['resume', 'latest'], place)).toMatchObject({ code: 2, stderr: expect.stringMatching(/wild-001 diverged, and would again/) });
  }, minute);
});

describe('interrupted', () => {
  test('by Ctrl-C: a checkpoint, what was reached, how to go on; resumed to the same bits', async () => {
    const place = workplace();
    const started = start(['run', tiny, 'train.epochs=20'], place);
    await started.said('\n 1/20');
    started.child.kill('SIGINT');
    const { code, stderr } = await started.ended;
    expect({ code, stderr }).toMatchObject({ code: 130, stderr: expect.stringMatching(/\nrun {6}runs\/tiny-001\nnext {5}exp resume tiny-001\n$/) });
    expect(stderr).toMatch(/\nstopped (in epoch \d+ of 20, at step \d+|after epoch \d+ of 20); best test accuracy so far /);
    expect(JSON.parse((await exp(['ls', '--json'], place)).stdout)).toMatchObject([{ status: 'interrupted' }]);
    expect(existsSync(join(place, 'runs/tiny-001/owner.json'))).toBe(false);
    const resumed = await exp(['resume', 'tiny', '--threads', '3'], place);
    expect(resumed).toMatchObject({ code: 0, stderr: expect.stringMatching(/run {6}runs\/tiny-001, from (step \d+ of epoch \d+|the end of epoch \d+) of 20\n/) });
    const whole = workplace();
    await exp(['run', tiny, 'train.epochs=20', '-q'], whole);
    expect(fingerprint(join(place, 'runs/tiny-001'))).toEqual(fingerprint(join(whole, 'runs/tiny-001')));
  }, minute);

  test.each(['SIGTERM', 'SIGUSR1', 'SIGHUP'] as const)('by %s, in the same way, with exit code 143', async (signal) => {
    const place = workplace();
    const started = start(['run', tiny, 'train.epochs=200'], place);
    await started.said('\n  1/200');
    started.child.kill(signal);
    expect(await started.ended).toMatchObject({ code: 143, stderr: expect.stringContaining(`${signal}: stopping after the step in hand`) });
    expect(readdirSync(join(place, 'runs/tiny-001/checkpoints')).some((name) => name.startsWith('state-'))).toBe(true);
  }, minute);

  test('a second signal leaves at once', async () => {
    const place = workplace();
    const started = start(['run', tiny, 'train.epochs=1000'], place);
    await started.said('\n   1/1000');
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      started.child.kill(signal);
      await sleep(300); // closer together they count as one
    }
    expect((await started.ended).code).toBeOneOf([130, 143]); // the step in hand may end first
  }, minute);

  test('killed three times, once inside a save, and resumed: the same bits', async () => {
    const kills = [{ afterMilliseconds: 40 }, 'inside a save', { afterMilliseconds: 200 }] as const;
    const { fingerprint: found, struck } = await runThroughKills([], kills);
    expect(struck).toBeGreaterThan(0);
    expect(found).toEqual(undisturbed);
  }, minute);
});

describe('exp resume refuses', () => {
  const change = (file: string, edit: (text: string) => string): void => writeFileSync(file, edit(readFileSync(file, 'utf8')));

  async function interruptedRun(): Promise<string> {
    const place = workplace();
    const started = start(['run', tiny, 'train.epochs=1000', '-q'], place);
    while (!existsSync(join(place, 'runs/tiny-001/summary.json')) && started.child.exitCode === null) await sleep(10);
    started.child.kill('SIGKILL');
    await started.ended;
    return place;
  }

  test('what it cannot continue to the same result, and says why', async () => {
    const place = await interruptedRun();
    const config = join(place, 'runs/tiny-001/config.yaml');
    const record = join(place, 'runs/tiny-001/run.json');
    const [goodConfig, goodRecord] = [readFileSync(config, 'utf8'), readFileSync(record, 'utf8')];

    change(config, (text) => text.replace('batch_size: 16', 'batch_size: 17'));
    expect(await exp(['resume', 'latest'], place)).toMatchObject({ code: 2, stderr: expect.stringMatching(/config\.yaml is not what the run began with: train\.batch_size was 16, is 17\n/) });
    writeFileSync(config, goodConfig);

    for (const name of readdirSync(join(place, 'runs/tiny-001/checkpoints'))) writeFileSync(join(place, 'runs/tiny-001/checkpoints', name), 'damaged');
    change(record, (text) => text.replace(/"numerics": ".*"/g, '"numerics": "float64, by hand"'));
    const numerics = await exp(['resume', 'latest'], place);
    expect(numerics).toMatchObject({ code: 2, stderr: expect.stringMatching(/passed over .*state-\d+\.safetensors: .*\n[^]*computed with "float64, by hand", here it would be/) });
    writeFileSync(record, goodRecord);

    expect(await exp(['resume', 'latest'], place, { EXP_KERNELS: 'plain' })).toMatchObject({
      code: 2, stderr: expect.stringMatching(/computed with "float32, fused multiply-add", here it would be "float32, separate multiply and add"\n.*began with (wide|narrow) kernels, these are plain: EXP_KERNELS=\1 exp resume tiny-001 goes on/),
    });
    expect(await exp(['resume', 'latest'], place, { EXP_KERNELS: 'fast' })).toMatchObject({ code: 2, stderr: expect.stringMatching(/EXP_KERNELS is "fast": there are no such kernels\n.*wide, narrow, plain/) });

    change(record, (text) => {
      const content = JSON.parse(text);
      return JSON.stringify({ ...content, identity: { ...content.identity, data: { train: 'other images' } } });
    });
    expect(await exp(['resume', 'latest'], place)).toMatchObject({ code: 2, stderr: expect.stringMatching(/the data is another than it began with/) });
  }, minute);

  test('a completed run, and one that is running', async () => {
    expect(await exp(['resume', 'tiny-001'], directory)).toMatchObject({ code: 2, stderr: expect.stringMatching(/tiny-001 is completed: nothing is left to do/) });
    const place = workplace();
    const started = start(['run', tiny, 'train.epochs=1000'], place);
    await started.said('\n   1/1000');
    expect(await exp(['resume', '1'], place)).toMatchObject({ code: 2, stderr: expect.stringMatching(/tiny-001 is running/) });
    expect(JSON.parse((await exp(['ls', '--json'], place)).stdout)).toMatchObject([{ status: 'running' }]);
    started.child.kill('SIGKILL');
    await started.ended;
    expect(JSON.parse((await exp(['ls', '--json'], place)).stdout)).toMatchObject([{ status: 'interrupted' }]);
  }, minute);
});

describe('exp eval', () => {
  test('gives the figures of the last and of the best epoch again', async () => {
    const summary = JSON.parse(readFileSync(join(directory, 'runs/tiny-001/summary.json'), 'utf8'));
    for (const which of ['last', 'best']) {
      const { code, stdout } = await exp(['eval', 'tiny-001', '--checkpoint', which, '--json'], directory);
      expect({ code, ...JSON.parse(stdout) }).toMatchObject({
        code: 0, run: 'tiny-001', checkpoint: which, epoch: summary[which].epoch, images: 100, 'test/accuracy': summary[which]['test/accuracy'], 'test/loss': summary[which]['test/loss'],
      });
    }
  }, minute);

  test('refuses damaged weights', async () => {
    const place = workplace();
    await exp(['run', tiny, 'train.epochs=1', '-q'], place);
    const file = join(place, 'runs/tiny-001/checkpoints/last.safetensors');
    const bytes = readFileSync(file);
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(file, bytes);
    expect(await exp(['eval', 'latest'], place)).toMatchObject({ code: 2, stderr: expect.stringMatching(/last\.safetensors cannot be read: tensor .* does not match its checksum\n/) });
  }, minute);
});

describe('exp predict', () => {
  test('ranks the classes of every image; all images that cannot be read are told at once', async () => {
    const file = join(directory, 'digit.png');
    await sharp(Buffer.from('<svg width="60" height="60"><rect width="60" height="60" fill="white"/><path d="M30 10 V50" stroke="black" stroke-width="6"/></svg>')).png().toFile(file);
    const { code, stdout } = await exp(['predict', 'latest', 'digit.png', 'digit.png', '--json'], directory);
    const [one, two] = JSON.parse(stdout);
    expect(code).toBe(0);
    expect(two).toEqual(one);
    expect(one.top).toHaveLength(3);
    expect(one.top[0].probability).toBeGreaterThanOrEqual(one.top[1].probability);
    expect(one).toMatchObject({ image: 'digit.png', class: one.top[0].name });
    const table = await exp(['predict', 'latest', 'digit.png'], directory);
    expect(table.stdout).toMatch(/^image +class +probability +then\n─+\ndigit\.png +\d +\d+\.\d\d % +\d \d+\.\d\d %, \d \d+\.\d\d %\n$/);
    writeFileSync(join(directory, 'text.png'), 'no picture');
    const bad = await exp(['predict', 'latest', 'text.png', 'absent.png'], directory);
    expect(bad).toMatchObject({ code: 2, stderr: expect.stringMatching(/text\.png[^]*absent\.png/) });
  }, minute);
});
