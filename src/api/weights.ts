/** Do these tensors belong to this network? Names and shapes are compared before an engine sees them. */
import { UserError } from '../common/problem.ts';
import type { Problem } from '../common/problem.ts';
import type { Tensors } from '../common/tensor.ts';
import { parameterKey } from '../network/network.ts';
import type { Network } from '../network/network.ts';

/** Counters that PyTorch keeps beside the running statistics; nothing is computed from them here. */
const ignored = /\.num_batches_tracked$/;

/** The tensors of the network, in its order. Throws UserError naming every tensor that is missing, unknown or of another shape. */
export function checkWeights(network: Network, tensors: Tensors, source: string): Tensors {
  const problems: Problem[] = [];
  const found: Tensors = new Map();
  for (const layer of network.layers) {
    for (const parameter of layer.parameters) {
      const key = parameterKey(layer, parameter);
      const tensor = tensors.get(key);
      if (!tensor) problems.push({ code: 'weights-missing', message: `${source} holds no ${key} [${parameter.shape.join(', ')}]` });
      else if (!sameSizes(tensor.shape, parameter.shape)) {
        problems.push({ code: 'weights-shape', message: `${key} is [${tensor.shape.join(', ')}] in ${source}, the network needs [${parameter.shape.join(', ')}]` });
      } else found.set(key, tensor);
    }
  }
  for (const name of tensors.keys()) {
    if (!found.has(name) && !ignored.test(name) && !isExpected(network, name)) {
      problems.push({ code: 'weights-unknown', message: `${source} holds ${name}, which the network does not have` });
    }
  }
  if (problems.length > 0) throw new UserError(problems);
  return found;
}

function isExpected(network: Network, name: string): boolean {
  return network.layers.some((layer) => layer.parameters.some((parameter) => parameterKey(layer, parameter) === name));
}

function sameSizes(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, index) => size === b[index]);
}
