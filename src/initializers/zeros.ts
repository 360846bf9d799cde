/** All weights zero. */
import { defineInitializer } from './initializer.ts';

export const zeros = defineInitializer({
  name: 'zeros',
  summary: 'All weights zero. Hidden layers that begin so do not learn: for experiments on exactly that.',
  options: {},
  fill(_options, _fans, _random, target) {
    target.fill(0);
  },
});
