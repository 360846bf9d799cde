/**
 * Where training stands, beside the tensors. Plain JSON data: with the weights and the optimizer's moments it is all that
 * is needed to go on to the same bits. (Randomness is counter-based: there is no generator to keep.)
 */

/** Of one epoch, by the names of metrics.csv. Losses are means over the images, accuracies fractions, `seconds` of training so far. */
export interface EpochMetrics {
  /** From 1. */
  epoch: number;
  /** Steps so far, over all epochs. */
  step: number;
  seconds: number;
  lr: number;
  [splitAndName: `${string}/${string}`]: number;
}

/** Sums over the images of an epoch's steps so far. */
export interface RunningSums {
  images: number;
  loss: number;
  correct: number;
}

export interface TrainingState {
  /** Epochs finished, hence also the index (from 0) of the epoch in hand. */
  epoch: number;
  /** Steps done in the epoch in hand. */
  stepInEpoch: number;
  /** Steps done over all epochs. */
  step: number;
  sums: RunningSums;
  /** Learning rate of the last step. */
  lr: number;
  /** Wall time of the run so far; the only figures here that are not reproduced exactly. */
  seconds: number;
  trainingSeconds: number;
  trainedImages: number;
  /** Of the last finished epoch and of the best one. */
  last?: EpochMetrics;
  best?: EpochMetrics;
}

export const noSums: RunningSums = { images: 0, loss: 0, correct: 0 };

export function initialState(): TrainingState {
  return { epoch: 0, stepInEpoch: 0, step: 0, sums: noSums, lr: 0, seconds: 0, trainingSeconds: 0, trainedImages: 0 };
}
