/** Half a cosine from the full learning rate to almost none. */
import { cos } from '../common/math.ts';
import { number } from '../common/options.ts';
import { defineSchedule } from './schedule.ts';

export const cosine = defineSchedule({
  name: 'cosine',
  summary: 'Lets the learning rate fall along half a cosine, to `final` of itself at the end of training.',
  source: 'Loshchilov and Hutter, "SGDR", ICLR 2017, equation 5, without restarts',
  options: {
    final: number({ about: 'Share of the rate that is left at the end (0 to 1).', default: 0, minimum: 0, maximum: 1 }),
  },
  main: 'final',
  factor({ final }, { position, epochs }) {
    const done = Math.min(1, position / epochs);
    return final + ((1 - final) * (1 + cos(Math.PI * done))) / 2;
  },
});
