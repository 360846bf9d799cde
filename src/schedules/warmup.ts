/** A linear warm-up before any schedule: the schedule's own time begins where the warm-up ends. */
import { integer, number } from '../common/options.ts';
import type { Schedule } from './schedule.ts';

const warmupOptions = {
  warmup_epochs: number({ about: 'Epochs over which the rate rises linearly to its value before the schedule begins.', default: 0, minimum: 0 }),
  warmup_steps: integer({ about: 'The same in steps; added to `warmup_epochs`.', default: 0, minimum: 0 }),
};

/** Step k of n warm-up steps (from 1) has k / n of the rate with which the schedule begins (Goyal et al., "Accurate, large minibatch SGD", 2017, section 2.2). */
export function withWarmup(schedule: Schedule): Schedule {
  return {
    ...schedule,
    options: { ...schedule.options, ...warmupOptions },
    factor(options, moment) {
      const { position, epochs, stepsPerEpoch } = moment;
      const warm = Number(options.warmup_epochs) + Number(options.warmup_steps) / stepsPerEpoch;
      // At least a step long, so that the schedule has a beginning where the warm-up takes all of training.
      const rest = { position: Math.max(0, position - warm), epochs: Math.max(1 / stepsPerEpoch, epochs - warm), stepsPerEpoch };
      const share = position < warm ? Math.min(1, (position + 1 / stepsPerEpoch) / warm) : 1;
      return share * schedule.factor(options, rest);
    },
  };
}
