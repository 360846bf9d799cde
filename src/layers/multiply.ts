/** Product of tensors of one shape, element by element. */
import { checkSameShapes, joinStructure } from './join.ts';
import { defineLayer } from './layer.ts';

export const multiply = defineLayer({
  name: 'multiply',
  summary: 'Multiplies its inputs, element by element; all must have one shape.',
  options: {},
  inputs: 'many',
  check(_options, inputs) {
    checkSameShapes(inputs);
  },
  lower() {
    return [{ op: 'join', kind: 'multiply' }];
  },
  examples: [
    { options: {}, inputs: [{ channels: 3, height: 4, width: 5 }, { channels: 3, height: 4, width: 5 }] },
    { options: {}, inputs: [{ channels: 2, height: 3, width: 3 }, { channels: 2, height: 3, width: 3 }, { channels: 2, height: 3, width: 3 }] },
  ],
});

export const multiplyBranches = joinStructure(multiply);
