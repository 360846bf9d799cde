/** The learning rate as it is. */
import { defineSchedule } from './schedule.ts';

export const constant = defineSchedule({
  name: 'constant',
  summary: 'The same learning rate throughout.',
  options: {},
  factor: () => 1,
});
