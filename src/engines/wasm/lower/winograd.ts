/** The three passes of a 3×3 convolution of stride 1 by Winograd's method: transform, one matrix product per point, transform back. */
import type { PrimitiveOf } from '../../../layers/primitives.ts';
import { foldedMaps, type Builder, type Folded } from '../builder.ts';
import {
  emitFromPlanes, emitPointGradients, emitPointProducts, emitPointsToWeights, emitToPlanes, emitWeightsToPoints, gridOf, type TileGrid, type Winograd,
} from '../kernels/winograd.ts';
import { emitBiasGradient } from '../kernels/weightGradient.ts';
import { i32, whenElse, type Code, type Local } from '../emitter.ts';
import { overPieces, type PieceMap, type Pieces } from '../kernels/pieces.ts';
import type { Argument, EmitContext, FeatureMap, Layout, Place } from '../program.ts';
import type { Work } from '../stopwatch.ts';
import { turnedWeights } from './turned.ts';
import type { Node } from './lowering.ts';
import { nothing } from './product.ts';

type Convolution = PrimitiveOf<'convolution'>;
const images: Argument = { of: 'images' };
/** Floats before the sums: the first word tells whether there are any yet. */
const sumsHeader = 16;
type Locals<Count extends 6 | 8> = Count extends 6 ? [Local, Local, Local, Local, Local, Local] : [Local, Local, Local, Local, Local, Local, Local, Local];

/** A piece's data and the floats of its parts in the workspace: planes of what is read and of what is written, and a row of tiles between two passes. */
interface Workspace { pieces: Pieces; plane: { from: number; to: number }; from: number; to: number; row: number; floats: number }

interface Channels { from: number; to: number }

/** Planes of a piece that stay in the second-level cache, beside weights and maps. */
const planesBytes = 320 * 1024;
/** Points of weights that do not stay there are read (in their gradient: read and written) from further away for every piece: worth it for so many tiles. */
const cachedPointsBytes = 512 * 1024;
const tilesForPoints = 48;

/** How many images, or rows of tiles, go through the transforms and the products at a time. */
function piecesOf({ points }: Winograd, grid: TileGrid, { from, to }: Channels, microBatch: number): Pieces {
  const fitting = planesBytes / (4 * points ** 2 * (from + to));
  const rows = Math.max(fitting, 4 * points ** 2 * from * to > cachedPointsBytes ? tilesForPoints : 0) / grid.columns;
  if (rows >= grid.rows) return { images: Math.min(microBatch, Math.max(1, Math.round(rows / grid.rows))), rows: grid.rows, allRows: grid.rows };
  const strips = Math.ceil(grid.rows / Math.max(1, Math.round(rows)));
  return { images: 1, rows: Math.ceil(grid.rows / strips), allRows: grid.rows };
}

/** Planes are moved apart where their distance would be a multiple of 4 KiB. */
function workspaceOf(method: Winograd, grid: TileGrid, channels: Channels, microBatch: number): Workspace {
  const pieces = piecesOf(method, grid, channels, microBatch);
  const tiles = pieces.images * pieces.rows * grid.columns;
  const plane = (count: number): number => tiles * count + ((tiles * count) % 1024 === 0 ? 16 : 0);
  const planes = { from: plane(channels.from), to: plane(channels.to) };
  const from = method.points ** 2 * planes.from, to = method.points ** 2 * planes.to, row = from + to;
  return { pieces, plane: planes, from: 0, to: from, row, floats: row + method.points * ((method.tile + 2) * grid.columns) * Math.max(channels.from, channels.to) };
}

function reserve(build: Builder, method: Winograd, grid: TileGrid, channels: Channels): (context: EmitContext) => Workspace {
  const of = (microBatch: number): Workspace => workspaceOf(method, grid, channels, microBatch);
  build.needWorkspace((microBatch) => 4 * of(microBatch).floats);
  return ({ microBatch }) => of(microBatch);
}

/** Between the two passes over the weights of a block of 16 outputs that read this map. */
const needTransformSpace = (build: Builder, { points }: Winograd, read: FeatureMap): void => build.needWorkspace(() => 4 * points * 3 * 16 * read.physical);

/** A map's distances from one row of tiles, and from one image, to the next. */
const moving = (at: Local, { row, image }: Layout, rows: number): PieceMap => ({ at, rowBytes: 4 * rows * row, imageBytes: 4 * image });

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
  needTransformSpace(build, method, input);
  const points = build.derived(`${layer}.weight`, `forward${method.tile}`, pointFloats(method, input, output), (place) => ({
    from: build.parameter(`${layer}.weight`), to: place, blocks: output.physical / 16, blockFloats: 9 * 16 * input.physical, pointBlockFloats: 16 * input.physical,
    emit: (module, numerics) => emitWeightsToPoints(module, `${layer}.points`, numerics, method.weights, input.physical, output.physical / 16),
  }));
  product(method, build, { layer, pass: 'forward', from: input, to: output, before: primitive.padding, points, folded: {}, relu, bias: primitive.bias });
}

