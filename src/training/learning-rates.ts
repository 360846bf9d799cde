/** The learning rate of every step: the optimizer's `lr` times the schedule's factor. */
import type { Training } from '../config/experiment.ts';
import { learningRateFactor } from '../schedules/index.ts';

/** Of the steps [fromStep, toStep) of an epoch (from 0). */
export function learningRates(training: Training, epoch: number, fromStep: number, toStep: number, stepsPerEpoch: number): Float64Array {
  const base = Number(training.optimizer.options['lr']);
  const { epochs, schedule } = training;
  return Float64Array.from({ length: toStep - fromStep }, (_, index) => {
    const position = epoch + (fromStep + index) / stepsPerEpoch;
    return base * learningRateFactor(schedule, { position, epochs, stepsPerEpoch });
  });
}
