/**
 * The three products of a convolution between the map `image` that it reads and the map `filtered` that it writes: forward,
 * gradient to the data (one gather product for each residue of the stride), gradient to the weights. A transposed convolution
 * is the second of these in its forward pass. With groups, blocks of 16 channels read windows of the other map (groups.ts).
 */
import { foldedMaps, type Builder } from '../builder.ts';
import { isDepthwise, lanesOf, spansOf, windowsOf, type Lanes, type Windows } from '../groups.ts';
import { emitGather, type GatherSpec } from '../kernels/gather.ts';
import { emitKeepLanes } from '../kernels/lanes.ts';
import { emitBiasGradient, emitWeightGradient } from '../kernels/weightGradient.ts';
import type { Argument, Call, EmitContext, FeatureMap } from '../program.ts';
import { depthwiseForward, depthwiseGradient, depthwiseWeights } from './depthwise.ts';
import { directWork, firstTap, nothing, type Geometry, type Product, type WeightProduct } from './product.ts';
import type { Work } from '../stopwatch.ts';
import { gradientWindows, partsOf, turnedWeights, type AxisTaps } from './turned.ts';

/** filtered = image ⋆ w */
export function forwardProduct(product: Product, build: Builder): void {
  const { layer, pass, geometry, image, filtered, bias, relu, folded } = product;
  const { addend, mask } = folded;
  build.needBorder(image, borderOf(geometry, image, filtered));
  build.operation({
    layer, pass, reads: [image, ...foldedMaps(folded)], writes: [filtered], work: workOf(product),
    emit: (context) => {
      const { module, numerics, layout } = context;
      if (depthwise(product)) return depthwiseForward(product, build, context);
      const windows = windowsOf(geometry.groups, geometry.filters, { channels: image.shape.channels, physical: image.physical });
      const spec = forwardSpec(geometry, windows, image, filtered, layout);
      const folding = { bias, relu, ...(addend ? { addend: layout(addend) } : {}), ...(mask ? { mask: layout(mask) } : {}) };
      const byBlocks = once((blocks: number) => emitGather(module, `${layer}.${pass}`, numerics, { ...spec, ...folding, blocks }));
      return spansOf(windows).map(({ block, blocks, start }): Call => {
        const at = (map: FeatureMap | undefined): Argument => (map ? { map, offset: 16 * block } : nothing);
        return {
          function: byBlocks(blocks),
          arguments: [
            { map: image, offset: firstTap(geometry, layout(image)) + start }, { place: build.parameter(`${layer}.weight`), offset: block * 16 * depthOf(geometry, windows) },
            bias ? { place: build.parameter(`${layer}.bias`), offset: 16 * block } : nothing, at(filtered), at(addend), at(mask), { of: 'images' },
          ],
        };
      });
    },
  });
}

/** image = filtered ⋆ turned w: what `image` receives through every tap. */
export function gradientProduct(product: Product, build: Builder): void {
  const { layer, pass, geometry, image, filtered, bias, relu, folded } = product;
  const { addend, mask } = folded;
  const { stride } = geometry;
  const windows = gradientWindows(geometry, image);
  const parts = partsOf(geometry, image, windows.reach).filter(({ rows, columns }) => rows.count > 0 && columns.count > 0);
  for (const { rows, columns } of parts) {
    if (!rows.kernel.length || !columns.kernel.length) continue;
    const low = (taps: AxisTaps): number => Math.max(0, -taps.first);
    const high = (taps: AxisTaps, size: number): number => Math.max(0, taps.count - 1 + taps.first + taps.step * (taps.kernel.length - 1) - (size - 1));
    build.needBorder(filtered, { top: low(rows), left: low(columns), bottom: high(rows, filtered.shape.height), right: high(columns, filtered.shape.width) });
  }
  const turned = depthwise(product) ? undefined : turnedWeights(layer, geometry, image, build);
  build.operation({
    layer, pass, reads: [filtered, ...foldedMaps(folded)], writes: [image], work: workOf(product),
    emit: (context) => parts.flatMap((part) => {
      if (!turned) return depthwiseGradient(product, part, build, context);
      const { module, numerics, layout } = context;
      const { y, x, rows, columns, weights } = part;
      const from = layout(filtered);
      const strided = (map: FeatureMap): GatherSpec['input'] => ({ row: layout(map).row * stride[0], column: layout(map).column * stride[1], image: layout(map).image });
      const joined = columns.step === 1 && windows.reach === from.column;
      const folding = { bias, relu, ...(addend ? { addend: strided(addend) } : {}), ...(mask ? { mask: strided(mask) } : {}) };
      const spec: Omit<GatherSpec, 'blocks'> = {
        rows: rows.count, columns: columns.count, input: from, output: strided(image),
        taps: {
          rows: columns.kernel.length ? rows.kernel.length : 0, rowStep: from.row * rows.step,
          columns: joined ? 1 : columns.kernel.length, columnStep: from.column * columns.step, run: joined ? columns.kernel.length * windows.reach : windows.reach,
        },
        ...folding,
      };
      const byBlocks = once((blocks: number) => emitGather(module, `${layer}.${pass}.${y}.${x}`, numerics, { ...spec, blocks }));
      const depth = rows.kernel.length * columns.kernel.length * windows.reach;
      return spansOf(windows).map(({ block, blocks, start }): Call => {
        const at = (map: FeatureMap | undefined): Argument => (map ? { map, offset: y * layout(map).row + x * layout(map).column + 16 * block } : nothing);
        return {
          function: byBlocks(blocks),
          arguments: [
            { map: filtered, offset: rows.first * from.row + columns.first * from.column + start }, { place: turned, offset: weights + block * 16 * depth },
            bias ? { place: build.parameter(`${layer}.bias`), offset: 16 * block } : nothing, at(image), at(addend), at(mask), { of: 'images' },
          ],
        };
      });
    }),
  });
}

