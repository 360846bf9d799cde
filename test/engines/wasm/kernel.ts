/** Runs single kernels in tests: a module of one function over a small memory filled with numbers that are easy to repeat. */
import { purpose, RandomStream } from '../../../src/common/random.ts';
import { ModuleBuilder } from '../../../src/engines/wasm/emitter.ts';

export interface Kernel {
  floats: Float32Array;
  words: Uint32Array;
  run(...operands: number[]): number;
}

export function createKernel(emit: (module: ModuleBuilder) => number, pages = 16): Kernel {
  const module = new ModuleBuilder();
  emit(module);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.bytes(pages)), { host: { memory } });
  const [run] = Object.values(instance.exports) as ((...operands: number[]) => number)[];
  return { floats: new Float32Array(memory.buffer), words: new Uint32Array(memory.buffer), run: run };
}

/** `count` numbers in [-1, 1). */
export function randomFloats(count: number, seed = 1): Float32Array {
  const stream = new RandomStream(seed, purpose.synthetic);
  return Float32Array.from({ length: count }, () => stream.between(-1, 1));
}

/** Largest difference over largest value. */
export function relativeError(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = 0, largest = 0;
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs(found[i] - expected[i]));
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  return difference / largest;
}
