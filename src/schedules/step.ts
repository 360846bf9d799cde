/** Drops the learning rate at given epochs. */
import { either, number, required } from '../common/options.ts';
import { defineSchedule } from './schedule.ts';

/** Positions are sums of fractions of an epoch: this keeps rounding from delaying a drop by a step. Far below a step's length. */
const tolerance = 1e-9;

const epochCount = { type: 'number', exclusiveMinimum: 0 };

export const step = defineSchedule({
  name: 'step',
  summary: 'Multiplies the learning rate by `gamma` at some epochs.',
  source: 'torch.optim.lr_scheduler.StepLR and MultiStepLR',
  options: {
    epochs: required(
      either<number | readonly number[]>([epochCount, { type: 'array', items: epochCount, minItems: 1 }], {
        about: 'When, in epochs: a number (every so many), or a list (30 means: after 30 epochs). Counted from the end of the warm-up.',
      }),
    ),
    gamma: number({ about: 'What the rate is multiplied by each time.', default: 0.1, minimum: 0 }),
  },
  main: 'epochs',
  factor({ epochs, gamma }, { position }) {
    const now = position + tolerance;
    const drops = typeof epochs === 'number' ? Math.floor(now / epochs) : epochs.filter((epoch) => epoch <= now).length;
    let factor = 1;
    for (let drop = 0; drop < drops; drop++) factor *= gamma;
    return factor;
  },
});
