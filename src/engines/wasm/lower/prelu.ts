/** The rectifier with trained slopes: one kernel for the result and for the gradient to the input, one for the slopes' own. */
import type { PrimitiveOf } from '../../../layers/primitives.ts';
import { emitRectifier, emitSlopeGradient, type RectifierSpec } from '../kernels/prelu.ts';
import type { FeatureMap } from '../program.ts';
import type { Lowering } from './lowering.ts';

export const prelu: Lowering<PrimitiveOf<'prelu'>> = {
  lower({ primitive, layer, inputs, wanted }, build) {
    const input = inputs[0];
    const { height, width } = input.shape;
    const spec: RectifierSpec = { rows: height, columns: width, blocks: input.physical / 16, shared: primitive.shared };
    const rectified = (pass: 'forward' | 'data', value: FeatureMap): FeatureMap => {
      const result = build.map(input.shape);
      build.operation({
        layer, pass, reads: [value, input], writes: [result],
        emit: ({ module, layout }) => [{
          function: emitRectifier(module, `${layer}.${pass}`, spec, { value: layout(value), x: layout(input), result: layout(result) }),
          arguments: [{ map: value }, { map: input }, { place: build.parameter(`${layer}.weight`) }, { map: result }, { of: 'images' }],
        }],
      });
      return result;
    };
    return {
      output: rectified('forward', input),
      backward(gradient) {
        build.operation({
          layer, pass: 'weights', reads: [gradient, input], writes: [],
          emit: ({ module, layout }) => [{
            function: emitSlopeGradient(module, `${layer}.weights`, spec, { gradient: layout(gradient), x: layout(input) }),
            arguments: [{ map: gradient }, { map: input }, { shard: build.gradient(`${layer}.weight`) }, { of: 'images' }],
          }],
        });
        if (wanted[0]) build.contribute(input, { canAdd: false, canMask: false, produce: () => rectified('data', gradient) });
      },
    };
  },
};