/** dw += image × filtered; what lies between unlike groups is cleared at the end of a shard. */
export function weightProduct(product: WeightProduct, build: Builder): void {
  const { layer, geometry, image, filtered } = product;
  const { groups, filters } = geometry;
  build.needBorder(image, borderOf(geometry, image, filtered));
  const windows = windowsOf(groups, filters, { channels: image.shape.channels, physical: image.physical });
  const gradient = (block: number): Argument => ({ shard: build.gradient(`${layer}.weight`), offset: block * 16 * depthOf(geometry, windows) });
  const mixed = depthwise(product) ? [] : windows.starts.flatMap((_, block) => {
    const lanes = lanesOf(groups, block, filters, image.shape.channels, windows);
    return lanes ? [{ block, lanes }] : [];
  });
  build.operation({
    layer, pass: 'weights', reads: [image, filtered], writes: [], work: workOf(product),
    emit: (context) => {
      const { module, numerics, layout } = context;
      if (depthwise(product)) return depthwiseWeights(product, build, context);
      const spec = forwardSpec(geometry, windows, image, filtered, layout);
      const byBlocks = once((blocks: number) => emitWeightGradient(module, `${layer}.weights`, numerics, { ...spec, blocks }));
      return spansOf(windows).map(({ block, blocks, start }): Call => ({
        function: byBlocks(blocks),
        arguments: [{ map: image, offset: firstTap(geometry, layout(image)) + start }, { map: filtered, offset: 16 * block }, gradient(block), { of: 'images' }],
      }));
    },
    ...(mixed.length === 0 ? {} : {
      finish: ({ module }: EmitContext) => {
        const taps = geometry.kernel[0] * geometry.kernel[1];
        const keep = once((lanes: Lanes) => emitKeepLanes(module, `${layer}.groups`, taps, lanes), (lanes) => JSON.stringify(lanes));
        return mixed.map(({ block, lanes }): Call => ({ function: keep(lanes), arguments: [gradient(block), { value: 1 }] }));
      },
    }),
  });
}

export function biasProduct(layer: string, build: Builder, gradient: FeatureMap): void {
  const { shape, physical } = gradient;
  build.operation({
    layer, pass: 'weights', reads: [gradient], writes: [],
    emit: ({ module, layout }) => [{
      function: emitBiasGradient(module, `${layer}.bias`, { rows: shape.height, columns: shape.width, output: layout(gradient), blocks: physical / 16 }),
      arguments: [{ map: gradient }, { shard: build.gradient(`${layer}.bias`) }, { of: 'images' }],
    }],
  });
}

const depthwise = ({ geometry: { groups, filters }, image }: Pick<Product, 'geometry' | 'image'>): boolean =>
  isDepthwise(groups, filters, { channels: image.shape.channels, physical: image.physical });

function workOf({ geometry, image, filtered }: WeightProduct): Work {
  if (depthwise({ geometry, image })) return { ...directWork(geometry, image, filtered, 1), method: 'depthwise' };
  return directWork(geometry, image, filtered, windowsOf(geometry.groups, geometry.filters, { channels: image.shape.channels, physical: image.physical }).reach);
}

const depthOf = ({ kernel }: Geometry, { reach }: Windows): number => kernel[0] * kernel[1] * reach;

/** How far the last window reaches over the image. */
function borderOf({ kernel, stride, dilation, padding }: Geometry, image: FeatureMap, filtered: FeatureMap) {
  const over = (axis: 0 | 1, outputs: number, before: number, size: number): number =>
    Math.max(0, (outputs - 1) * stride[axis] + dilation[axis] * (kernel[axis] - 1) - before - (size - 1));
  return {
    top: padding.top, left: padding.left,
    bottom: over(0, filtered.shape.height, padding.top, image.shape.height), right: over(1, filtered.shape.width, padding.left, image.shape.width),
  };
}

function forwardSpec({ kernel, stride, dilation }: Geometry, { reach }: Windows, image: FeatureMap, filtered: FeatureMap, layout: EmitContext['layout']): Omit<GatherSpec, 'blocks'> {
  const from = layout(image);
  // Neighbouring taps of a row are neighbours in memory unless dilated or of some channels only: one long run.
  const joined = dilation[1] === 1 && reach === image.physical;
  return {
    rows: filtered.shape.height, columns: filtered.shape.width,
    input: { row: from.row * stride[0], column: from.column * stride[1], image: from.image },
    output: layout(filtered),
    taps: {
      rows: kernel[0], rowStep: from.row * dilation[0],
      columns: joined ? 1 : kernel[1], columnStep: from.column * dilation[1], run: joined ? kernel[1] * reach : reach,
    },
    bias: false, relu: false,
  };
}

/** Emits one function for all who need the same. */
function once<T>(emit: (of: T) => number, key: (of: T) => unknown = (of) => of): (of: T) => number {
  const known = new Map<unknown, number>();
  return (of) => {
    const index = known.get(key(of)) ?? emit(of);
    known.set(key(of), index);
    return index;
  };
}
