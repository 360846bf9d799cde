/** Activations, dropout, and joins: operations that treat every element alike. */
import { derivative, evaluate, inputsOf } from '../../../common/expression.ts';
import { hashName } from '../../../common/random.ts';
import { outputShape, type PrimitiveOf } from '../../../layers/primitives.ts';
import { foldedMaps, foldInto, type Builder, type Folded } from '../builder.ts';
import { f32x4, v128 } from '../emitter.ts';
import { emitDropoutMask } from '../kernels/dropout.ts';
import { compileExpression } from '../kernels/expression.ts';
import { emitSlice } from '../kernels/maps.ts';
import type { FeatureMap } from '../program.ts';
import type { Lowering, Node } from './lowering.ts';

export const map: Lowering<PrimitiveOf<'map'>> = {
  lower({ primitive, layer, inputs, wanted }, build) {
    const input = inputs[0];
    const { expression } = primitive;
    const relu = primitive.name === 'relu';
    // Channels that only pad must stay zero, whatever the function does to zero.
    const output = build.elementwise(layer, 'forward', [input], input.shape, (f, [x]) => compileExpression(f, expression, { x: x }), relu);
    if (evaluate(expression, { x: 0 }) !== 0) build.clearPadding(layer, 'forward', output);
    return {
      output,
      backward(gradient) {
        if (!wanted[0]) return;
        const slope = derivative(expression, 'x');
        build.contribute(input, {
          canAdd: true, canMask: true,
          produce: (folded) => {
            // A ReLU's gradient has been through it already (builder.gradientOf).
            if (relu) return build.fold(gradient, folded, layer);
            const needsInput = inputsOf(slope).size > 0;
            const reads = [gradient, ...(needsInput ? [input] : []), ...foldedMaps(folded)];
            return build.elementwise(layer, 'data', reads, input.shape, (f, values) => {
              const { before, value } = compileExpression(f, slope, needsInput ? { x: values[1] } : {});
              return foldInto(f32x4.mul(values[0].get(), value), values.slice(needsInput ? 2 : 1), folded, before);
            });
          },
        });
      },
    };
  },
};

export const dropout: Lowering<PrimitiveOf<'dropout'>> = {
  lower({ primitive, layer, inputs, wanted }, build) {
    const input = inputs[0];
    const { shape, physical } = input;
    const mask = build.map({ channels: physical * shape.height * shape.width, height: 1, width: 1 });
    build.operation({
      layer, pass: 'forward', reads: [], writes: [mask],
      emit: ({ module, layout }) => [{
        function: emitDropoutMask(module, `${layer}.mask`, {
          vectors: mask.shape.channels / 4, pixelVectors: physical / 4, unit: primitive.unit, imageStep: layout(mask).image, rate: primitive.rate, layer: hashName(layer) | 0,
        }),
        arguments: [{ map: mask }, { of: 'image' }, { of: 'step' }, { of: 'seed' }, { of: 'images' }],
      }],
    });
    const scaled = (pass: 'forward' | 'data', of: FeatureMap, folded: Folded = {}): FeatureMap =>
      build.elementwise(layer, pass, [of, mask, ...foldedMaps(folded)], shape, (_, values) => foldInto(f32x4.mul(values[0].get(), values[1].get()), values.slice(2), folded), false, mask);
    return {
      output: scaled('forward', input),
      backward(gradient) {
        if (wanted[0]) build.contribute(input, { canAdd: true, canMask: true, produce: (folded) => scaled('data', gradient, folded) });
      },
    };
  },
};

export const join: Lowering<PrimitiveOf<'join'>> = {
  foldsRelu: true,
  lower(node, build) {
    return { add: lowerSum, multiply: lowerProduct, concat: lowerConcat }[node.primitive.kind](node, build);
  },
};

type Join = Node<PrimitiveOf<'join'>>;
type Lowered = ReturnType<Lowering<PrimitiveOf<'join'>>['lower']>;

