/**
 * From a completed experiment to something that can train: network, images, engine. The command line and the public API
 * both begin here.
 */
import { availableParallelism } from 'node:os';
import { describeBytes } from '../common/describe.ts';
import { permittedMemoryBytes } from '../common/memory.ts';
import { UserError } from '../common/problem.ts';
import { describeShape, sameShape, sizeOf } from '../common/shape.ts';
import type { Experiment } from '../config/experiment.ts';
import { imageSource } from '../data/index.ts';
import type { LoadedDataset } from '../datasets/dataset.ts';
import { datasetFacts, dataLocations, loadDataset } from '../datasets/index.ts';
import type { Engine, EngineSpec, TrainingSpec } from '../engines/engine.ts';
import { buildNetwork } from '../network/index.ts';
import type { Network } from '../network/network.ts';
import type { TrainingPlan } from '../training/training.ts';

export type CreateEngine = (spec: EngineSpec) => Promise<Engine>;
export type Environment = Readonly<Record<string, string | undefined>>;

/** Loaded when needed: the kernels are of no use to `exp validate`. */
export const createDefaultEngine: CreateEngine = async (spec) => (await import('../engines/index.ts')).createEngine(spec);

/** Every shape checked, without any data. Throws UserError with all that does not fit. */
export function prepareNetwork({ dataset, model, train }: Experiment): Network {
  return buildNetwork(model, train.loss, datasetFacts(dataset));
}

/** Threads that compute where nothing is said: all processors. Results do not depend on it. */
export function defaultThreads(): number {
  return availableParallelism();
}

/** Reads, downloads or generates the images. `report` gets lines for a person. */
export async function prepareData(experiment: Experiment, how: { environment: Environment; report(message: string): void; signal?: AbortSignal }): Promise<LoadedDataset> {
  const { environment, report, signal } = how;
  return loadDataset(experiment.dataset, { ...dataLocations(environment), seed: experiment.seed, report, signal });
}

/** What an engine needs to know of how it is trained. */
export function trainingSpec({ seed, train }: Pick<Experiment, 'seed' | 'train'>): TrainingSpec {
  return { batchSize: train.batch_size, optimizer: train.optimizer, clipNorm: train.clip_norm, penalty: train.penalty, seed };
}

export interface PrepareEngineRequest {
  experiment: Experiment;
  network: Network;
  dataset: LoadedDataset;
  threads: number;
  createEngine?: CreateEngine;
}

/** An engine with the images attached as `train`, `test` and `validation`; weights are still to be loaded. */
export async function prepareEngine({ experiment, network, dataset, threads, createEngine = createDefaultEngine }: PrepareEngineRequest): Promise<Engine> {
  checkFit(network, dataset);
  const engine = await createEngine({
    network, threads, training: trainingSpec(experiment),
  });
  try {
    checkMemory(engine, network, dataset);
    await attachImages(engine, experiment, dataset);
    return engine;
  } catch (error) {
    await engine.close();
    throw error;
  }
}

export function trainingPlan(experiment: Experiment, dataset: LoadedDataset): TrainingPlan {
  return { training: experiment.train, trainCount: dataset.train.count, hasValidation: dataset.validation !== undefined };
}

async function attachImages(engine: Engine, { dataset: entry, augmentation, seed }: Experiment, dataset: LoadedDataset): Promise<void> {
  await engine.attach('train', imageSource(dataset.train, dataset, entry, { augmentation, shuffle: true, seed }));
  const plain = { augmentation: [], shuffle: false, seed };
  await engine.attach('test', imageSource(dataset.test, dataset, entry, plain));
  if (dataset.validation) await engine.attach('validation', imageSource(dataset.validation, dataset, entry, plain));
}

/** The configuration may state shape and classes itself; the images decide. */
function checkFit(network: Network, dataset: LoadedDataset): void {
  if (!sameShape(network.input, dataset.shape)) {
    throw new UserError({
      code: 'input-mismatch', path: 'model.input',
      message: `the network takes ${describeShape(network.input)}, the images of ${dataset.actual} are ${describeShape(dataset.shape)}`,
      fix: 'leave model.input out: it is then taken from the dataset',
    });
  }
  if (network.classes < dataset.classes) {
    throw new UserError({
      code: 'classes-mismatch', path: 'model.classes',
      message: `the network tells ${network.classes} classes apart, ${dataset.actual} has ${dataset.classes}`,
      fix: 'leave model.classes out: it is then taken from the dataset',
    });
  }
}

/** Before the first step, and naming the layer that costs most. */
function checkMemory(engine: Engine, network: Network, dataset: LoadedDataset): void {
  const images = [dataset.train, dataset.test, dataset.validation].reduce((sum, split) => sum + (split?.pixels.length ?? 0), 0);
  const needed = engine.memoryBytes + images;
  const permitted = permittedMemoryBytes();
  if (needed <= permitted) return;
  const largest = network.layers.reduce((a, b) => (sizeOf(b.shape) > sizeOf(a.shape) ? b : a));
  throw new UserError({
    code: 'memory', where: largest.place,
    message: `training needs ${describeBytes(needed)} of memory, this process may use ${describeBytes(permitted)}`,
    fix: `the largest output is that of ${largest.name}, ${describeShape(largest.shape)} for each image: halve train.batch_size, or use a stride or a pool before it`,
  });
}
