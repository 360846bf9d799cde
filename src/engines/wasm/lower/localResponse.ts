/** Local response normalisation. */
import type { PrimitiveOf } from '../../../layers/primitives.ts';
import { emitLocalResponse, emitLocalResponseGradient, localResponseWorkspace } from '../kernels/localResponse.ts';
import type { Lowering } from './lowering.ts';

export const localResponseNormalization: Lowering<PrimitiveOf<'localResponseNormalization'>> = {
  lower({ primitive, layer, inputs, wanted }, build) {
    const input = inputs[0];
    const { physical, shape: { height, width } } = input;
    const spec = { ...primitive, rows: height, columns: width, blocks: physical / 16 };
    const output = build.map(input.shape);
    build.needWorkspace(() => localResponseWorkspace(spec));
    build.operation({
      layer, pass: 'forward', reads: [input], writes: [output],
      emit: ({ module, layout }) => [{
        function: emitLocalResponse(module, `${layer}.forward`, spec, { x: layout(input), y: layout(output) }),
        arguments: [{ map: input }, { map: output }, { workspace: 0 }, { of: 'images' }],
      }],
    });
    return {
      output,
      backward(gradient) {
        if (!wanted[0]) return;
        build.contributeMap(input, (result) => {
          build.operation({
            layer, pass: 'data', reads: [gradient, input], writes: [result],
            emit: ({ module, layout }) => [{
              function: emitLocalResponseGradient(module, `${layer}.data`, spec, { gradient: layout(gradient), x: layout(input), dx: layout(result) }),
              arguments: [{ map: gradient }, { map: input }, { map: result }, { workspace: 0 }, { of: 'images' }],
            }],
          });
        });
      },
    };
  },
};
