/**
 * The contract of a layer type: one object in one file. Schema, reference page, cost table, memory plan, checkpoint
 * layout, exports and conformance tests are derived from it. Shared code never asks which type it has: it reads
 * what the layer declares.
 */
import type { Completed, Options } from '../common/options.ts';
import type { Pair, Shape } from '../common/shape.ts';
import type { Primitive } from './primitives.ts';

/** A tensor that belongs to a layer. Stored under `LAYER.name`. */
export interface Parameter {
  /** `weight`, `bias`, `running_mean`, ... */
  name: string;
  /** PyTorch's layout. */
  shape: readonly number[];
  /** `weights`: drawn by the model's (or the layer's own) initializer from the fans; else filled with a constant. */
  start: { fill: number } | { fanIn: number; fanOut: number };
  /** False for running statistics, which the optimizer leaves alone. */
  trained: boolean;
  /** Whether weight decay applies by default: not to biases and normalisation. */
  decay: boolean;
}

/** Why these inputs do not fit; `shape-problem` in the report, placed at the option or the layer in the YAML. */
export class ShapeProblem extends Error {
  /** `option`: the option to point at, e.g. `kernel`; absent: the layer's type. */
  constructor(message: string, readonly option?: string, readonly fix?: string) {
    super(message);
    this.name = 'ShapeProblem';
  }
}

/** An example: options and an input shape on which conformance tests run the layer. Small, and odd where it matters. */
export interface Example<O extends Options> {
  options: Partial<Completed<O>>;
  inputs: readonly Shape[];
}

export interface Layer<O extends Options = Options> {
  /** As written in YAML: `conv`. */
  name: string;
  /** One sentence for the reference page and for hover help. */
  summary: string;
  options: O;
  /** The option that a bare value stands for: `maxpool: 2` is `maxpool: { kernel: 2 }`. */
  main?: keyof O & string;
  /** Where it comes from: paper, equation, page. */
  source?: string;
  /** How many inputs: `one`, or `many` (two or more, from branches or `from`). */
  inputs?: 'one' | 'many';
  /** In training the output of one image depends on the others of the batch. */
  needsWholeBatch?: boolean;
  /** In training the output depends on random draws. */
  random?: boolean;
  /** Refuses inputs that do not fit by throwing ShapeProblem. Must be complete: after it, `lower` cannot fail. */
  check?(options: Completed<O>, inputs: readonly Shape[]): void;
  parameters?(options: Completed<O>, inputs: readonly Shape[]): Parameter[];
  /** The primitives, in order: the first takes the layer's inputs, each other one the result before it. */
  lower(options: Completed<O>, inputs: readonly Shape[]): Primitive[];
  /** Multiplications with weights for one image, forward (convolutions and dense layers only). */
  multiplyAdds?(options: Completed<O>, inputs: readonly Shape[], output: Shape): number;
  /** What one output cell sees of the input: for receptive field and jump. Absent: kernel 1, stride 1. */
  window?(options: Completed<O>, inputs: readonly Shape[]): { kernel: Pair; stride: Pair; dilation: Pair };
  examples: readonly Example<O>[];
}

/** Keeps the options' types inside the object while the list holds `Layer`. */
export function defineLayer<const O extends Options>(layer: Layer<O>): Layer {
  return layer as unknown as Layer;
}

/**
 * A structure holds lists of layers (`residual`, `branches`, `add`, ...). It has no arithmetic of its own: `build` wires
 * its lists with the builder and joins them by layers.
 */
export interface Structure<O extends Options = Options> {
  name: string;
  summary: string;
  options: O;
  main?: keyof O & string;
  source?: string;
  /** True when `from` may name several layers in place of lists (`add` with `from: [a, b]`). */
  joins?: boolean;
  build(options: Completed<O>, builder: Builder): Ref;
  /** YAML-free examples: options (with layer lists in written form) and one input shape. */
  examples: readonly { options: Record<string, unknown>; input: Shape }[];
}

/** A handle to a layer's output inside a network under construction. */
export interface Ref {
  readonly index: number;
  readonly shape: Shape;
}

/** What a structure may do. Names inside are prefixed with the structure's name (`residual1.body.conv1`). */
export interface Builder {
  /** What flows in (several with `from: [a, b]`). */
  readonly inputs: readonly Ref[];
  /** Appends a list of layers to `start`; `scope` names the part (`body`, `branch1`). An empty list is the identity. */
  sequence(layers: unknown, start: Ref, scope: string): Ref;
  /** Adds one layer of a type in the catalogue. */
  layer(type: string, options: Record<string, unknown>, inputs: readonly Ref[], name?: string): Ref;
  /** Product of the strides of what was built between two refs: [height, width]. */
  strideBetween(from: Ref, to: Ref): Pair;
}

export function defineStructure<const O extends Options>(structure: Structure<O>): Structure {
  return structure as unknown as Structure;
}
