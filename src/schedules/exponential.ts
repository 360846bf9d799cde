/** Exponential decay, smooth: every step a little. */
import { pow } from '../common/math.ts';
import { number } from '../common/options.ts';
import { defineSchedule } from './schedule.ts';

export const exponential = defineSchedule({
  name: 'exponential',
  summary: 'Lets the learning rate fall to `gamma` of itself within every epoch.',
  source: 'torch.optim.lr_scheduler.ExponentialLR, to which it is equal at whole epochs',
  options: {
    gamma: number({ about: 'What is left of the rate after an epoch (above 0, to 1).', default: 0.95, exclusiveMinimum: 0, maximum: 1 }),
  },
  main: 'gamma',
  factor: ({ gamma }, { position }) => pow(gamma, position),
});
