/** One layer: its primitives in order. */
import type { Primitive } from '../../layers/primitives.ts';
import { convolution, dense, transposedConvolution } from './convolution.ts';
import { dropout, map, prelu } from './elementwise.ts';
import { groupNormalization } from './groupNormalization.ts';
import { localResponseNormalization } from './localResponse.ts';
import { batchNormalization, updatedStatistics } from './normalization.ts';
import type { Context, FeatureMaps, Gradients, Operation, Values } from './operation.ts';
import { pool } from './pool.ts';
import { flatten, join, pad, upsample } from './reshape.ts';
import { softmax } from './softmax.ts';

const operations: { [Op in Primitive['op']]: Operation<Extract<Primitive, { op: Op }>> } = {
  convolution,
  transposedConvolution,
  dense,
  pool,
  batchNormalization,
  groupNormalization,
  localResponseNormalization,
  map,
  prelu,
  softmax,
  dropout,
  join,
  pad,
  upsample,
  flatten,
};

const operationOf = (primitive: Primitive): Operation<Primitive> => operations[primitive.op];

/** What each primitive reads, and last the layer's output. */
function run(primitives: readonly Primitive[], inputs: readonly FeatureMaps[], values: Values, context: Context): (readonly FeatureMaps[])[] {
  const read = [inputs];
  for (const primitive of primitives) read.push([operationOf(primitive).forward(primitive, read.at(-1)!, values, context)]);
  return read;
}

export function layerForward(primitives: readonly Primitive[], inputs: readonly FeatureMaps[], values: Values, context: Context): FeatureMaps {
  return run(primitives, inputs, values, context).at(-1)![0];
}

export function layerBackward(primitives: readonly Primitive[], inputs: readonly FeatureMaps[], values: Values, context: Context, gradient: FeatureMaps): Gradients {
  const read = run(primitives, inputs, values, context);
  let gradients: Gradients = { inputs: [gradient], parameters: {} };
  for (let index = primitives.length - 1; index >= 0; index--) {
    const primitive = primitives[index];
    const { inputs: toInputs, parameters } = operationOf(primitive).backward(primitive, read[index], values, context, gradients.inputs[0]);
    gradients = { inputs: toInputs, parameters: { ...gradients.parameters, ...parameters } };
  }
  return gradients;
}

/** Buffers that training changes, after this batch. */
export function layerBuffers(primitives: readonly Primitive[], inputs: readonly FeatureMaps[], values: Values, context: Context): Record<string, Float64Array> {
  if (!context.training) return {};
  const read = run(primitives, inputs, values, context);
  const updates = primitives.map((primitive, index) =>
    primitive.op === 'batchNormalization' ? updatedStatistics(primitive, read[index][0], values) : {});
  return Object.assign({}, ...updates) as Record<string, Float64Array>;
}
