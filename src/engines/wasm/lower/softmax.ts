/** Softmax over channels. Its gradient needs its result. */
import type { PrimitiveOf } from '../../../layers/primitives.ts';
import { emitSoftmax, emitSoftmaxGradient } from '../kernels/softmax.ts';
import type { Lowering } from './lowering.ts';

export const softmax: Lowering<PrimitiveOf<'softmax'>> = {
  lower({ layer, inputs, wanted }, build) {
    const input = inputs[0];
    const { channels, height, width } = input.shape;
    const spec = { rows: height, columns: width, channels };
    const output = build.map(input.shape);
    build.operation({
      layer, pass: 'forward', reads: [input], writes: [output],
      emit: ({ module, layout }) => [{
        function: emitSoftmax(module, `${layer}.forward`, spec, { x: layout(input), y: layout(output) }),
        arguments: [{ map: input }, { map: output }, { of: 'images' }],
      }],
    });
    return {
      output,
      backward(gradient) {
        if (!wanted[0]) return;
        build.contributeMap(input, (result) => {
          build.operation({
            layer, pass: 'data', reads: [gradient, output], writes: [result],
            emit: ({ module, layout }) => [{
              function: emitSoftmaxGradient(module, `${layer}.data`, spec, { gradient: layout(gradient), y: layout(output), dx: layout(result) }),
              arguments: [{ map: gradient }, { map: output }, { map: result }, { of: 'images' }],
            }],
          });
        });
      },
    };
  },
};
