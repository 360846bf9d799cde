/** Maximum and average pooling. */
import { outputShape, type PrimitiveOf } from '../../../layers/primitives.ts';
import { emitPool, emitPoolGradient, type PoolSpec } from '../kernels/pool.ts';
import { emitTiledPool, emitTiledPoolGradient, isTiled } from '../kernels/tiledPool.ts';
import type { EmitContext } from '../program.ts';
import type { Lowering } from './lowering.ts';

export const pool: Lowering<PrimitiveOf<'pool'>> = {
  lower({ primitive, layer, inputs, wanted }, build) {
    const input = inputs[0];
    const output = build.map(outputShape(primitive, [input.shape]), {});
    const spec = (layout: EmitContext['layout']): PoolSpec => ({
      ...primitive, blocks: input.physical / 16,
      input: { height: input.shape.height, width: input.shape.width, steps: layout(input) },
      output: { height: output.shape.height, width: output.shape.width, steps: layout(output) },
    });
    build.operation({
      layer, pass: 'forward', reads: [input], writes: [output],
      emit: ({ module, layout }) => {
        const emit = isTiled(spec(layout)) ? emitTiledPool : emitPool;
        return [{ function: emit(module, `${layer}.forward`, spec(layout)), arguments: [{ map: input }, { map: output }, { of: 'images' }] }];
      },
    });
    return {
      output,
      backward(gradient) {
        if (!wanted[0]) return;
        build.contribute(input, {
          canAdd: false, canMask: true,
          produce: ({ mask }) => {
            const result = build.map(input.shape);
            build.operation({
              layer, pass: 'data', reads: [gradient, output, input], writes: [result],
              emit: ({ module, layout }) => [{
                function: (coversAll(spec(layout)) ? emitTiledPoolGradient : emitPoolGradient)(
                  module, `${layer}.data`, spec(layout), { gradient: layout(gradient), target: layout(result), masked: mask !== undefined },
                ),
                arguments: [{ map: gradient }, { map: output }, { map: input }, { map: result }, { of: 'images' }],
              }],
            });
            return result;
          },
        });
      },
    };
  },
};

/** Windows side by side that leave no row or column over: every cell of the gradient is written. */
const coversAll = (spec: PoolSpec): boolean =>
  isTiled(spec) && spec.output.height * spec.kernel[0] === spec.input.height && spec.output.width * spec.kernel[1] === spec.input.width;
