import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { createModel, createSplit, encodeTensors, loadExperiment, UserError } from '../../src/index.ts';
import type { Experiment, LayerEntry, Model, Tensors } from '../../src/index.ts';

const tiny = fileURLToPath(new URL('../commands/fixtures/tiny.yaml', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'exp-api-'));

const open: Model[] = [];
afterEach(async () => { for (const model of open.splice(0)) await model.close(); });

function modelOf(experiment: Experiment, threads = 2): Model {
  const model = createModel(experiment, { threads });
  open.push(model);
  return model;
}

/** Images of 2 channels, 2×3, in 3 classes. */
function smallExperiment(layers: LayerEntry[]): Experiment {
  const { experiment } = loadExperiment({ file: tiny });
  return { ...experiment, dataset: { type: 'random', options: { shape: [2, 2, 3], classes: 3, train_count: 8, test_count: 4 } }, augmentation: [], model: { ...experiment.model, layers } };
}

const dense: LayerEntry = { type: 'dense', options: { units: 3, bias: true } };

describe('forward', () => {
  test('a dense layer on NCHW numbers, by hand', async () => {
    const model = modelOf(smallExperiment([dense]));
    const weight = Float32Array.from({ length: 36 }, (_, index) => (index % 12 === 0 ? 1 : 0) + (index === 13 ? 10 : 0)); // each class sees pixel 0, class 1 also 10 × pixel 1
    await model.setWeights(new Map([['dense1.weight', { shape: [3, 12], data: weight }], ['dense1.bias', { shape: [3], data: new Float32Array([0.5, 0, -1]) }]]));
    const images = Float32Array.from({ length: 24 }, (_, index) => index);
    const { shape, data } = await model.forward(images);
    expect(shape).toEqual([2, 3]);
    expect([...data]).toEqual([0.5, 0 + 10 * 1, -1, 12.5, 12 + 10 * 13, 11]);
  });

  test('NHWC is the same images in another order', async () => {
    const model = modelOf(smallExperiment([dense]));
    const channelsFirst = Float32Array.from({ length: 24 }, (_, index) => Math.fround(Math.sin(index)));
    const pixels = [0, 1].flatMap((image) => [0, 1, 2, 3, 4, 5].map((cell) => ({ image, cell })));
    const channelsLast = Float32Array.from(pixels.flatMap(({ image, cell }) => [0, 1].map((channel) => channelsFirst[(image * 2 + channel) * 6 + cell])));
    expect(await model.forward(channelsLast, 'NHWC')).toEqual(await model.forward(channelsFirst));
  });

  test('numbers that are no whole images are refused', async () => {
    const model = modelOf(smallExperiment([dense]));
    await expect(model.forward(new Float32Array(13))).rejects.toThrow('13 numbers are no whole images of 2×2×3 = 12');
    await expect(model.forward(new Float32Array(0))).rejects.toThrow('0 numbers are no whole images');
  });
});

describe('activations', () => {
  test('have the shapes of their layers and fit together', async () => {
    const { experiment } = loadExperiment({ file: tiny });
    const model = modelOf(experiment);
    const images = model.normalize(Uint8Array.from({ length: 2 * 784 }, (_, index) => index % 256));
    const seen = await model.activations(images, ['conv1', 'relu1', 'maxpool1', 'dense1']);
    expect([...seen].map(([name, { shape }]) => [name, shape])).toEqual([
      ['conv1', [2, 4, 28, 28]], ['relu1', [2, 4, 28, 28]], ['maxpool1', [2, 4, 7, 7]], ['dense1', [2, 12]], ['output', [2, 10]],
    ]);
    const rectified = seen.get('relu1')!.data;
    expect(rectified.some((value) => value > 0)).toBe(true);
    expect(rectified.every((value) => value >= 0)).toBe(true);
    const corner = Math.max(...[0, 1, 2, 3].flatMap((y) => [0, 1, 2, 3].map((x) => rectified[y * 28 + x])));
    expect(seen.get('maxpool1')!.data[0]).toBe(corner);
    expect(seen.get('output')).toEqual(await model.forward(images));
  });

  test('a layer that is not there is named, with those that are', async () => {
    const model = modelOf(smallExperiment([dense]));
    const error: unknown = await model.activations(new Float32Array(12), ['conv7']).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ problems: [{ code: 'unknown-layer', message: 'there is no layer conv7', fix: 'there are: input, dense1' }] });
  });
});

