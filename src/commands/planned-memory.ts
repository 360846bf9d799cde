/** What the engine would take to train: known without training, or making an engine. */
import { trainingSpec } from '../api/prepare.ts';
import { describeBytes, describeNumberOf } from '../common/describe.ts';
import { plannedTrainingBytes } from '../engines/index.ts';
import type { Network } from '../network/network.ts';
import type { PlainExperiment } from '../runs/record.ts';

export interface TrainingMemory {
  bytes: number;
  threads: number;
  batchSize: number;
}

export async function planMemory(network: Network, experiment: Pick<PlainExperiment, 'seed' | 'train'>, threads: number): Promise<TrainingMemory> {
  const training = trainingSpec(experiment);
  return { bytes: await plannedTrainingBytes({ network, threads, training }), threads, batchSize: training.batchSize };
}

/** WebAssembly addresses 32 bits. */
const mostBytes = 2 ** 32;

export function describeMemory({ bytes, threads, batchSize }: TrainingMemory): string {
  const beyond = bytes > mostBytes ? `: more than the ${describeBytes(mostBytes)} that the engine can hold, lower train.batch_size` : '';
  return `${describeBytes(bytes)} with ${describeNumberOf(batchSize, 'image')} a step on ${describeNumberOf(threads, 'thread')}, the dataset not counted${beyond}`;
}
