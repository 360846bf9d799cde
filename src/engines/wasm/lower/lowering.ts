/** How one primitive becomes operations: forward, and its shares of the gradients. */
import type { Primitive } from '../../../layers/primitives.ts';
import type { Builder } from '../builder.ts';
import type { FeatureMap } from '../program.ts';

export interface Node<P extends Primitive = Primitive> {
  layer: string;
  primitive: P;
  inputs: readonly FeatureMap[];
  /** A ReLU follows and nobody else reads the result: fold it in. Only set where `foldsRelu`. */
  relu: boolean;
  /** Whether a gradient to an input is wanted. */
  wanted: readonly boolean[];
}

export interface Lowering<P extends Primitive> {
  foldsRelu?: boolean;
  /** Can add a second input to its result, before the ReLU. */
  foldsSum?: boolean;
  /** Reads inputs whose channels are not padded to a multiple of 16 (the network's input). */
  readsUnpadded?: boolean;
  /** Appends the forward operations. Returns the result and how to go back from its gradient. */
  lower(node: Node<P>, build: Builder): { output: FeatureMap; backward?(gradient: FeatureMap): void };
}
