/** The three passes of a 3×3 convolution of stride 1 by Winograd's method: transform, one matrix product per point, transform back. */
import type { PrimitiveOf } from '../../../layers/primitives.ts';
import { foldedMaps, type Builder, type Folded } from '../builder.ts';
import {
  emitFromPlanes, emitPointGradients, emitPointProducts, emitPointsToWeights, emitToPlanes, emitWeightsToPoints, gridOf, type TileGrid, type Winograd,
} from '../kernels/winograd.ts';
import type { Argument, EmitContext, FeatureMap, Place } from '../program.ts';
import type { Work } from '../stopwatch.ts';
import { turnedWeights } from './turned.ts';
import type { Node } from './lowering.ts';

type Convolution = PrimitiveOf<'convolution'>;
const nothing: Argument = { value: 0 };
const images: Argument = { of: 'images' };

/** Floats of the parts of a thread's workspace: planes of what is read and of what is written, and a row of tiles between two passes. */
interface Workspace { plane: { from: number; to: number }; from: number; to: number; row: number }

/** Planes hold whole register tiles, and are moved apart where their distance would be a multiple of 4 KiB. */
function workspaceOf(method: Winograd, grid: TileGrid, channels: { from: number; to: number }, microBatch: number): Workspace {
  const tiles = Math.ceil((microBatch * grid.rows * grid.columns) / 12) * 12;
  const plane = (count: number): number => tiles * count + ((tiles * count) % 1024 === 0 ? 16 : 0);
  const planes = { from: plane(channels.from), to: plane(channels.to) };
  const from = method.points ** 2 * planes.from, to = method.points ** 2 * planes.to;
  return { plane: planes, from: 0, to: from, row: from + to };
}

const workspaceFloats = (w: Workspace, method: Winograd, grid: TileGrid, channels: { from: number; to: number }): number =>
  w.row + method.points * ((method.tile + 2) * grid.columns) * Math.max(channels.from, channels.to);

function reserve(build: Builder, method: Winograd, grid: TileGrid, channels: { from: number; to: number }): (context: EmitContext) => Workspace {
  const of = (microBatch: number): Workspace => workspaceOf(method, grid, channels, microBatch);
  build.needWorkspace((microBatch) => 4 * workspaceFloats(of(microBatch), method, grid, channels));
  return ({ microBatch }) => of(microBatch);
}

/** The map needs zeros as far as the last tile reads. `before`: rows and columns before the image that the first tile reads. */
function needTileBorder(build: Builder, map: FeatureMap, grid: TileGrid, step: number, reads: number, before: { top: number; left: number }): void {
  build.needBorder(map, {
    ...before,
    bottom: Math.max(0, step * (grid.rows - 1) + reads - before.top - map.shape.height),
    right: Math.max(0, step * (grid.columns - 1) + reads - before.left - map.shape.width),
  });
}

export function winogradForward(method: Winograd, { primitive, layer, inputs, relu }: Node<Convolution>, build: Builder, output: FeatureMap): void {
  const input = inputs[0];
  const points = build.derived(`${layer}.weight`, `forward${method.tile}`, pointFloats(method, input, output), (place) => ({
    from: build.parameter(`${layer}.weight`), to: place, blocks: output.physical / 16, blockFloats: 9 * 16 * input.physical, pointBlockFloats: 16 * input.physical,
    emit: (module) => emitWeightsToPoints(module, `${layer}.points`, method.weights, input.physical, output.physical / 16),
  }));
  product(method, build, { layer, pass: 'forward', from: input, to: output, before: primitive.padding, points, folded: {}, relu, bias: primitive.bias });
}

export function winogradDataGradient(method: Winograd, { primitive, layer, inputs }: Node<Convolution>, build: Builder, gradient: FeatureMap, folded: Folded): FeatureMap {
  const input = inputs[0];
  const result = build.map(input.shape, { physical: input.physical });
  const turned = turnedWeights(layer, primitive, input, build);
  const points = build.derived(`${layer}.weight`, `data${method.tile}`, pointFloats(method, input, gradient), (place) => ({
    from: turned, to: place, blocks: input.physical / 16, blockFloats: 9 * 16 * gradient.physical, pointBlockFloats: 16 * gradient.physical,
    emit: (module) => emitWeightsToPoints(module, `${layer}.turnedPoints`, method.weights, gradient.physical, input.physical / 16),
  }));
  const { top, left } = primitive.padding;
  product(method, build, { layer, pass: 'data', from: gradient, to: result, before: { top: 2 - top, left: 2 - left }, points, folded, relu: false, bias: false });
  return result;
}

const workOf = ({ tile, points }: Winograd, grid: TileGrid, from: FeatureMap, to: FeatureMap): Work => ({
  method: `F(${tile}×${tile})`, multiplyAdds: 9 * to.shape.height * to.shape.width * from.shape.channels * to.shape.channels,
  executed: points ** 2 * grid.rows * grid.columns * from.physical * to.physical,
});

const pointFloats = (method: Winograd, a: FeatureMap, b: FeatureMap): number => method.points ** 2 * a.physical * b.physical;

