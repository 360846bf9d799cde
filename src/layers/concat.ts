/** Feature maps of one height and width behind each other: the channels add up. */
import { checkSameSizes, joinStructure } from './join.ts';
import { defineLayer } from './layer.ts';

export const concat = defineLayer({
  name: 'concat',
  summary: 'Puts the channels of its inputs behind each other; all must have one height and width.',
  options: {},
  inputs: 'many',
  check(_options, inputs) {
    checkSameSizes(inputs);
  },
  lower() {
    return [{ op: 'join', kind: 'concat' }];
  },
  examples: [
    { options: {}, inputs: [{ channels: 3, height: 4, width: 5 }, { channels: 8, height: 4, width: 5 }] },
    { options: {}, inputs: [{ channels: 1, height: 3, width: 3 }, { channels: 16, height: 3, width: 3 }, { channels: 5, height: 3, width: 3 }] },
  ],
});

export const concatBranches = joinStructure(concat);
