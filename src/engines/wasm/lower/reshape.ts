/** Flattening: only the order of elements changes, from channels-last to channels, rows, columns. */
import { sizeOf } from '../../../common/shape.ts';
import type { PrimitiveOf } from '../../../layers/primitives.ts';
import { emitCopy, type CopySpec } from '../kernels/maps.ts';
import type { FeatureMap, Layout } from '../program.ts';
import type { Lowering } from './lowering.ts';

export const flatten: Lowering<PrimitiveOf<'flatten'>> = {
  lower({ layer, inputs, wanted }, build) {
    const input = inputs[0];
    const { channels, height, width } = input.shape;
    const output = build.map({ channels: sizeOf(input.shape), height: 1, width: 1 });
    const mapped = (layout: Layout): CopySpec['from'] => ({ ...layout, channel: 1 });
    const flat = (layout: Layout): CopySpec['from'] => ({ channel: height * width, row: width, column: 1, image: layout.image });
    const copy = (pass: 'forward' | 'data', from: FeatureMap, to: FeatureMap): void => {
      build.operation({
        layer, pass, reads: [from], writes: [to],
        emit: ({ module, layout }) => [{
          function: emitCopy(module, `${layer}.${pass}`, {
            rows: height, columns: width, channels,
            from: pass === 'forward' ? mapped(layout(from)) : flat(layout(from)),
            to: pass === 'forward' ? flat(layout(to)) : mapped(layout(to)),
          }),
          arguments: [{ map: from }, { map: to }, { of: 'images' }],
        }],
      });
    };
    copy('forward', input, output);
    return {
      output,
      backward(gradient) {
        if (!wanted[0]) return;
        build.contributeMap(input, (result) => copy('data', gradient, result));
      },
    };
  },
};
