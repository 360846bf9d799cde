/**
 * Transposed convolution: the products of the convolution from its output to its input, with the roles changed. Forward is that
 * convolution's gradient to the data, the gradient to the data is its forward pass.
 */
import type { PrimitiveOf } from '../../../layers/primitives.ts';
import { outputShape } from '../../../layers/primitives.ts';
import type { Lowering } from './lowering.ts';
import { biasProduct, forwardProduct, gradientProduct, weightProduct } from './products.ts';

export const transposedConvolution: Lowering<PrimitiveOf<'transposedConvolution'>> = {
  foldsRelu: true,
  lower({ primitive, layer, inputs, relu, wanted }, build) {
    const input = inputs[0];
    const geometry = { ...primitive, filters: input.shape.channels };
    const output = build.map(outputShape(primitive, [input.shape]), { relu });
    gradientProduct({ layer, pass: 'forward', geometry, image: output, filtered: input, bias: primitive.bias, relu, folded: {} }, build);
    return {
      output,
      backward(gradient) {
        weightProduct({ layer, geometry, image: gradient, filtered: input }, build);
        if (primitive.bias) biasProduct(layer, build, gradient);
        if (!wanted[0]) return;
        build.contribute(input, {
          canAdd: true, canMask: true,
          produce: (folded) => {
            const result = build.map(input.shape);
            forwardProduct({ layer, pass: 'data', geometry, image: gradient, filtered: result, bias: false, relu: false, folded }, build);
            return result;
          },
        });
      },
    };
  },
};
