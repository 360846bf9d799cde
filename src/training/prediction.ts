/** How long training will take, from how many images a second it does. */

export interface Counts {
  /** Images of an epoch. */
  train: number;
  /** Test and validation images: evaluated after every epoch. */
  evaluated: number;
}

/** Images a second; evaluation undefined: not measured yet. */
export interface Speed {
  training: number;
  evaluation: number | undefined;
}

/** One of three passes of about equal cost: forward, gradients to the data, gradients to the weights. */
const evaluationsPerTraining = 3;

/** Seconds for so many images, trained and evaluated. */
export function predictSeconds({ train, evaluated }: Counts, { training, evaluation = evaluationsPerTraining * training }: Speed): number {
  return (train > 0 ? train / training : 0) + (evaluated > 0 ? evaluated / evaluation : 0);
}
