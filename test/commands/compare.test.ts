import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { conv, makeRun, relu, sampleExperiment, sampleSummary, temporaryDirectory } from '../runs/sample.ts';
import { exp } from './process.ts';
import { run } from './execute.ts';

const best = sampleSummary().best!;
const last = sampleSummary().last!;
let root: string;
beforeEach(() => { root = join(temporaryDirectory(), 'runs'); });

/** Three runs: a base, one with another padding and learning rate, one that failed on other data. */
function makeThree(): void {
  makeRun(root, 'base-001');
  makeRun(root, 'other-001', {
    experiment: sampleExperiment(({ model, train }) => { model.layers[6] = conv(32, 1); train.optimizer.options['lr'] = 0.01; }), started: '2026-01-02T10:00:00.000Z',
  }, { best: { ...best, 'test/accuracy': 0.995 }, last: { ...last, 'test/accuracy': 0.99 }, seconds: 3729 });
  makeRun(root, 'failed-001', {
    started: '2026-01-03T10:00:00.000Z', ended: { at: 'x', outcome: 'diverged', message: 'the loss is NaN' },
    data: { configured: 'mnist', actual: 'synthetic-digits', substitution: 'MNIST could not be had' },
  }, 'none');
}

describe('exp compare', () => {
  test('shows figures and the differing settings; marks other data and failures', async () => {
    makeThree();
    const { code, stdout } = await run(['compare', root]);
    expect(code).toBe(0);
    expect(stdout).toBe([
      'run         status      dataset              epochs     best    final    loss  parameters     time  images/s  model.   train.',
      '                                                                                                              layers.  optimizer.',
      '                                                                                                              conv4.   adam.lr',
      '                                                                                                              padding',
      '─'.repeat(129),
      'base-001    completed   random                    3  98.50 %  98.00 %  0.0500       1,234     1:23     8,120  2        0.001',
      'other-001   completed   random                    3  99.50 %  99.00 %  0.0500       1,234  1:02:09     8,120  1        0.01',
      'failed-001  ! diverged  synthetic-digits *!       -        -        -       -           -        -         -  2        0.001',
      '',
      '* another dataset than random (synthetic-digits): accuracies cannot be compared',
      '! not the configured data: failed-001 trained on synthetic-digits in its place',
      'best: the best epoch, chosen on the test images, so a little too good; final: after the last epoch',
      '',
    ].join('\n'));
  });

  test.each([80, 120])('keeps to %i columns, with what matters most, and says what it left out', async (columns) => {
    makeThree();
    const { stdout } = await run(['compare', root], { columns });
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(columns);
    const table = stdout.split('\n\n')[0];
    for (const text of ['run', 'status', 'best', 'final', 'synthetic', '*!', '! diverged', '99.50 %', 'conv4.', 'padding']) expect(table).toContain(text);
    if (columns === 80) expect(stdout).toMatch(/not shown: images\/s, time, parameters, loss/);
    expect((await run(['compare', root, '--all'], { columns })).stdout).toBe((await run(['compare', root])).stdout);
  });

  const order = async (...words: string[]): Promise<string[]> => JSON.parse((await run(['compare', root, '--json', ...words])).stdout).runs.map((each: { run: string }) => each.run);

  test('sorts by figures and settings, the best first, missing ones last', async () => {
    makeThree();
    expect(await order()).toEqual(['base-001', 'other-001', 'failed-001']);
    expect(await order('--sort-by', 'best')).toEqual(['other-001', 'base-001', 'failed-001']);
    expect(await order('--sort-by', 'best', '--sort-order', 'asc')).toEqual(['base-001', 'other-001', 'failed-001']);
    expect(await order('--sort-by', 'time')).toEqual(['base-001', 'other-001', 'failed-001']);
    expect(await order('--sort-by', 'test/accuracy')).toEqual(['other-001', 'base-001', 'failed-001']);
    expect(await order('--sort-by', 'train.optimizer.adam.lr', '--sort-order', 'desc')).toEqual(['other-001', 'base-001', 'failed-001']);
    const wrong = await run(['compare', root, '--sort-by', 'lost']);
    expect(wrong).toMatchObject({ code: 2, stderr: 'there is no column "lost" to sort by\n  did you mean loss?\n' });
  });

  test('as JSON: plain numbers, settings by path, the substitution', async () => {
    makeThree();
    const { runs, settings } = JSON.parse((await run(['compare', root, '--json'])).stdout);
    expect(settings).toEqual(['model.layers.conv4.padding', 'train.optimizer.adam.lr']);
    expect(runs[1]).toMatchObject({ run: 'other-001', status: 'completed', dataset: 'random', epochs: 3, 'best/test/accuracy': 0.995, 'test/loss': 0.05, seconds: 3729 });
    expect(runs[1].settings['train.optimizer.adam.lr']).toBe('0.01');
    expect(runs[2]).toMatchObject({ status: 'diverged', substitution: 'MNIST could not be had' });
  });

  test('as CSV and Markdown', async () => {
    makeThree();
    const csv = (await run(['compare', root, '--csv'])).stdout.split('\r\n');
    expect(csv[0]).toBe('run,status,dataset,epochs,best/test/accuracy,test/accuracy,test/loss,parameters,seconds,images_per_second,substitution,model.layers.conv4.padding,train.optimizer.adam.lr');
    expect(csv[3]).toBe('failed-001,diverged,synthetic-digits,,,,,,,,MNIST could not be had,2,0.001');
    const md = (await run(['compare', root, '--md'])).stdout.split('\n');
    expect(md[1]).toMatch(/^\| --- \| --- \| --- \| ---: \|/);
    expect(md[3]).toContain('| other-001 | completed | random | 3 | 99.50 % | 99.00 % |');
    expect((await run(['compare', root, '--md', '--csv'])).code).toBe(2);
  });

  test('an unexpanded pattern, names, numbers and words select the same runs', async () => {
    makeThree();
    const selected = async (...words: string[]): Promise<string[]> => JSON.parse((await run(['compare', ...words, '--out', root, '--json'])).stdout).runs.map((each: { run: string }) => each.run);
    expect(await selected(join(root, '*'))).toEqual(['base-001', 'failed-001', 'other-001']);
    expect(await selected('other', '1', 'latest')).toEqual(['other-001', 'base-001', 'failed-001']);
  });

  test('a layer put in is one setting; no setting is shown where runs agree', async () => {
    makeRun(root, 'a-001');
    makeRun(root, 'a-002', { experiment: sampleExperiment(({ model }) => { model.layers.splice(4, 0, { type: 'batchnorm', options: { epsilon: 1e-5, momentum: 0.1 } }, relu); }) });
    expect(JSON.parse((await run(['compare', root, '--json'])).stdout).settings).toEqual(['model.layers']);
  });

  test('no runs: says how to get some', async () => {
    mkdirSync(root, { recursive: true });
    expect(await run(['compare', '--out', root])).toMatchObject({ code: 2, stderr: expect.stringContaining('exp run configs/quickstart.yaml makes one') });
  });

  test('500 runs at once (how long it takes: bench/README.md)', async () => {
    const layers = Array.from({ length: 20 }, () => [conv(64), relu]).flat();
    for (let index = 0; index < 500; index++) {
      const experiment = sampleExperiment(({ model, train, ...rest }) => {
        model.layers.splice(index % 7, 0, ...layers, ...(index % 3 ? [relu] : []));
        train.optimizer.options['lr'] = index / 1000;
        Object.assign(rest, { seed: index });
      });
      makeRun(root, `many-${String(index).padStart(3, '0')}`, { experiment });
    }
    const { code, stdout } = await exp(['compare', `${root}/*`, '--sort-by', 'best'], root);
    expect({ code, rows: stdout.split('\n').filter((line) => line.startsWith('many-')).length }).toEqual({ code: 0, rows: 500 });
  });
});
