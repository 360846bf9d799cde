/** The tensors of a network before training. */
import type { Entry } from '../common/entry.ts';
import { hashName, purpose, RandomStream } from '../common/random.ts';
import type { Tensors } from '../common/tensor.ts';
import { initializerNamed } from '../initializers/index.ts';
import type { Initializer } from '../initializers/initializer.ts';
import type { Parameter } from '../layers/layer.ts';
import { parameterKey } from './network.ts';
import type { Network } from './network.ts';

/**
 * All parameters and buffers, keyed `layer.parameter`, in the order of the layers. A tensor depends on the seed, its key and
 * its shape alone: a layer that is added or renamed leaves the others as they were.
 */
export function initialWeights(network: Network, initializer: Entry, seed: number): Tensors {
  const draw = initializerNamed(initializer.type);
  if (draw === undefined) throw new Error(`there is no initializer ${initializer.type}`);
  const tensors: Tensors = new Map();
  for (const layer of network.layers) {
    for (const parameter of layer.parameters) {
      const key = parameterKey(layer, parameter);
      const random = new RandomStream(seed, purpose.weights, hashName(key));
      tensors.set(key, { shape: parameter.shape, data: startValues(parameter, draw, initializer.options, random) });
    }
  }
  return tensors;
}

function startValues({ shape, start }: Parameter, initializer: Initializer, options: Entry['options'], random: RandomStream): Float32Array {
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
  if ('fill' in start) data.fill(start.fill);
  else initializer.fill(options, { shape, fanIn: start.fanIn, fanOut: start.fanOut }, random, data);
  return data;
}
