/**
 * The loss of a hundred training steps beside PyTorch's: the same weights, images and order, no dropout, a tenth of the usual
 * learning rate. Rounding makes any two traces part; ours may be no further from PyTorch's NCHW than twice as far as its own
 * channels_last is. Needs Python (`EXP_PYTHON`, else python3) with `pip install torch==2.13.0 safetensors numpy`.
 */
import { expect, test } from 'vitest';
import type * as Engines from '../../src/engines/index.ts';
import { loadDataset } from '../../src/datasets/index.ts';
import { initialWeights } from '../../src/network/index.ts';
import { askTorch, networkWithoutDropout } from '../oracle/torch-network.ts';

const { createEngine } = await import(new URL('../../dist/engines/index.js', import.meta.url).href) as typeof Engines;

const steps = 100;

/** Generated digits, so that there is something to learn wherever the test runs. */
const cases: readonly [name: string, file: string, batch: number, overrides: readonly string[]][] = [
  ['DeepConvNet, Adam', 'deepconvnet', 100, ['train.optimizer.adam.lr=1e-4']],
  ['ResNet-20, SGD with momentum and weight decay', 'resnet20-cifar', 32, ['train.optimizer.sgd.lr=0.01']],
];

test.each(cases)('%s', async (name, file, batch, overrides) => {
  const images = `dataset={ synthetic-digits: { train_count: ${steps * batch}, test_count: 1 } }`;
  const { experiment, network } = networkWithoutDropout(`configs/${file}.yaml`, [images, ...overrides]);
  const { train } = await loadDataset(experiment.dataset, { cacheDirectory: '', seed: 1, report: () => undefined });
  const weights = initialWeights(network, experiment.model.initializer, 1);
  const { optimizer } = experiment.train;

  const engine = await createEngine({ network, threads: 2, training: { batchSize: batch, optimizer, seed: 1 } });
  await engine.load(weights);
  const each = <T>(value: T): T[] => Array.from({ length: network.input.channels }, () => value);
  await engine.attach('train', { ...train, ...network.input, mean: each(0), deviation: each(1), augmentation: [], shuffle: false, seed: 1 });
  const learningRates = new Float64Array(steps).fill(Number(optimizer.options['lr']));
  const report = await engine.train('train', { epoch: 0, fromStep: 0, toStep: steps, stepsBefore: 0, learningRates });
  await engine.close();
  const ours = [...report.loss].map((sum) => sum / batch);

  const { channels, height, width } = network.input;
  expect(channels).toBe(1); // pixels in the order that PyTorch wants them
  const inputs = { shape: [train.count, channels, height, width], data: Float32Array.from(train.pixels, (pixel) => pixel / 255) };
  const request = { labels: [...train.labels], steps, batch, optimizer, layouts: ['nchw', 'channels_last'] };
  const traces = askTorch('train', network, request, new Map([...weights, ['images', inputs]])) as Record<'nchw' | 'channels_last', number[]>;

  const apart = (a: readonly number[], b: readonly number[]): number => Math.max(...a.map((value, step) => Math.abs(value - b[step])));
  const theirs = apart(traces.channels_last, traces.nchw), distance = apart(ours, traces.nchw);
  const shown = (value: number): string => value.toExponential(1);
  process.stdout.write(`\n${name}: loss ${ours[0].toFixed(4)} to ${ours[steps - 1].toFixed(4)}; furthest from PyTorch's NCHW: ours ${shown(distance)}, channels_last ${shown(theirs)}\n`);
  expect(ours[steps - 1]).toBeLessThan(ours[0] / 1.5);
  expect(distance).toBeLessThanOrEqual(2 * theirs);
});
