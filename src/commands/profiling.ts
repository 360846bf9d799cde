/**
 * Measures a training without its data: a few steps on noise, once as training runs, for its speed, and once with every kernel
 * call timed, for where the time goes. The learning rate is 0: nothing can diverge, and the arithmetic is the same.
 */
import { createDefaultEngine, prepareEngine } from '../api/prepare.ts';
import { describeNumberOf } from '../common/describe.ts';
import { runFailure } from '../common/problem.ts';
import { sizeOf } from '../common/shape.ts';
import type { LoadedDataset } from '../datasets/dataset.ts';
import { datasetFacts, loadDataset } from '../datasets/index.ts';
import type { Engine, EngineRecord, WorkTime } from '../engines/engine.ts';
import { initialWeights } from '../network/index.ts';
import { sumOf } from '../network/summary.ts';
import type { NetworkSummary } from '../network/summary.ts';
import { predictSeconds } from '../training/prediction.ts';
import type { Subject } from './subject.ts';

export interface ProfileRequest {
  threads: number;
  /** Absent: as many as take about two seconds. */
  steps?: number;
  report(line: string): void;
}

export interface Profile {
  engine: EngineRecord;
  threads: number;
  batchSize: number;
  /** Measured steps, without those that warm up. */
  steps: number;
  /** Training and evaluation as they run; training with every call timed. */
  imagesPerSecond: { training: number; evaluation: number; timed: number };
  /** Trained images behind `times`. */
  timedImages: number;
  times: readonly WorkTime[];
  plannedBytes: number;
  /** Of the process, after training as it runs; the generated images included. */
  peakBytes: number;
  /** Absent where only the data tells how many images there are. */
  prediction?: Prediction;
}

export interface Prediction {
  trainCount: number;
  testCount: number;
  validationCount: number;
  epochs: number;
  /** Training of an epoch, its evaluation, all epochs with their evaluations. */
  trainingSeconds: number;
  evaluationSeconds: number;
  totalSeconds: number;
  /** What the images of the dataset take in memory. */
  datasetBytes: number;
}

const wantedSeconds = 2;
/** The first step touches memory for the first time, and takes longer. */
const warmSeconds = 0.2;
const evaluationSeconds = 0.5;

export async function profile(subject: Subject, { threads, steps, report }: ProfileRequest): Promise<Profile> {
  const { experiment, network } = subject;
  const dataset = await createImages(subject);
  const batchSize = experiment.train.batch_size;
  const open = <T>(timed: boolean, use: (engine: Engine) => Promise<T>): Promise<T> => withEngine(subject, dataset, { threads, timed }, use);

  report('measuring training and evaluation as they run');
  const plain = await open(false, async (engine) => {
    const training = await measureTraining(engine, dataset, batchSize, steps);
    return { training, evaluation: await measureEvaluation(engine, steps === undefined ? evaluationSeconds : 0), engine: engine.record, plannedBytes: engine.memoryBytes };
  });
  const peakBytes = 1024 * process.resourceUsage().maxRSS;
  const measuredSteps = plain.training.steps;
  report(`measuring every kernel call in ${describeNumberOf(measuredSteps, 'step')} of ${describeNumberOf(batchSize, 'image')}`);
  const timed = await open(true, async (engine) => {
    const training = await measureTraining(engine, dataset, batchSize, measuredSteps);
    return { training, times: engine.takeTimes() };
  });
  const imagesPerSecond = { training: rate(plain.training), evaluation: rate(plain.evaluation), timed: rate(timed.training) };
  const prediction = predict(subject, imagesPerSecond);
  return {
    engine: plain.engine, threads, batchSize, steps: measuredSteps, imagesPerSecond, timedImages: timed.training.images, times: timed.times,
    plannedBytes: plain.plannedBytes, peakBytes, ...(prediction ? { prediction } : {}),
  };

  async function withEngine<T>(of: Subject, images: LoadedDataset, how: { threads: number; timed: boolean }, use: (engine: Engine) => Promise<T>): Promise<T> {
    const engine = await prepareEngine({
      experiment: { version: 1, ...of.experiment }, network, dataset: images, threads: how.threads, createEngine: (spec) => createDefaultEngine({ ...spec, timed: how.timed }),
    });
    try {
      await engine.load(initialWeights(network, experiment.model.initializer, experiment.seed));
      return await use(engine);
    } finally {
      await engine.close();
    }
  }
}

/** Only the layers that time was spent on: others are done within their neighbours. */
export function timedLayers(summary: NetworkSummary, { times }: Profile): NetworkSummary {
  const spent = new Set(layerTimes(times).filter(({ seconds }) => seconds.some((each) => each > 0)).map(({ layer }) => layer));
  return { ...summary, layers: summary.layers.filter(({ name }) => spent.has(name)) };
}

