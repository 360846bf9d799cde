/** Every file in configs/ is trained: two steps on four images, an evaluation, and what a run leaves behind. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadExperiment } from '../../src/config/index.ts';
import { datasetFacts } from '../../src/datasets/index.ts';
import { run } from '../commands/execute.ts';

const out = mkdtempSync(join(tmpdir(), 'exp-configurations-'));
afterAll(() => rmSync(out, { recursive: true, force: true }));

const files = readdirSync('configs').filter((file) => file.endsWith('.yaml'));

/** Noise: four images of the right shape to train on and two to test on. A rate meant for hundreds of images a step is too large for two. */
function twoSteps(file: string): string[] {
  const { dataset, train } = loadExperiment({ file, environment: {} }).experiment;
  const { shape: { channels, height, width }, classes } = datasetFacts(dataset);
  const few = `dataset={ random: { shape: [${channels}, ${height}, ${width}], classes: ${classes}, train_count: 4, test_count: 2 } }`;
  return [few, 'train.epochs=1', 'train.batch_size=2', `train.optimizer.${train.optimizer.type}.lr=1e-5`];
}

test.each(files)('%s', async (name) => {
  const file = join('configs', name);
  const { code, stderr } = await run(['run', file, '--out', out, ...twoSteps(file)]);
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  const directory = join(out, readdirSync(out).find((each) => each === `${name.replace('.yaml', '')}-001`)!);
  const summary: unknown = JSON.parse(readFileSync(join(directory, 'summary.json'), 'utf8'));
  expect(summary).toMatchObject({ epoch: 1, last: { step: 2, 'train/loss': expect.any(Number) as number, 'test/loss': expect.any(Number) as number } });
  // A network of 140 million parameters leaves gigabytes behind.
  rmSync(directory, { recursive: true });
});
