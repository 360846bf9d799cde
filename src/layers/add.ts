/** Sum of tensors of one shape, element by element. */
import { checkSameShapes, joinStructure } from './join.ts';
import { defineLayer } from './layer.ts';

export const add = defineLayer({
  name: 'add',
  summary: 'Adds its inputs, element by element; all must have one shape.',
  options: {},
  inputs: 'many',
  check(_options, inputs) {
    checkSameShapes(inputs);
  },
  lower() {
    return [{ op: 'join', kind: 'add' }];
  },
  examples: [
    { options: {}, inputs: [{ channels: 3, height: 4, width: 5 }, { channels: 3, height: 4, width: 5 }] },
    { options: {}, inputs: [{ channels: 9, height: 1, width: 1 }, { channels: 9, height: 1, width: 1 }, { channels: 9, height: 1, width: 1 }] },
  ],
});

export const addBranches = joinStructure(add);
