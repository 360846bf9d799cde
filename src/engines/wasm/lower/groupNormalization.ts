/**
 * Group normalisation. An image's statistics are its own: nobody waits, and inference is as training. The factors of each
 * image lie in a map, so that they last as long as the gradient needs them.
 */
import type { PrimitiveOf } from '../../../layers/primitives.ts';
import { emitNormalizationGradient, emitScaleShift, type ChannelsSpec } from '../kernels/channels.ts';
import { emitGroupGradient, emitGroupStatistics } from '../kernels/groupNormalization.ts';
import type { FeatureMap } from '../program.ts';
import type { Lowering } from './lowering.ts';
import { nothing } from './product.ts';

export const groupNormalization: Lowering<PrimitiveOf<'groupNormalization'>> = {
  foldsRelu: true,
  lower({ primitive, layer, inputs, relu, wanted }, build) {
    const input = inputs[0];
    const { physical, shape: { channels, height, width } } = input;
    const { groups } = primitive;
    const spec: ChannelsSpec = { rows: height, columns: width, blocks: physical / 16 };
    const output = build.map(input.shape, { relu });
    const perChannel = (vectors: number): FeatureMap => build.map({ channels: vectors * physical, height: 1, width: 1 });
    // [scale, shift, mean, 1 / deviation][physical]
    const vectors = perChannel(4);
    const weight = { place: build.parameter(`${layer}.weight`) }, bias = { place: build.parameter(`${layer}.bias`) };
    build.needWorkspace(() => 16 * physical);
    build.operation({
      layer, pass: 'forward', reads: [input], writes: [vectors],
      emit: ({ module, layout }) => [{
        function: emitGroupStatistics(module, `${layer}.statistics`, { ...spec, channels, groups, vectorStep: layout(vectors).image }, layout(input), primitive.epsilon),
        arguments: [{ map: input }, weight, bias, { map: vectors }, { workspace: 0 }, { of: 'images' }],
      }],
    });
    build.operation({
      layer, pass: 'forward', reads: [input, vectors], writes: [output],
      emit: ({ module, layout }) => [{
        function: emitScaleShift(module, `${layer}.forward`, { ...spec, vectorStep: layout(vectors).image }, { x: layout(input), y: layout(output) }, relu),
        arguments: [{ map: input }, { map: vectors }, { map: output }, nothing, { of: 'images' }],
      }],
    });
    const backward = (gradient: FeatureMap): void => {
      // [a, b, c][physical]
      const coefficients = perChannel(3);
      build.operation({
        layer, pass: 'weights', reads: [input, gradient, vectors], writes: [coefficients],
        emit: ({ module, layout }) => {
          const steps = { channels, groups, vectorStep: layout(vectors).image, coefficientStep: layout(coefficients).image };
          return [{
            function: emitGroupGradient(module, `${layer}.gradientSums`, { ...spec, ...steps }, { x: layout(input), gradient: layout(gradient) }),
            arguments: [
              { map: input }, { map: gradient }, { map: vectors }, weight, { shard: build.gradient(`${layer}.weight`) }, { shard: build.gradient(`${layer}.bias`) },
              { map: coefficients }, { workspace: 0 }, { of: 'images' },
            ],
          }];
        },
      });
      if (!wanted[0]) return;
      build.contributeMap(input, (result) => {
        build.operation({
          layer, pass: 'data', reads: [gradient, input, coefficients], writes: [result],
          emit: ({ module, layout }) => [{
            function: emitNormalizationGradient(module, `${layer}.data`, { ...spec, vectorStep: layout(coefficients).image }, { gradient: layout(gradient), x: layout(input), dx: layout(result) }),
            arguments: [{ map: gradient }, { map: input }, { map: coefficients }, { map: result }, { of: 'images' }],
          }],
        });
      });
    };
    return { output, backward };
  },
};
