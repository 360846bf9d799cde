/** Repetition of cells. */
import { outputShape, type PrimitiveOf } from '../../../layers/primitives.ts';
import { emitUpsample, emitUpsampleGradient, type UpsampleSpec } from '../kernels/upsample.ts';
import type { EmitContext, FeatureMap } from '../program.ts';
import type { Lowering } from './lowering.ts';

export const upsample: Lowering<PrimitiveOf<'upsample'>> = {
  lower({ primitive, layer, inputs, wanted }, build) {
    const input = inputs[0];
    const output = build.map(outputShape(primitive, [input.shape]));
    const spec = (layout: EmitContext['layout'], small: FeatureMap, large: FeatureMap): UpsampleSpec => ({
      rows: input.shape.height, columns: input.shape.width, blocks: input.physical / 16, factor: primitive.factor, small: layout(small), large: layout(large),
    });
    build.operation({
      layer, pass: 'forward', reads: [input], writes: [output],
      emit: ({ module, layout }) => [{
        function: emitUpsample(module, `${layer}.forward`, spec(layout, input, output)), arguments: [{ map: input }, { map: output }, { of: 'images' }],
      }],
    });
    return {
      output,
      backward(gradient) {
        if (!wanted[0]) return;
        build.contributeMap(input, (result) => {
          build.operation({
            layer, pass: 'data', reads: [gradient], writes: [result],
            emit: ({ module, layout }) => [{
              function: emitUpsampleGradient(module, `${layer}.data`, spec(layout, result, gradient)), arguments: [{ map: gradient }, { map: result }, { of: 'images' }],
            }],
          });
        });
      },
    };
  },
};
