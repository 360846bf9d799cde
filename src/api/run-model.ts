/** A finished or interrupted run's weights in an engine, for evaluation and prediction. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describeSystemError } from '../common/durable.ts';
import { UserError } from '../common/problem.ts';
import { datasetFacts } from '../datasets/index.ts';
import type { Engine } from '../engines/engine.ts';
import { buildNetwork } from '../network/index.ts';
import type { Network } from '../network/network.ts';
import { readWeights } from '../runs/checkpoints.ts';
import type { PlainExperiment } from '../runs/record.ts';
import type { Run } from '../runs/runs.ts';
import { createDefaultEngine } from './prepare.ts';
import type { CreateEngine } from './prepare.ts';
import { checkWeights } from './weights.ts';

export type WeightsName = 'best' | 'last';

export interface RunModel {
  experiment: PlainExperiment;
  network: Network;
  /** Inference only; to be closed by the caller. */
  engine: Engine;
  /** When the weights were written: finished epochs, and steps over all epochs. */
  epoch: number;
  step: number;
}

/** Throws UserError where the run has no such weights, or where they are damaged or do not fit. */
export async function openRun(run: Run, how: { weights: WeightsName; threads: number; createEngine?: CreateEngine }): Promise<RunModel> {
  const experiment = run.record?.experiment;
  if (!experiment) {
    throw new UserError({ code: 'run-damaged', message: `${run.path} has no readable run.json: it was killed before its first step, or is damaged` });
  }
  const file = join(run.path, 'checkpoints', `${how.weights}.safetensors`);
  const { tensors, metadata } = readRunWeights(run, file);
  const network = buildNetwork(experiment.model, experiment.train.loss, datasetFacts(experiment.dataset));
  const weights = checkWeights(network, tensors, file);
  const engine = await (how.createEngine ?? createDefaultEngine)({ network, threads: how.threads });
  await engine.load(weights);
  return { experiment, network, engine, epoch: Number(metadata['epoch'] ?? NaN), step: Number(metadata['step'] ?? NaN) };
}

function readRunWeights(run: Run, file: string): ReturnType<typeof readWeights> {
  if (!existsSync(file)) {
    const fix = run.status === 'running' ? 'they are written at the end of the first epoch' : `exp resume ${run.id} trains on`;
    throw new UserError({ code: 'no-weights', message: `${run.id} has no weights yet: there is no ${file}`, fix });
  }
  try {
    return readWeights(file);
  } catch (error) {
    throw new UserError({ code: 'weights-damaged', message: `${file} cannot be read: ${describeSystemError(error)}`, fix: 'take the other weights: --checkpoint best or last' });
  }
}
