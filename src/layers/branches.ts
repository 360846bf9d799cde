/** Parallel branches joined along the channels, as in GoogLeNet's Inception modules. */
import { branchList, required } from '../common/options.ts';
import { buildBranches } from './join.ts';
import { defineStructure } from './layer.ts';

export const branches = defineStructure({
  name: 'branches',
  summary: 'Runs several lists of layers on the same input and joins their outputs along the channels.',
  source: 'Szegedy et al., "Going deeper with convolutions", CVPR 2015, figure 2',
  options: {
    branches: required(branchList({ about: 'Two or more lists of layers; an empty list is the identity. All must end at one height and width.' })),
  },
  main: 'branches',
  build(options, builder) {
    return builder.layer('concat', {}, buildBranches(options.branches, builder));
  },
  examples: [
    {
      options: { branches: [[{ conv: { filters: 2, kernel: 1 } }], [{ conv: { filters: 3, kernel: 3, padding: 1 } }, 'relu'], []] },
      input: { channels: 4, height: 5, width: 3 },
    },
  ],
});