describe('weights', () => {
  test('saved and loaded, the model gives the same', async () => {
    const { experiment } = loadExperiment({ file: tiny });
    const [first, second] = [modelOf(experiment), modelOf({ ...experiment, seed: 99 })];
    const images = first.normalize(new Uint8Array(784).fill(200));
    const expected = await first.forward(images);
    expect(await second.forward(images)).not.toEqual(expected);
    const file = join(directory, 'tiny.safetensors');
    first.saveWeights(file);
    await second.loadWeights(file);
    expect(await second.forward(images)).toEqual(expected);
  });

  test('every tensor that is missing, unknown or of another shape is told at once; nothing is changed', async () => {
    const model = modelOf(smallExperiment([dense]));
    const before: Tensors = model.weights;
    const wrong: Tensors = new Map([
      ['dense1.weight', { shape: [3, 5], data: new Float32Array(15) }],
      ['dense2.bias', { shape: [1], data: new Float32Array(1) }],
      ['bn.num_batches_tracked', { shape: [], data: new Float32Array(1) }],
    ]);
    const file = join(directory, 'wrong.safetensors');
    writeFileSync(file, Buffer.concat(encodeTensors(wrong)));
    const error: unknown = await model.loadWeights(file).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(UserError);
    expect(error instanceof UserError && error.problems.map(({ message }) => message)).toEqual([
      `dense1.weight is [3, 5] in ${file}, the network needs [3, 12]`, `${file} holds no dense1.bias [3]`, `${file} holds dense2.bias, which the network does not have`,
    ]);
    expect(model.weights).toBe(before);
  });

  test('a file that is no safetensors is refused with its name', async () => {
    const model = modelOf(smallExperiment([dense]));
    await expect(model.loadWeights(tiny)).rejects.toThrow(/tiny\.yaml cannot be read: its header claims/);
    await expect(model.loadWeights(join(directory, 'absent'))).rejects.toThrow(/absent cannot be read: no such file/);
  });
});

describe('training', () => {
  test('tells every epoch and step and leaves the trained weights; the same bits for any number of threads', async () => {
    const { experiment } = loadExperiment({ file: tiny });
    const results = [];
    for (const threads of [1, 2, 3]) {
      const model = modelOf(experiment, threads);
      const epochs: number[] = [];
      let steps = 0;
      const result = await model.train({ observer: { stepped: () => { steps++; }, epochEnded: ({ metrics }) => { epochs.push(metrics['test/accuracy']); } } });
      expect({ outcome: result.outcome, steps, epochs: epochs.length }).toEqual({ outcome: 'completed', steps: 3 * 21, epochs: 3 });
      results.push({ epochs, weights: model.weights });
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  test('learns, on images of one\'s own; evaluation agrees with training\'s', async () => {
    const shape = { channels: 2, height: 2, width: 3 };
    const split = createSplit(shape, 30);
    split.labels.forEach((_, index) => { split.labels[index] = index % 3; });
    split.pixels.forEach((_, index) => { split.pixels[index] = Math.floor(index / 12) % 3 === index % 3 ? 255 : 0; });
    const experiment = smallExperiment([dense]);
    const model = modelOf({ ...experiment, train: { ...experiment.train, epochs: 20, schedule: { type: 'constant', options: { warmup_epochs: 0, warmup_steps: 0 } } } });
    const dataset = { shape, classes: 3, classNames: ['a', 'b', 'c'], trainCount: 30, testCount: 30, train: split, test: split, hashes: {}, actual: 'stripes' };
    const result = await model.train({ dataset });
    const evaluation = await model.evaluate(split);
    expect(evaluation.correct).toBe(30);
    expect(result.outcome === 'completed' && result.test.loss).toBe(evaluation.loss);
  });

  test('stopped by a signal, it keeps what it learnt', async () => {
    const { experiment } = loadExperiment({ file: tiny });
    const model = modelOf(experiment);
    const controller = new AbortController();
    const before = model.weights;
    const result = await model.train({ signal: controller.signal, observer: { epochEnded: () => controller.abort() } });
    expect(result).toMatchObject({ outcome: 'stopped', state: { epoch: 1 } });
    expect(model.weights).not.toEqual(before);
  });
});
