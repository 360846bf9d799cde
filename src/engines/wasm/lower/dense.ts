/** Dense layers: a gather product whose pixels are the images and whose window is the whole input map. */
import type { PrimitiveOf } from '../../../layers/primitives.ts';
import type { Builder, Folded } from '../builder.ts';
import { emitGather, type GatherSpec } from '../kernels/gather.ts';
import { emitBiasGradient, emitWeightGradient } from '../kernels/weightGradient.ts';
import { sixteens, type Argument, type FeatureMap, type Layout } from '../program.ts';
import type { Work } from '../stopwatch.ts';
import type { Lowering, Node } from './lowering.ts';
import { nothing } from './product.ts';

type Dense = PrimitiveOf<'dense'>;

export const dense: Lowering<Dense> = {
  foldsRelu: true,
  readsUnpadded: true,
  lower(node, build) {
    const { primitive, layer, relu } = node;
    const input = node.inputs[0];
    const output = build.map({ channels: primitive.units, height: 1, width: 1 }, { relu });
    build.operation({
      layer, pass: 'forward', reads: [input], writes: [output], work: workOf(node),
      emit: ({ module, numerics, layout }) => [{
        function: emitGather(module, `${layer}.forward`, numerics, { ...windowSpec(input, output, layout(input), layout(output)), bias: primitive.bias, relu }),
        arguments: [
          { map: input }, { place: build.parameter(`${layer}.weight`) }, primitive.bias ? { place: build.parameter(`${layer}.bias`) } : nothing,
          { map: output }, nothing, nothing, { of: 'images' },
        ],
      }],
    });
    return {
      output,
      backward(gradient) {
        weightGradient(node, build, gradient);
        if (node.wanted[0]) build.contribute(input, { canAdd: true, canMask: true, produce: (folded) => dataGradient(node, build, gradient, folded) });
      },
    };
  },
};

function workOf({ primitive: { units }, inputs: [input] }: Node<Dense>): Work {
  const cells = input.shape.height * input.shape.width;
  return { method: 'direct', multiplyAdds: cells * input.shape.channels * units, executed: cells * input.physical * sixteens(units) };
}

const byImage = (layout: Layout): GatherSpec['input'] => ({ row: 0, column: layout.image, image: layout.image });

function windowSpec(input: FeatureMap, output: FeatureMap, from: Layout, to: Layout): GatherSpec {
  return {
    rows: 1, columns: 'images', input: byImage(from), output: byImage(to),
    taps: { rows: input.shape.height, rowStep: from.row, columns: 1, columnStep: 0, run: input.shape.width * input.physical },
    blocks: output.physical / 16, bias: false, relu: false,
  };
}

function weightGradient(node: Node<Dense>, build: Builder, gradient: FeatureMap): void {
  const { primitive, layer, inputs: [input] } = node;
  build.operation({
    layer, pass: 'weights', reads: [input, gradient], writes: [], work: workOf(node),
    emit: ({ module, numerics, layout }) => {
      const spec = windowSpec(input, gradient, layout(input), layout(gradient));
      return [
        { function: emitWeightGradient(module, `${layer}.weights`, numerics, spec), arguments: [{ map: input }, { map: gradient }, { shard: build.gradient(`${layer}.weight`) }, { of: 'images' }] },
        ...(primitive.bias
          ? [{ function: emitBiasGradient(module, `${layer}.bias`, spec), arguments: [{ map: gradient }, { shard: build.gradient(`${layer}.bias`) }, { of: 'images' }] as Argument[] }]
          : []),
      ];
    },
  });
}

/** One gather product per row of the input map, because its rows may have a border between them. */
function dataGradient(node: Node<Dense>, build: Builder, gradient: FeatureMap, { addend, mask }: Folded): FeatureMap {
  const { layer, inputs: [input] } = node;
  const { height, width } = input.shape;
  const result = build.map(input.shape);
  const rowLength = width * input.physical, units = gradient.physical;
  const turned = build.turned(`${layer}.weight`, height * rowLength * units, () => turnedBlocks(height, rowLength, units));
  build.operation({
    layer, pass: 'data', reads: [gradient, ...(addend ? [addend] : []), ...(mask ? [mask] : [])], writes: [result], work: workOf(node),
    emit: ({ module, numerics, layout }) => {
      const spec: GatherSpec = {
        rows: 1, columns: 'images', input: byImage(layout(gradient)), output: byImage(layout(result)),
        taps: { rows: 1, rowStep: 0, columns: 1, columnStep: 0, run: units }, blocks: rowLength / 16, bias: false, relu: false,
        ...(addend ? { addend: byImage(layout(addend)) } : {}), ...(mask ? { mask: byImage(layout(mask)) } : {}),
      };
      const index = emitGather(module, `${layer}.data`, numerics, spec);
      const at = (map: FeatureMap | undefined, row: number): Argument => (map ? { map, offset: row * layout(map).row } : nothing);
      return Array.from({ length: height }, (_, row) => ({
        function: index,
        arguments: [{ map: gradient }, { place: turned, offset: row * rowLength * units }, nothing, at(result, row), at(addend, row), at(mask, row), { of: 'images' }] as Argument[],
      }));
    },
  });
  return result;
}

/** Byte moves of 16×16 blocks: [block of units][row][in][16 units] → [row][block of in][unit][16 in]. */
function turnedBlocks(height: number, rowLength: number, units: number): [number, number][] {
  const moves: [number, number][] = [];
  for (let row = 0; row < height; row++) {
    for (let block = 0; block < rowLength / 16; block++) {
      for (let o = 0; o < units / 16; o++) {
        moves.push([4 * ((o * height + row) * rowLength + 16 * block) * 16, 4 * ((row * (rowLength / 16) + block) * units + 16 * o) * 16]);
      }
    }
  }
  return moves;
}
