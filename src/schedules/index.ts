/** The catalogue of learning-rate schedules: one file each, one line here. Every one of them accepts a warm-up. */
import type { Entry } from '../common/entry.ts';
import { constant } from './constant.ts';
import { cosine } from './cosine.ts';
import { exponential } from './exponential.ts';
import { oneCycle } from './one-cycle.ts';
import type { Moment, Schedule } from './schedule.ts';
import { step } from './step.ts';
import { withWarmup } from './warmup.ts';

export const schedules: readonly Schedule[] = [constant, step, cosine, exponential, oneCycle].map(withWarmup);

const byName = new Map(schedules.map((schedule) => [schedule.name, schedule]));

export function scheduleNamed(name: string): Schedule | undefined {
  return byName.get(name);
}

/** What the optimizer's `lr` is multiplied by at this moment. `schedule` is a completed entry; throws where its type is unknown. */
export function learningRateFactor(schedule: Entry, moment: Moment): number {
  const found = byName.get(schedule.type);
  if (found === undefined) throw new Error(`there is no schedule ${schedule.type}`);
  return found.factor(schedule.options, moment);
}