interface Product {
  layer: string; pass: 'forward' | 'data'; from: FeatureMap; to: FeatureMap; before: { top: number; left: number }; points: Place; folded: Folded; relu: boolean; bias: boolean;
}

/** to = from ⋆ w, `before` rows and columns of zeros in front; forward and gradient to the data alike. */
function product(method: Winograd, build: Builder, { layer, pass, from, to, before: { top, left }, points, folded, relu, bias }: Product): void {
  const { addend, mask } = folded;
  const grid = gridOf(to.shape.height, to.shape.width, method.tile);
  const channels = { from: from.physical, to: to.physical };
  const space = reserve(build, method, grid, channels);
  needTileBorder(build, from, grid, method.tile, method.points, { top, left });
  build.operation({
    layer, pass, reads: [from, ...foldedMaps(folded)], writes: [to], work: workOf(method, grid, from, to),
    emit: (context) => {
      const { module, numerics, layout } = context;
      const { plane, ...at } = space(context);
      const spec = { points: method.points ** 2, tiles: grid.rows * grid.columns, channels: from.physical, outputs: to.physical, fromPlane: plane.from, toPlane: plane.to };
      const enter = emitToPlanes(module, `${layer}.${pass}.enter`, {
        transform: method.data, inputs: method.points, step: method.tile, grid, channels: from.physical, map: layout(from), plane: plane.from,
      });
      const multiply = emitPointProducts(module, `${layer}.${pass}.products`, numerics, { ...spec, mostImages: context.microBatch });
      const leave = emitFromPlanes(module, `${layer}.${pass}.leave`, {
        transform: method.output, tile: method.tile, height: to.shape.height, width: to.shape.width, channels: to.physical, plane: plane.to, output: layout(to), bias, relu,
        ...(addend ? { addend: layout(addend) } : {}), ...(mask ? { mask: layout(mask) } : {}),
      });
      const work = (offset: number): Argument => ({ workspace: 4 * offset });
      const optional = (map: FeatureMap | undefined): Argument => (map ? { map } : nothing);
      return [
        { function: enter, arguments: [{ map: from, offset: -top * layout(from).row - left * layout(from).column }, work(at.from), work(at.row), images] },
        { function: multiply, arguments: [work(at.from), { place: points }, work(at.to), images] },
        {
          function: leave,
          arguments: [work(at.to), bias ? { place: build.parameter(`${layer}.bias`) } : nothing, { map: to }, optional(addend), optional(mask), work(at.row), images],
        },
      ];
    },
  });
}

/** dU is summed over all images of a shard and brought back to 3×3 at the shard's end. */
export function winogradWeightGradient(method: Winograd, { primitive, layer, inputs }: Node<Convolution>, build: Builder, gradient: FeatureMap): void {
  const input = inputs[0];
  const { height, width } = gradient.shape;
  const { top, left } = primitive.padding;
  const grid = gridOf(height, width, method.tile);
  const channels = { from: input.physical, to: gradient.physical };
  const space = reserve(build, method, grid, channels);
  needTileBorder(build, input, grid, method.tile, method.points, { top, left });
  needTileBorder(build, gradient, grid, method.tile, method.tile, { top: 0, left: 0 });
  const blocks = gradient.physical / 16, runFloats = 16 * input.physical;
  const sums = { bytes: 4 * pointFloats(method, input, gradient), address: 0 };
  build.needWorkspace(() => 4 * method.points * 3 * runFloats);
  build.operation({
    layer, pass: 'weights', reads: [input, gradient], writes: [], sums, work: workOf(method, grid, input, gradient),
    emit: (context) => {
      const { module, numerics, layout } = context;
      const { plane, ...at } = space(context);
      const enter = { step: method.tile, grid };
      const data = emitToPlanes(module, `${layer}.weights.enter`, { transform: method.data, inputs: method.points, ...enter, channels: input.physical, map: layout(input), plane: plane.from });
      const slope = emitToPlanes(module, `${layer}.weights.gradient`, {
        transform: method.gradient, inputs: method.tile, ...enter, channels: gradient.physical, map: layout(gradient), plane: plane.to,
      });
      const multiply = emitPointGradients(module, `${layer}.weights.products`, numerics, {
        points: method.points ** 2, tiles: grid.rows * grid.columns, channels: input.physical, outputs: gradient.physical, fromPlane: plane.from, toPlane: plane.to,
      });
      const work = (offset: number): Argument => ({ workspace: 4 * offset });
      return [
        { function: data, arguments: [{ map: input, offset: -top * layout(input).row - left * layout(input).column }, work(at.from), work(at.row), images] },
        { function: slope, arguments: [{ map: gradient }, work(at.to), work(at.row), images] },
        { function: multiply, arguments: [work(at.from), work(at.to), { threadPlace: sums }, images] },
      ];
    },
    finish: ({ module }) => [{
      function: emitPointsToWeights(module, `${layer}.weights.finish`, method.weightGradient, method.points, input.physical, blocks),
      arguments: [{ threadPlace: sums }, { shard: build.gradient(`${layer}.weight`) }, { workspace: 0 }, { value: blocks }],
    }],
  });
}