export function winogradDataGradient(method: Winograd, { primitive, layer, inputs }: Node<Convolution>, build: Builder, gradient: FeatureMap, folded: Folded): FeatureMap {
  const input = inputs[0];
  const result = build.map(input.shape, { physical: input.physical });
  const turned = turnedWeights(layer, primitive, input, build);
  needTransformSpace(build, method, gradient);
  const points = build.derived(`${layer}.weight`, `data${method.tile}`, pointFloats(method, input, gradient), (place) => ({
    from: turned, to: place, blocks: input.physical / 16, blockFloats: 9 * 16 * gradient.physical, pointBlockFloats: 16 * gradient.physical,
    emit: (module, numerics) => emitWeightsToPoints(module, `${layer}.turnedPoints`, numerics, method.weights, gradient.physical, input.physical / 16),
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
function product(method: Winograd, build: Builder, spec: Product): void {
  const { layer, pass, from, to, before, folded } = spec;
  const grid = gridOf(to.shape.height, to.shape.width, method.tile);
  const space = reserve(build, method, grid, { from: from.physical, to: to.physical });
  needTileBorder(build, from, grid, method.tile, method.points, before);
  build.operation({
    layer, pass, reads: [from, ...foldedMaps(folded)], writes: [to], work: workOf(method, grid, from, to),
    emit: (context) => {
      const { layout } = context;
      const optional = (map: FeatureMap | undefined): Argument => (map ? { map } : nothing);
      return [{
        function: emitProduct(method, spec, grid, space(context), context),
        arguments: [
          { map: from, offset: -before.top * layout(from).row - before.left * layout(from).column }, { map: to }, optional(folded.addend), optional(folded.mask),
          { place: spec.points }, spec.bias ? { place: build.parameter(`${layer}.bias`) } : nothing, { workspace: 0 }, images,
        ],
      }];
    },
  });
}

/** Transform, products, transform back, piece by piece. Parameters: source, target, addend, mask, points of the weights, bias, workspace, images. */
function emitProduct(method: Winograd, spec: Product, grid: TileGrid, { plane, pieces, ...at }: Workspace, { module, numerics, layout }: EmitContext): number {
  const { layer, pass, from, to, bias, relu, folded: { addend, mask } } = spec;
  const name = `${layer}.${pass}`;
  const enter = emitToPlanes(module, `${name}.enter`, numerics, {
    transform: method.data, inputs: method.points, step: method.tile, grid, channels: from.physical, map: layout(from), plane: plane.from,
  });
  const multiply = emitPointProducts(module, `${name}.products`, numerics, {
    points: method.points ** 2, tiles: grid.columns, mostRows: pieces.images * pieces.rows,
    channels: from.physical, outputs: to.physical, fromPlane: plane.from, toPlane: plane.to,
  });
  const leave = emitFromPlanes(module, `${name}.leave`, numerics, {
    transform: method.output, tile: method.tile, height: to.shape.height, width: to.shape.width, channels: to.physical, plane: plane.to, output: layout(to), bias, relu,
    ...(addend ? { addend: layout(addend) } : {}), ...(mask ? { mask: layout(mask) } : {}),
  });
  return module.function(name, Array.from({ length: 8 }, () => 'i32' as const), [], (f) => {
    const [source, target, addendAt, maskAt, weights, biasAt, workspace, count] = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => f.parameter(i)) as Locals<8>;
    const work = (offset: number): Code => i32.add(workspace.get(), i32.const(4 * offset));
    const folded = [...(addend ? [{ map: addend, local: addendAt }] : []), ...(mask ? [{ map: mask, local: maskAt }] : [])];
    const maps = [{ map: from, local: source }, { map: to, local: target }, ...folded].map(({ map, local }) => moving(local, layout(map), method.tile));
    return overPieces(f, pieces, count, maps, (piece) => [
      module.call(enter, source.get(), work(at.from), work(at.row), piece.images, piece.rows),
      module.call(multiply, work(at.from), weights.get(), work(at.to), i32.mul(piece.images, piece.rows)),
      module.call(leave, work(at.to), biasAt.get(), target.get(), addendAt.get(), maskAt.get(), work(at.row), piece.images, piece.rows, piece.last),
    ]);
  });
}

/** The point (1, 1) in both directions: there a transformed gradient is the sum of its tile. */
const sumPoint = ({ points }: Winograd): number => points + 1;

/** The gradients to weights and bias. dU is summed over all images of a shard and brought back to 3×3 at the shard's end. */
export function winogradWeightGradient(method: Winograd, node: Node<Convolution>, build: Builder, gradient: FeatureMap): void {
  const { primitive, layer, inputs: [input] } = node;
  const { top, left } = primitive.padding;
  const grid = gridOf(gradient.shape.height, gradient.shape.width, method.tile);
  const space = reserve(build, method, grid, { from: input.physical, to: gradient.physical });
  needTileBorder(build, input, grid, method.tile, method.points, { top, left });
  needTileBorder(build, gradient, grid, method.tile, method.tile, { top: 0, left: 0 });
  needTransformSpace(build, method, input);
  const sums = { bytes: 4 * (sumsHeader + pointFloats(method, input, gradient)), address: 0 };
  build.operation({
    layer, pass: 'weights', reads: [input, gradient], writes: [], sums, work: workOf(method, grid, input, gradient),
    emit: (context) => {
      const { layout } = context;
      return [{
        function: emitGradients(method, node, gradient, grid, space(context), context),
        arguments: [
          { map: input, offset: -top * layout(input).row - left * layout(input).column }, { map: gradient }, { threadPlace: sums },
          primitive.bias ? { shard: build.gradient(`${layer}.bias`) } : nothing, { workspace: 0 }, images,
        ],
      }];
    },
    finish: ({ module, numerics }) => {
      const blocks = gradient.physical / 16;
      const back = emitPointsToWeights(module, `${layer}.weights.finish`, numerics, method.weightGradient, method.points, input.physical, blocks);
      // A shard without images has no sums: its gradient was cleared.
      const whole = module.function(`${layer}.weights.end`, ['i32', 'i32', 'i32'], [], (f) => whenElse(
        i32.load(f.parameter(0).get()), [],
        module.call(back, i32.add(f.parameter(0).get(), i32.const(4 * sumsHeader)), f.parameter(1).get(), f.parameter(2).get(), i32.const(blocks)),
      ));
      return [{ function: whole, arguments: [{ threadPlace: sums }, { shard: build.gradient(`${layer}.weight`) }, { workspace: 0 }] }];
    },
  });
}

/** Both maps transformed and multiplied, piece by piece. Parameters: input, gradient, sums, gradient of the bias, workspace, images. */
function emitGradients(
  method: Winograd, { primitive, layer, inputs: [input] }: Node<Convolution>, gradient: FeatureMap, grid: TileGrid, { plane, pieces, ...at }: Workspace, context: EmitContext,
): number {
  const { module, numerics, layout } = context;
  const name = `${layer}.weights`, tiles = { step: method.tile, grid };
  const data = emitToPlanes(module, `${name}.enter`, numerics, {
    transform: method.data, inputs: method.points, ...tiles, channels: input.physical, map: layout(input), plane: plane.from,
  });
  const slope = emitToPlanes(module, `${name}.gradient`, numerics, {
    transform: method.gradient, inputs: method.tile, ...tiles, channels: gradient.physical, map: layout(gradient), plane: plane.to,
  });
  const spec = { points: method.points ** 2, tiles: grid.columns, channels: input.physical, outputs: gradient.physical, fromPlane: plane.from, toPlane: plane.to };
  const [first, more] = [true, false].map((fresh) => emitPointGradients(module, `${name}.products`, numerics, spec, fresh)) as [number, number];
  const addBias = emitBiasGradient(module, `${layer}.bias`, {
    rows: 1, columns: 'images', output: { row: 0, column: 0, image: gradient.physical }, blocks: gradient.physical / 16,
  });
  return module.function(name, Array.from({ length: 6 }, () => 'i32' as const), [], (f) => {
    const [x, g, total, biasTotal, workspace, count] = [0, 1, 2, 3, 4, 5].map((i) => f.parameter(i)) as Locals<6>;
    const work = (offset: number): Code => i32.add(workspace.get(), i32.const(4 * offset));
    const multiply = (index: number, rows: Code): Code => module.call(index, work(at.from), work(at.to), i32.add(total.get(), i32.const(4 * sumsHeader)), rows);
    return overPieces(f, pieces, count, [moving(x, layout(input), method.tile), moving(g, layout(gradient), method.tile)], (piece) => {
      const rows = i32.mul(piece.images, piece.rows);
      return [
        module.call(data, x.get(), work(at.from), work(at.row), piece.images, piece.rows),
        module.call(slope, g.get(), work(at.to), work(at.row), piece.images, piece.rows),
        primitive.bias ? module.call(addBias, work(at.to + sumPoint(method) * plane.to), biasTotal.get(), i32.mul(rows, i32.const(grid.columns))) : [],
        whenElse(i32.load(total.get()), [multiply(first, rows), i32.store(total.get(), i32.const(0))], multiply(more, rows)),
      ];
    });
  });
}
