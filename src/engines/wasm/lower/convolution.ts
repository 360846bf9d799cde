/** Convolution: by Winograd's method where that is cheaper (winograd.ts), else by the direct products (products.ts). */
import type { PrimitiveOf } from '../../../layers/primitives.ts';
import { outputShape } from '../../../layers/primitives.ts';
import type { Folded } from '../builder.ts';
import type { FeatureMap } from '../program.ts';
import type { Lowering } from './lowering.ts';
import { chooseMethod } from './method.ts';
import { biasProduct, forwardProduct, gradientProduct, weightProduct } from './products.ts';
import { winogradDataGradient, winogradForward, winogradWeightGradient } from './winograd.ts';

export const convolution: Lowering<PrimitiveOf<'convolution'>> = {
  foldsRelu: true,
  readsUnpadded: true,
  lower(node, build) {
    const { primitive, layer, relu } = node;
    const image = node.inputs[0];
    const filtered = build.map(outputShape(primitive, [image.shape]), { relu });
    const method = chooseMethod(primitive, image, filtered, build.methods);
    if (method) winogradForward(method, node, build, filtered);
    else forwardProduct({ layer, pass: 'forward', geometry: primitive, image, filtered, bias: primitive.bias, relu, folded: {} }, build);
    return {
      output: filtered,
      backward(gradient) {
        if (method) winogradWeightGradient(method, node, build, gradient);
        else weightProduct({ layer, geometry: primitive, image, filtered: gradient }, build);
        if (primitive.bias && !method) biasProduct(layer, build, gradient);
        if (!node.wanted[0]) return;
        const dataGradient = (folded: Folded): FeatureMap => {
          const result = build.map(image.shape, { physical: image.physical });
          gradientProduct({ layer, pass: 'data', geometry: primitive, image: result, filtered: gradient, bias: false, relu: false, folded }, build);
          return result;
        };
        const produce = (folded: Folded): FeatureMap => (method ? winogradDataGradient(method, node, build, gradient, folded) : dataGradient(folded));
        build.contribute(image, { canAdd: true, canMask: true, produce });
      },
    };
  },
};
