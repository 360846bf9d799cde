/**
 * Batch normalisation. In training the statistics need every image: sums by shard, a finale that makes scale and shift of
 * them, and the result in the next phase; the gradient likewise. In inference it is scale and shift alone.
 */
import type { PrimitiveOf } from '../../../layers/primitives.ts';
import { emitCenteredSums, emitNormalizationGradient, emitScaleShift, type ChannelsSpec } from '../kernels/channels.ts';
import type { FeatureMap } from '../program.ts';
import type { Lowering } from './lowering.ts';
import { nothing } from './product.ts';

export const batchNormalization: Lowering<PrimitiveOf<'batchNormalization'>> = {
  foldsRelu: true,
  foldsSum: true,
  lower({ primitive, layer, inputs, relu, wanted }, build) {
    const [input, addend] = inputs as [FeatureMap, FeatureMap?];
    const { channels, height, width } = input.shape;
    const physical = input.physical, pixels = height * width;
    const spec: ChannelsSpec = { rows: height, columns: width, blocks: physical / 16 };
    const output = build.map(input.shape, { relu });
    const scaleShift = build.place(8 * physical), statistics = build.place(8 * physical);
    const at = (name: string): number => build.parameter(`${layer}.${name}`).address;
    const common = { channels, physical, pixels };
    let from = 0;
    // A run's sums, between two kernels.
    build.needWorkspace(() => 128);
    if (build.training) {
      const sums = build.shardSums(16 * physical);
      const phase = build.operation({
        layer, pass: 'forward', reads: [input], writes: [],
        emit: ({ module, numerics, layout }) => [{
          function: emitCenteredSums(module, `${layer}.sums`, numerics, spec, { x: layout(input) }),
          arguments: [{ map: input }, { place: build.parameter(`${layer}.running_mean`) }, { shard: sums }, { workspace: 0 }, { of: 'images' }],
        }],
      });
      from = phase + 1;
      build.finales.push(() => ({
        kind: 'batchStatistics', phase, ...common, epsilon: primitive.epsilon, momentum: primitive.momentum,
        sums: sums.address, sumsStride: sums.strideBytes, weight: at('weight'), bias: at('bias'),
        runningMean: at('running_mean'), runningVariance: at('running_var'), scaleShift: scaleShift.address, statistics: statistics.address,
      }));
    } else {
      build.frozen.push(() => ({
        kind: 'frozenStatistics', ...common, epsilon: primitive.epsilon, weight: at('weight'), bias: at('bias'),
        runningMean: at('running_mean'), runningVariance: at('running_var'), scaleShift: scaleShift.address,
      }));
    }
    build.operation({
      layer, pass: 'forward', reads: addend ? [input, addend] : [input], writes: [output], from,
      emit: ({ module, layout }) => [{
        function: emitScaleShift(module, `${layer}.forward`, spec, { x: layout(input), y: layout(output), ...(addend ? { addend: layout(addend) } : {}) }, relu),
        arguments: [{ map: input }, { place: scaleShift }, { map: output }, addend ? { map: addend } : nothing, { of: 'images' }],
      }],
    });
    const backward = (gradient: FeatureMap): void => {
      if (addend) build.pass(addend, gradient, layer, wanted[1]);
      const sums = build.shardSums(16 * physical), coefficients = build.place(12 * physical);
      const phase = build.operation({
        layer, pass: 'weights', reads: [input, gradient], writes: [],
        emit: ({ module, numerics, layout }) => [{
          function: emitCenteredSums(module, `${layer}.gradientSums`, numerics, spec, { x: layout(input), gradient: layout(gradient) }),
          arguments: [{ map: input }, { map: gradient }, { place: statistics }, { shard: sums }, { workspace: 0 }, { of: 'images' }],
        }],
      });
      build.finales.push(() => ({
        kind: 'batchGradient', phase, ...common, sums: sums.address, sumsStride: sums.strideBytes, weight: at('weight'),
        weightGradient: build.gradient(`${layer}.weight`).address, biasGradient: build.gradient(`${layer}.bias`).address,
        statistics: statistics.address, coefficients: coefficients.address,
      }));
      if (!wanted[0]) return;
      build.contributeMap(input, (result) => {
        build.operation({
          layer, pass: 'data', reads: [gradient, input], writes: [result], from: phase + 1,
          emit: ({ module, layout }) => [{
            function: emitNormalizationGradient(module, `${layer}.data`, spec, { gradient: layout(gradient), x: layout(input), dx: layout(result) }),
            arguments: [{ map: gradient }, { map: input }, { place: coefficients }, { map: result }, { of: 'images' }],
          }],
        });
      });
    };
    return { output, backward };
  },
};
