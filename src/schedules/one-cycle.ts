/** Up, then down to almost nothing, within one training. */
import { cos } from '../common/math.ts';
import { number } from '../common/options.ts';
import { defineSchedule } from './schedule.ts';

export const oneCycle = defineSchedule({
  name: 'one_cycle',
  summary: 'Raises the learning rate along half a cosine to its value, then lets it fall along another. The momentum stays as it is.',
  source: 'Smith and Topin, "Super-convergence", 2018, in the form of torch.optim.lr_scheduler.OneCycleLR',
  options: {
    rise: number({ about: 'Share of training in which the rate rises (0 to 1, both excluded).', default: 0.3, exclusiveMinimum: 0, exclusiveMaximum: 1 }),
    start_divisor: number({ about: 'The rate begins at this part of its value: 25 is 1/25.', default: 25, minimum: 1 }),
    final_divisor: number({ about: 'The rate ends at this part of its beginning: 10000 is 1/10000.', default: 1e4, minimum: 1 }),
  },
  main: 'rise',
  factor(options, { position, epochs, stepsPerEpoch }) {
    const start = 1 / options.start_divisor;
    const steps = epochs * stepsPerEpoch;
    const step = position * stepsPerEpoch;
    // The last steps of the two phases, counted from 0.
    const top = options.rise * steps - 1, end = steps - 1;
    if (step <= top && top > 0) return between(start, 1, step / top);
    return between(1, start / options.final_divisor, end > top ? Math.min(1, (step - top) / (end - top)) : 1);
  },
});

/** From `from` (done = 0) to `to` (done = 1) along half a cosine. */
function between(from: number, to: number, done: number): number {
  return to + ((from - to) * (1 + cos(Math.PI * done))) / 2;
}
