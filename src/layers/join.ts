/**
 * Joining layers (`add`, `multiply`, `concat`) come in two written forms that mean the same:
 *
 *     { add: [[...], [...]] }          # a list of branches, each starting from what flows in
 *     { add: null, from: [a, b] }      # named layers
 *
 * The layer takes the joined tensors; `joinStructure` makes of it the structure of the same name, which builds
 * the branches and ends in that layer. The catalogue of what may be written holds the structure.
 */
import { branchList, optional } from '../common/options.ts';
import { describeShape } from '../common/shape.ts';
import type { Shape } from '../common/shape.ts';
import { defineStructure, ShapeProblem } from './layer.ts';
import type { Builder, Layer, Ref, Structure } from './layer.ts';

export function joinStructure(layer: Layer): Structure {
  return defineStructure({
    name: layer.name,
    summary: layer.summary,
    ...(layer.source === undefined ? {} : { source: layer.source }),
    options: {
      branches: optional(branchList({ about: 'The branches to join, each a list of layers; an empty list is the identity. Without it: `from` with two or more names.' })),
    },
    main: 'branches',
    joins: true,
    build(options, builder) {
      const refs = options.branches === undefined ? builder.inputs : buildBranches(options.branches, builder);
      return builder.layer(layer.name, {}, refs);
    },
    examples: [
      {
        options: { branches: [[], [{ conv: { filters: 3, kernel: 3, padding: 1 } }, 'relu']] },
        input: { channels: 3, height: 4, width: 5 },
      },
    ],
  });
}

/** Every branch starts from what flows into the structure. Scopes: `branch1`, `branch2`, ... */
export function buildBranches(branches: readonly unknown[], builder: Builder): Ref[] {
  if (builder.inputs.length !== 1) throw new ShapeProblem('has branches and several names in `from`: it takes one or the other', 'branches');
  return branches.map((branch, index) => builder.sequence(branch, builder.inputs[0], `branch${index + 1}`));
}

/** For element-wise joins: all shapes must agree. */
export function checkSameShapes(inputs: readonly Shape[]): void {
  checkSeveral(inputs);
  refuseWhereDifferent(inputs, describeShape, (each) => [each.channels, each.height, each.width], 'give them the same number of filters, the same stride, and padding: same');
}

/** For `concat`: heights and widths must agree. */
export function checkSameSizes(inputs: readonly Shape[]): void {
  checkSeveral(inputs);
  refuseWhereDifferent(inputs, (each) => `${each.height}×${each.width}`, (each) => [each.height, each.width], 'give them the same stride, and padding: same');
}

function checkSeveral(inputs: readonly Shape[]): void {
  if (inputs.length < 2) {
    throw new ShapeProblem(`joins two or more inputs but has ${inputs.length}`, undefined, 'give it a list of branches, or from: [a, b]');
  }
}

function refuseWhereDifferent(inputs: readonly Shape[], describe: (shape: Shape) => string, sizes: (shape: Shape) => readonly number[], fix: string): void {
  const first = sizes(inputs[0]);
  if (inputs.every((each) => sizes(each).every((size, axis) => size === first[axis]))) return;
  throw new ShapeProblem(`its inputs differ: ${inputs.map(describe).join(' and ')}`, undefined, fix);
}
