/** Convolution: forward, gradient to the weights, gradient to the data (one gather product for each residue of the stride). */
import type { PrimitiveOf } from '../../../layers/primitives.ts';
import { outputShape } from '../../../layers/primitives.ts';
import type { Builder, Folded } from '../builder.ts';
import { emitGather, type GatherSpec } from '../kernels/gather.ts';
import { emitBiasGradient, emitWeightGradient } from '../kernels/weightGradient.ts';
import { sixteens, type Argument, type FeatureMap, type Layout } from '../program.ts';
import type { Lowering, Node } from './lowering.ts';

type Convolution = PrimitiveOf<'convolution'>;
const nothing: Argument = { value: 0 };

export const convolution: Lowering<Convolution> = {
  foldsRelu: true,
  readsUnpadded: true,
  lower(node, build) {
    const { primitive, layer, relu } = node;
    const input = node.inputs[0]!;
    const output = build.map(outputShape(primitive, [input.shape]), { relu });
    build.needBorder(input, borderOf(primitive, input, output));
    build.operation({
      layer, pass: 'forward', reads: [input], writes: [output],
      emit: ({ module, numerics, layout }) => {
        const spec = { ...forwardSpec(primitive, input, output, layout(input), layout(output)), bias: primitive.bias, relu };
        return [{
          function: emitGather(module, `${layer}.forward`, numerics, spec),
          arguments: [
            { map: input, offset: firstTap(primitive, layout(input)) }, { place: build.parameter(`${layer}.weight`) },
            primitive.bias ? { place: build.parameter(`${layer}.bias`) } : nothing, { map: output }, nothing, nothing, { of: 'images' },
          ],
        }];
      },
    });
    return {
      output,
      backward(gradient) {
        weightGradient(node, build, output, gradient);
        if (node.wanted[0]) build.contribute(input, { canAdd: true, canMask: true, produce: (folded) => dataGradient(node, build, output, gradient, folded) });
      },
    };
  },
};

const firstTap = ({ padding }: Convolution, layout: Layout): number => -padding.top * layout.row - padding.left * layout.column;

/** How far the last window reaches over the image. */
function borderOf({ kernel, stride, dilation, padding }: Convolution, input: FeatureMap, output: FeatureMap) {
  const over = (axis: 0 | 1, outputs: number, before: number, size: number): number =>
    Math.max(0, (outputs - 1) * stride[axis] + dilation[axis] * (kernel[axis] - 1) - before - (size - 1));
  return {
    top: padding.top, left: padding.left,
    bottom: over(0, output.shape.height, padding.top, input.shape.height), right: over(1, output.shape.width, padding.left, input.shape.width),
  };
}

function forwardSpec({ kernel, stride, dilation }: Convolution, input: FeatureMap, output: FeatureMap, from: Layout, to: Layout): GatherSpec {
  // Neighbouring taps of a row are neighbours in memory unless dilated: one long run.
  const joined = dilation[1] === 1;
  return {
    rows: output.shape.height, columns: output.shape.width,
    input: { row: from.row * stride[0], column: from.column * stride[1], image: from.image },
    output: to,
    taps: {
      rows: kernel[0], rowStep: from.row * dilation[0],
      columns: joined ? 1 : kernel[1], columnStep: from.column * dilation[1], run: joined ? kernel[1] * input.physical : input.physical,
    },
    blocks: output.physical / 16, bias: false, relu: false,
  };
}

function weightGradient({ primitive, layer, inputs }: Node<Convolution>, build: Builder, output: FeatureMap, gradient: FeatureMap): void {
  const input = inputs[0]!;
  build.operation({
    layer, pass: 'weights', reads: [input, gradient], writes: [],
    emit: ({ module, numerics, layout }) => {
      const spec = forwardSpec(primitive, input, output, layout(input), layout(gradient));
      const weights = emitWeightGradient(module, `${layer}.weights`, numerics, spec);
      return [
        { function: weights, arguments: [{ map: input, offset: firstTap(primitive, layout(input)) }, { map: gradient }, { shard: build.gradient(`${layer}.weight`) }, { of: 'images' }] },
        ...(primitive.bias
          ? [{ function: emitBiasGradient(module, `${layer}.bias`, spec), arguments: [{ map: gradient }, { shard: build.gradient(`${layer}.bias`) }, { of: 'images' }] as Argument[] }]
          : []),
      ];
    },
  });
}

/** Taps along one axis that reach an input position whose index has this residue of the stride. */
interface AxisTaps {
  /** Kernel indices, in the order in which the output gradient is read. */
  kernel: number[];
  /** Output index of the first tap for the first such position, and the distance between taps. */
  first: number;
  step: number;
  /** Input positions with this residue. */
  count: number;
}

