/** The products of a convolution in which every channel has one filter of its own (see products.ts). */
import type { Builder } from '../builder.ts';
import { emitDepthwise, emitDepthwiseWeights, type DepthwiseSpec } from '../kernels/depthwise.ts';
import type { Steps } from '../kernels/gather.ts';
import type { Argument, Call, EmitContext, FeatureMap } from '../program.ts';
import { firstTap, nothing, type Product, type WeightProduct } from './product.ts';
import type { Part } from './turned.ts';

export function depthwiseForward(product: Product, build: Builder, { module, numerics, layout }: EmitContext): Call[] {
  const { layer, pass, geometry, image, filtered, bias, relu, folded: { addend, mask } } = product;
  const spec = { ...forwardSpec(product, layout), bias, relu, ...(addend ? { addend: layout(addend) } : {}), ...(mask ? { mask: layout(mask) } : {}) };
  const optional = (map: FeatureMap | undefined): Argument => (map ? { map } : nothing);
  return [{
    function: emitDepthwise(module, `${layer}.${pass}`, numerics, spec),
    arguments: [
      { map: image, offset: firstTap(geometry, layout(image)) }, { place: build.parameter(`${layer}.weight`) }, biasOf(product, build),
      { map: filtered }, optional(addend), optional(mask), { of: 'images' },
    ],
  }];
}

/** One part: the taps that reach the positions of one residue of the stride, last tap first. */
export function depthwiseGradient(product: Product, { y, x, rows, columns }: Part, build: Builder, { module, numerics, layout }: EmitContext): Call[] {
  const { layer, pass, geometry: { kernel, stride }, image, filtered, bias, relu, folded: { addend, mask } } = product;
  const from = layout(filtered), channels = image.physical;
  const strided = (map: FeatureMap): Steps => ({ row: layout(map).row * stride[0], column: layout(map).column * stride[1], image: layout(map).image });
  const between = (taps: readonly number[]): number => (taps.length > 1 ? taps[1] - taps[0] : 0);
  const spec: DepthwiseSpec = {
    rows: rows.count, columns: columns.count, blocks: channels / 16, input: from, output: strided(image),
    taps: {
      rows: columns.kernel.length ? rows.kernel.length : 0, columns: columns.kernel.length,
      rowStep: from.row * rows.step, columnStep: from.column * columns.step,
      weightRowStep: between(rows.kernel) * kernel[1] * channels, weightColumnStep: between(columns.kernel) * channels,
    },
    bias, relu, ...(addend ? { addend: strided(addend) } : {}), ...(mask ? { mask: strided(mask) } : {}),
  };
  const at = (map: FeatureMap | undefined): Argument => (map ? { map, offset: y * layout(map).row + x * layout(map).column } : nothing);
  return [{
    function: emitDepthwise(module, `${layer}.${pass}.${y}.${x}`, numerics, spec),
    arguments: [
      { map: filtered, offset: rows.first * from.row + columns.first * from.column },
      { place: build.parameter(`${layer}.weight`), offset: ((rows.kernel[0] ?? 0) * kernel[1] + (columns.kernel[0] ?? 0)) * channels },
      biasOf(product, build), at(image), at(addend), at(mask), { of: 'images' },
    ],
  }];
}

export function depthwiseWeights(product: WeightProduct, build: Builder, { module, numerics, layout }: EmitContext): Call[] {
  const { layer, geometry, image, filtered } = product;
  return [{
    function: emitDepthwiseWeights(module, `${layer}.weights`, numerics, forwardSpec(product, layout)),
    arguments: [{ map: image, offset: firstTap(geometry, layout(image)) }, { map: filtered }, { shard: build.gradient(`${layer}.weight`) }, { of: 'images' }],
  }];
}

const biasOf = ({ layer, bias }: Product, build: Builder): Argument => (bias ? { place: build.parameter(`${layer}.bias`) } : nothing);

function forwardSpec({ geometry: { kernel, stride, dilation }, image, filtered }: WeightProduct, layout: EmitContext['layout']): DepthwiseSpec {
  const from = layout(image), channels = image.physical;
  return {
    rows: filtered.shape.height, columns: filtered.shape.width, blocks: channels / 16,
    input: { row: from.row * stride[0], column: from.column * stride[1], image: from.image }, output: layout(filtered),
    taps: {
      rows: kernel[0], columns: kernel[1], rowStep: from.row * dilation[0], columnStep: from.column * dilation[1],
      weightRowStep: kernel[1] * channels, weightColumnStep: channels,
    },
    bias: false, relu: false,
  };
}