/** What layers do in training: their passes, but for the loss. */
export function layerTimes(times: readonly WorkTime[]): WorkTime[] {
  return times.filter(({ program, pass }) => program === 'train' && pass !== 'loss');
}

interface Measured {
  images: number;
  seconds: number;
}

const rate = ({ images, seconds }: Measured): number => images / seconds;

/** Enough to be drawn in another order each time, little enough to be made in no time. */
const mostBatches = 20;
const mostBytes = 8 * 2 ** 20;

function createImages({ network: { input, classes }, experiment: { train } }: Subject): Promise<LoadedDataset> {
  const batches = Math.max(1, Math.min(mostBatches, Math.floor(mostBytes / (train.batch_size * sizeOf(input)))));
  const count = batches * train.batch_size;
  const options = { shape: [input.channels, input.height, input.width], classes, seed: 1, validation: 0, train_count: count, test_count: count };
  return loadDataset({ type: 'random', options }, { cacheDirectory: '', seed: 1, report: () => {} });
}

/** Whole steps; the first ones warm up, unless the very first takes as long as is wanted. */
async function measureTraining(engine: Engine, { train }: LoadedDataset, batchSize: number, wanted: number | undefined): Promise<Measured & { steps: number }> {
  const stepsPerEpoch = train.count / batchSize;
  let done = 0;
  const first = await trainSteps(1);
  if (wanted === undefined && first.seconds >= wantedSeconds) return { ...first, steps: 1 };
  const warm = first.seconds < warmSeconds ? await trainSteps(Math.ceil(warmSeconds / first.seconds)) : first;
  const steps = wanted ?? Math.ceil((wantedSeconds * rate(warm)) / batchSize);
  engine.takeTimes();
  return { ...await trainSteps(steps), steps };

  async function trainSteps(count: number): Promise<Measured> {
    const began = performance.now();
    for (let left = count; left > 0; ) {
      const fromStep = done % stepsPerEpoch;
      const toStep = Math.min(stepsPerEpoch, fromStep + left);
      const { diverged } = await engine.train('train', {
        epoch: Math.floor(done / stepsPerEpoch), fromStep, toStep, stepsBefore: done, learningRates: new Float64Array(toStep - fromStep),
      });
      if (diverged) throw divergence(diverged.what);
      done += toStep - fromStep;
      left -= toStep - fromStep;
    }
    return { images: count * batchSize, seconds: (performance.now() - began) / 1000 };
  }
}

/** Weights as the initializer makes them, and noise: what is not finite here would hardly be in training. */
function divergence(what: string): Error {
  return runFailure({ code: 'diverged', message: `with its initial weights the network gives numbers that are not finite: ${what}`, fix: 'choose another model.initializer, or add batchnorm' });
}

/** At least once, for so many seconds; the first time warms up, unless it takes as long. */
async function measureEvaluation(engine: Engine, wanted: number): Promise<Measured> {
  const first = await evaluate();
  if (wanted > 0 && first.seconds >= wanted) return first;
  const total = { images: 0, seconds: 0 };
  do {
    const { images, seconds } = await evaluate();
    total.images += images;
    total.seconds += seconds;
  } while (total.seconds < wanted);
  return total;

  async function evaluate(): Promise<Measured> {
    const began = performance.now();
    const { images } = await engine.evaluate('test');
    return { images, seconds: (performance.now() - began) / 1000 };
  }
}

function predict({ experiment: { dataset, train }, network: { input } }: Subject, speed: { training: number; evaluation: number }): Prediction | undefined {
  const { trainCount, testCount } = datasetFacts(dataset);
  if (trainCount === undefined || testCount === undefined) return undefined;
  const validationCount = Number(dataset.options['validation'] ?? 0);
  const evaluated = testCount + validationCount;
  const trainingSeconds = predictSeconds({ train: trainCount, evaluated: 0 }, speed);
  const ofEvaluation = predictSeconds({ train: 0, evaluated }, speed);
  return {
    trainCount, testCount, validationCount, epochs: train.epochs, trainingSeconds, evaluationSeconds: ofEvaluation,
    totalSeconds: train.epochs * (trainingSeconds + ofEvaluation), datasetBytes: (trainCount + evaluated) * sizeOf(input),
  };
}

/** Seconds of all threads together. */
export function threadSeconds(times: readonly WorkTime[]): number {
  return sumOf(times, ({ seconds }) => sumOf(seconds, (each) => each));
}