/** Input position residue + stride · m receives from output (residue + before - k · dilation) / stride + m, for every k where that is whole. */
function axisTaps(residue: number, size: number, kernel: number, stride: number, dilation: number, before: number): AxisTaps {
  const indices = Array.from({ length: kernel }, (_, k) => kernel - 1 - k).filter((k) => (residue + before - k * dilation) % stride === 0);
  const at = (k: number): number => (residue + before - k * dilation) / stride;
  const first = indices.length ? at(indices[0]!) : 0;
  return { kernel: indices, first, step: indices.length > 1 ? at(indices[1]!) - first : 1, count: Math.max(0, Math.ceil((size - residue) / stride)) };
}

function dataGradient({ primitive, layer, inputs }: Node<Convolution>, build: Builder, output: FeatureMap, gradient: FeatureMap, { addend, mask }: Folded): FeatureMap {
  const input = inputs[0]!;
  const { kernel, stride, dilation, padding } = primitive;
  const result = build.map(input.shape, { physical: input.physical });
  const outputs = sixteens(primitive.filters), blocks = input.physical / 16;
  const turned = build.place(4 * kernel[0] * kernel[1] * outputs * input.physical);
  const moves: [number, number][] = [];
  let offset = 0;
  const parts = residues(stride[0]).flatMap((y) => residues(stride[1]).map((x) => {
    const rows = axisTaps(y, input.shape.height, kernel[0], stride[0], dilation[0], padding.top);
    const columns = axisTaps(x, input.shape.width, kernel[1], stride[1], dilation[1], padding.left);
    const part = { y, x, rows, columns, weights: offset };
    moves.push(...turnedBlocks(kernel, rows.kernel, columns.kernel, outputs, input.physical, offset));
    offset += rows.kernel.length * columns.kernel.length * outputs * input.physical;
    const low = (taps: AxisTaps): number => Math.max(0, -taps.first);
    const high = (taps: AxisTaps, size: number): number => Math.max(0, taps.count - 1 + taps.first + taps.step * (taps.kernel.length - 1) - (size - 1));
    if (rows.kernel.length && columns.kernel.length) {
      build.needBorder(gradient, { top: low(rows), left: low(columns), bottom: high(rows, output.shape.height), right: high(columns, output.shape.width) });
    }
    return part;
  })).filter(({ rows, columns }) => rows.count > 0 && columns.count > 0);
  build.turned.push({ key: `${layer}.weight`, to: turned, blocks: moves });
  build.operation({
    layer, pass: 'data', reads: [gradient, ...(addend ? [addend] : []), ...(mask ? [mask] : [])], writes: [result],
    emit: ({ module, numerics, layout }) => parts.map(({ y, x, rows, columns, weights }) => {
      const from = layout(gradient);
      const strided = (map: FeatureMap): GatherSpec['input'] => ({ row: layout(map).row * stride[0], column: layout(map).column * stride[1], image: layout(map).image });
      const at = (map: FeatureMap | undefined): Argument => (map ? { map, offset: y * layout(map).row + x * layout(map).column } : nothing);
      const joined = columns.step === 1;
      const spec: GatherSpec = {
        rows: rows.count, columns: columns.count, input: from, output: strided(result),
        taps: {
          rows: columns.kernel.length ? rows.kernel.length : 0, rowStep: from.row * rows.step,
          columns: joined ? 1 : columns.kernel.length, columnStep: from.column * columns.step, run: joined ? columns.kernel.length * outputs : outputs,
        },
        blocks, bias: false, relu: false, ...(addend ? { addend: strided(addend) } : {}), ...(mask ? { mask: strided(mask) } : {}),
      };
      return {
        function: emitGather(module, `${layer}.data.${y}.${x}`, numerics, spec),
        arguments: [
          { map: gradient, offset: rows.first * from.row + columns.first * from.column }, { place: turned, offset: weights }, nothing,
          at(result), at(addend), at(mask), { of: 'images' },
        ],
      };
    }),
  });
  return result;
}

const residues = (stride: number): number[] => Array.from({ length: stride }, (_, i) => i);

/** Byte moves of 16×16 blocks: [block of outputs][tap][in][16 out] → [block of inputs][chosen tap][out][16 in]. */
function turnedBlocks(kernel: readonly [number, number], rows: readonly number[], columns: readonly number[], outputs: number, physical: number, offset: number): [number, number][] {
  const moves: [number, number][] = [];
  const taps = rows.length * columns.length;
  for (let i = 0; i < physical / 16; i++) {
    rows.forEach((row, r) => columns.forEach((column, c) => {
      for (let o = 0; o < outputs / 16; o++) {
        const from = (((o * kernel[0] + row) * kernel[1] + column) * physical + 16 * i) * 16;
        const to = offset + ((i * taps + r * columns.length + c) * outputs + 16 * o) * 16;
        moves.push([4 * from, 4 * to]);
      }
    }));
  }
  return moves;
}
