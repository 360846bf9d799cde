/** The contract of an initializer: how the weights of one tensor are drawn. Biases and normalisation start as their layer says. */
import type { Completed, Options } from '../common/options.ts';
import type { RandomStream } from '../common/random.ts';

export interface Fans {
  shape: readonly number[];
  fanIn: number;
  fanOut: number;
}

export interface Initializer<O extends Options = Options> {
  name: string;
  summary: string;
  options: O;
  main?: keyof O & string;
  source?: string;
  /** Fills `target` (row-major, PyTorch's layout). Draws only from `random`. */
  fill(options: Completed<O>, fans: Fans, random: RandomStream, target: Float32Array): void;
}

export function defineInitializer<const O extends Options>(initializer: Initializer<O>): Initializer {
  return initializer as unknown as Initializer;
}
