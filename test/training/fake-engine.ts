/**
 * An engine of a few numbers that obeys the contract exactly: what a step does depends on weights, epoch, step and
 * learning rate alone. For tests of all that surrounds an engine.
 */
import type { Engine, Evaluation, ImageSource, StepReports, TrainRequest } from '../../src/engines/engine.ts';
import type { Tensors } from '../../src/common/tensor.ts';

export interface FakeEngine extends Engine {
  /** Steps after which `stop` is called from inside a step, counted over the engine's life. */
  stopAfter?: number;
  /** The step (over all epochs, from 0) whose loss is not finite. */
  divergeAt?: number;
  requests: TrainRequest[];
}

export function createFakeEngine(batchSize: number, numerics = 'fake'): FakeEngine {
  let weight = new Float32Array([1, -0.5, 0.25]);
  let moment = new Float32Array(3);
  const sources = new Map<string, ImageSource>();
  let stopped = false;
  let done = 0;

  function step(epoch: number, index: number, lr: number): number {
    let loss = 0;
    for (let i = 0; i < weight.length; i++) {
      const gradient = weight[i] + Math.fround(((epoch * 31 + index * 7 + i * 3) % 11) / 11 - 0.5);
      moment[i] = 0.9 * moment[i] + gradient;
      weight[i] = weight[i] - lr * moment[i];
      loss += weight[i] * weight[i];
    }
    return loss;
  }

  function train(request: TrainRequest): StepReports {
    engine.requests.push(request);
    stopped = false;
    const count = sources.get('train')!.count;
    const steps = request.toStep - request.fromStep;
    const reports = { steps: 0, images: new Int32Array(steps), loss: new Float64Array(steps), correct: new Int32Array(steps), gradientNorm: new Float64Array(steps).fill(NaN) };
    for (let i = 0; i < steps && !stopped; i++) {
      if (engine.divergeAt === request.stepsBefore + i) return { ...reports, diverged: { step: request.fromStep + i, what: 'the loss is NaN' } };
      const index = request.fromStep + i;
      const images = Math.min(batchSize, count - index * batchSize);
      reports.images[i] = images;
      reports.loss[i] = images * step(request.epoch, index, request.learningRates[i]);
      reports.correct[i] = Math.floor(images * Math.abs(Math.sin(weight[0] * 100)));
      reports.steps++;
      if (++done === engine.stopAfter) stopped = true;
    }
    return reports;
  }

  function evaluate(name: string): Evaluation {
    const { count, labels } = sources.get(name)!;
    const predictions = Int32Array.from(labels, (label, index) => (Math.sin(index * weight[1] * 1000) > -0.2 ? label : (label + 1) % 10));
    const correct = predictions.filter((prediction, index) => prediction === labels[index]).length;
    return { images: count, loss: Math.abs(weight[2]), correct, predictions, probabilities: new Float32Array(count).fill(0.75), losses: new Float32Array(count).fill(0.5) };
  }

  const engine: FakeEngine = {
    requests: [],
    record: { name: 'fake', numerics, details: {} },
    memoryBytes: 24,
    load: async (tensors) => {
      weight = Float32Array.from(tensors.get('layer.weight')?.data ?? weight);
      moment = Float32Array.from(tensors.get('sgd.moment/layer.weight')?.data ?? new Float32Array(3));
    },
    save: async () => {
      const model: Tensors = new Map([['layer.weight', { shape: [3], data: weight.slice() }]]);
      const optimizer: Tensors = new Map([['sgd.moment/layer.weight', { shape: [3], data: moment.slice() }]]);
      return { model, optimizer };
    },
    attach: async (name, source) => { sources.set(name, source); },
    train: async (_source, request) => train(request),
    evaluate: async (name) => evaluate(name),
    forward: async () => new Map(),
    progress: () => ({ steps: 0, images: 0, loss: 0, correct: 0 }),
    stop: () => { stopped = true; },
    takeTimes: () => [],
    close: async () => {},
  };
  return engine;
}

export function fakeImages(count: number): ImageSource {
  return {
    pixels: new Uint8Array(count), labels: Int32Array.from({ length: count }, (_, index) => index % 10), count,
    channels: 1, height: 1, width: 1, mean: [0], deviation: [1], augmentation: [], shuffle: false, seed: 1,
  };
}

/** With `train` and `test` attached: 95 and 50 images. */
export async function readyEngine(batchSize = 10, numerics?: string): Promise<FakeEngine> {
  const engine = createFakeEngine(batchSize, numerics);
  await engine.attach('train', fakeImages(95));
  await engine.attach('test', fakeImages(50));
  return engine;
}