function lowerSum({ layer, inputs, relu, wanted }: Join, build: Builder): Lowered {
  const output = build.elementwise(layer, 'forward', inputs, inputs[0].shape, (_, values) => {
    const sum = values.slice(1).reduce((total, value) => f32x4.add(total, value.get()), values[0].get());
    return { before: [], value: relu ? f32x4.pmax(sum, v128.zero) : sum };
  }, relu);
  return { output, backward: (gradient) => inputs.forEach((input, i) => build.pass(input, gradient, layer, wanted[i])) };
}

function lowerProduct({ layer, inputs, relu, wanted }: Join, build: Builder): Lowered {
  const output = build.elementwise(layer, 'forward', inputs, inputs[0].shape, (_, values) => {
    const all = values.slice(1).reduce((total, value) => f32x4.mul(total, value.get()), values[0].get());
    return { before: [], value: relu ? f32x4.pmax(all, v128.zero) : all };
  }, relu);
  return {
    output,
    backward: (gradient) => inputs.forEach((input, i) => {
      if (!wanted[i]) return;
      const others = inputs.filter((_, j) => j !== i);
      build.contribute(input, {
        canAdd: true, canMask: true,
        produce: (folded) => build.elementwise(layer, 'data', [gradient, ...others, ...foldedMaps(folded)], input.shape, (_, values) =>
          foldInto(others.reduce((total, __, j) => f32x4.mul(total, values[1 + j].get()), values[0].get()), values.slice(1 + others.length), folded)),
      });
    }),
  };
}

function lowerConcat({ layer, primitive, inputs, relu, wanted }: Join, build: Builder): Lowered {
  const shape = outputShape(primitive, inputs.map((input) => input.shape));
  const joined = build.map(shape, {});
  const offsets = inputs.map((_, i) => inputs.slice(0, i).reduce((sum, input) => sum + input.shape.channels, 0));
  inputs.forEach((input, i) => slice(build, layer, 'forward', input, 0, joined, offsets[i], input.shape.channels, i > 0));
  const output = relu ? build.elementwise(layer, 'forward', [joined], shape, (_, [x]) => ({ before: [], value: f32x4.pmax(x.get(), v128.zero) }), true) : joined;
  return {
    output,
    backward: (gradient) => inputs.forEach((input, i) => {
      if (!wanted[i]) return;
      build.contributeMap(input, (result) => slice(build, layer, 'data', gradient, offsets[i], result, 0, input.shape.channels, false));
    }),
  };
}

/** Copies `channels` channels from one map to another of the same height and width. `more`: the target holds earlier slices. */
function slice(build: Builder, layer: string, pass: 'forward' | 'data', from: FeatureMap, first: number, to: FeatureMap, at: number, channels: number, more: boolean): void {
  build.operation({
    layer, pass, reads: more ? [from, to] : [from], writes: [to],
    emit: ({ module, layout }) => [{
      function: emitSlice(module, `${layer}.${pass}.${to.id}.${at}`, { rows: from.shape.height, columns: from.shape.width, channels, from: layout(from), to: layout(to) }),
      arguments: [{ map: from, offset: first }, { map: to, offset: at }, { of: 'images' }],
    }],
  });
}

export const pad: Lowering<PrimitiveOf<'pad'>> = {
  lower({ primitive, layer, inputs, wanted }, build) {
    const input = inputs[0];
    const { top, left } = primitive.padding;
    const output = build.map(outputShape(primitive, [input.shape]), { exclusive: true });
    const { height, width, channels } = input.shape;
    const inside = (pass: 'forward' | 'data', from: FeatureMap, to: FeatureMap): void => {
      build.operation({
        layer, pass, reads: [from], writes: [to],
        emit: ({ module, layout }) => {
          const shifted = (map: FeatureMap): number => (map.shape === input.shape ? 0 : top * layout(map).row + left * layout(map).column);
          return [{
            function: emitSlice(module, `${layer}.${pass}`, { rows: height, columns: width, channels, from: layout(from), to: layout(to) }),
            arguments: [{ map: from, offset: shifted(from) }, { map: to, offset: shifted(to) }, { of: 'images' }],
          }];
        },
      });
    };
    inside('forward', input, output);
    return {
      output,
      backward(gradient) {
        if (!wanted[0]) return;
        build.contributeMap(input, (result) => inside('data', gradient, result));
      },
    };
  },
};
