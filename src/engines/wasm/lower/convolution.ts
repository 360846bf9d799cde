/** Convolution: forward, gradient to the weights, gradient to the data (one gather product for each residue of the stride). */
import type { PrimitiveOf } from '../../../layers/primitives.ts';
import { outputShape } from '../../../layers/primitives.ts';
import type { Builder, Folded } from '../builder.ts';
import { emitGather, type GatherSpec } from '../kernels/gather.ts';
import { emitBiasGradient, emitWeightGradient } from '../kernels/weightGradient.ts';
import { sixteens, type Argument, type FeatureMap, type Layout } from '../program.ts';
import type { Lowering, Node } from './lowering.ts';
import { chooseMethod } from './method.ts';
import { partsOf, turnedWeights, type AxisTaps } from './turned.ts';
import { winogradDataGradient, winogradForward, winogradWeightGradient } from './winograd.ts';

type Convolution = PrimitiveOf<'convolution'>;
const nothing: Argument = { value: 0 };

export const convolution: Lowering<Convolution> = {
  foldsRelu: true,
  readsUnpadded: true,
  lower(node, build) {
    const { primitive, layer } = node;
    const input = node.inputs[0];
    const output = build.map(outputShape(primitive, [input.shape]), { relu: node.relu });
    const method = chooseMethod(primitive, input, output, build.methods);
    if (method) winogradForward(method, node, build, output);
    else forward(node, build, output);
    return {
      output,
      backward(gradient) {
        if (method) winogradWeightGradient(method, node, build, gradient);
        else weightGradient(node, build, output, gradient);
        if (primitive.bias) biasGradient(layer, build, output, gradient);
        if (!node.wanted[0]) return;
        const produce = (folded: Folded): FeatureMap => method ? winogradDataGradient(method, node, build, gradient, folded) : dataGradient(node, build, output, gradient, folded);
        build.contribute(input, { canAdd: true, canMask: true, produce });
      },
    };
  },
};

function forward({ primitive, layer, inputs, relu }: Node<Convolution>, build: Builder, output: FeatureMap): void {
  const input = inputs[0];
  build.needBorder(input, borderOf(primitive, input, output));
  build.operation({
    layer, pass: 'forward', reads: [input], writes: [output],
    emit: ({ module, numerics, layout }) => [{
      function: emitGather(module, `${layer}.forward`, numerics, { ...forwardSpec(primitive, input, output, layout(input), layout(output)), bias: primitive.bias, relu }),
      arguments: [
        { map: input, offset: firstTap(primitive, layout(input)) }, { place: build.parameter(`${layer}.weight`) },
        primitive.bias ? { place: build.parameter(`${layer}.bias`) } : nothing, { map: output }, nothing, nothing, { of: 'images' },
      ],
    }],
  });
}

function biasGradient(layer: string, build: Builder, output: FeatureMap, gradient: FeatureMap): void {
  build.operation({
    layer, pass: 'weights', reads: [gradient], writes: [],
    emit: ({ module, layout }) => [{
      function: emitBiasGradient(module, `${layer}.bias`, { rows: output.shape.height, columns: output.shape.width, output: layout(gradient), blocks: output.physical / 16 }),
      arguments: [{ map: gradient }, { shard: build.gradient(`${layer}.bias`) }, { of: 'images' }],
    }],
  });
}

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
  const input = inputs[0];
  build.operation({
    layer, pass: 'weights', reads: [input, gradient], writes: [],
    emit: ({ module, numerics, layout }) => {
      const spec = forwardSpec(primitive, input, output, layout(input), layout(gradient));
      return [{
        function: emitWeightGradient(module, `${layer}.weights`, numerics, spec),
        arguments: [{ map: input, offset: firstTap(primitive, layout(input)) }, { map: gradient }, { shard: build.gradient(`${layer}.weight`) }, { of: 'images' }],
      }];
    },
  });
}

function dataGradient({ primitive, layer, inputs }: Node<Convolution>, build: Builder, output: FeatureMap, gradient: FeatureMap, { addend, mask }: Folded): FeatureMap {
  const input = inputs[0];
  const { stride } = primitive;
  const result = build.map(input.shape, { physical: input.physical });
  const outputs = sixteens(primitive.filters), blocks = input.physical / 16;
  const turned = turnedWeights(layer, primitive, input, build);
  const parts = partsOf(primitive, input, outputs).filter(({ rows, columns }) => rows.count > 0 && columns.count > 0);
  for (const { rows, columns } of parts) {
    if (!rows.kernel.length || !columns.kernel.length) continue;
    const low = (taps: AxisTaps): number => Math.max(0, -taps.first);
    const high = (taps: AxisTaps, size: number): number => Math.max(0, taps.count - 1 + taps.first + taps.step * (taps.kernel.length - 1) - (size - 1));
    build.needBorder(gradient, { top: low(rows), left: low(columns), bottom: high(rows, output.shape.height), right: high(columns, output.shape.width) });
  }
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
