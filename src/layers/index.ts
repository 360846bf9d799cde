/** The catalogue of layer types and structures: one file each, one line here. */
import { add, addBranches } from './add.ts';
import { avgpool } from './avgpool.ts';
import { batchnorm } from './batchnorm.ts';
import { branches } from './branches.ts';
import { concat, concatBranches } from './concat.ts';
import { conv } from './conv.ts';
import { convTranspose } from './conv-transpose.ts';
import { dense } from './dense.ts';
import { depthwiseConv } from './depthwise-conv.ts';
import { dropout } from './dropout.ts';
import { elu } from './elu.ts';
import { flatten } from './flatten.ts';
import { gelu } from './gelu.ts';
import { globalAvgpool } from './global-avgpool.ts';
import { globalMaxpool } from './global-maxpool.ts';
import { groupnorm, layernorm } from './groupnorm.ts';
import type { Layer, Structure } from './layer.ts';
import { leakyRelu } from './leaky-relu.ts';
import { lrn } from './lrn.ts';
import { maxpool } from './maxpool.ts';
import { multiply, multiplyBranches } from './multiply.ts';
import { pad } from './pad.ts';
import { prelu } from './prelu.ts';
import { relu } from './relu.ts';
import { relu6 } from './relu6.ts';
import { residual } from './residual.ts';
import { selu } from './selu.ts';
import { sigmoid, silu } from './sigmoid.ts';
import { softmax } from './softmax.ts';
import { spatialDropout, stochasticDepth } from './spatial-dropout.ts';
import { tanh } from './tanh.ts';
import { upsample } from './upsample.ts';

export const layers: readonly Layer[] = [
  conv,
  depthwiseConv,
  convTranspose,
  dense,
  relu,
  relu6,
  leakyRelu,
  prelu,
  elu,
  selu,
  gelu,
  silu,
  sigmoid,
  tanh,
  softmax,
  maxpool,
  avgpool,
  globalAvgpool,
  globalMaxpool,
  batchnorm,
  groupnorm,
  layernorm,
  lrn,
  dropout,
  spatialDropout,
  stochasticDepth,
  flatten,
  pad,
  upsample,
  add,
  multiply,
  concat,
];

/** Where a structure and a layer share a name (`add`), the structure is what is written and the layer what it ends in. */
export const structures: readonly Structure[] = [residual, branches, addBranches, multiplyBranches, concatBranches];

const layersByName = new Map(layers.map((layer) => [layer.name, layer]));
const structuresByName = new Map(structures.map((structure) => [structure.name, structure]));

export function layerNamed(name: string): Layer | undefined {
  return layersByName.get(name);
}

export function structureNamed(name: string): Structure | undefined {
  return structuresByName.get(name);
}
