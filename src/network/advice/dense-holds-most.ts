/** A dense layer behind a feature map has a weight for every cell of it; the mean of each channel needs one a channel. */
import { describeCount, describePercent } from '../../common/describe.ts';
import { describeShape, sizeOf } from '../../common/shape.ts';
import type { Shape } from '../../common/shape.ts';
import type { LayerSummary } from '../summary.ts';
import type { Rule } from './rule.ts';
import { hasPrimitive, placeOf } from './rule.ts';

/** Of all parameters. */
const most = 0.5;

export const denseHoldsMost: Rule = {
  name: 'dense-holds-most',
  summary: 'A dense layer behind a feature map that holds most of the parameters.',
  source: 'Lin, Chen and Yan, "Network in network", ICLR 2014, section 3.2',
  check({ summary, network }) {
    const shapeBefore = (layer: LayerSummary): Shape => mapBefore(layer, (index) => network.layers[index]);
    return summary.layers.filter((each) => hasPrimitive(each, 'dense') && each.parameters > most * summary.parameters).flatMap((layer) => {
      const before = shapeBefore(layer);
      if (before.height * before.width === 1) return [];
      const after = layer.parameters - (sizeOf(before) - before.channels) * layer.shape.channels;
      return [{
        message: `${layer.name} holds ${describeCount(layer.parameters)} of ${describeCount(summary.parameters)} parameters (${describePercent(layer.parameters / summary.parameters)}): a weight for every cell of ${describeShape(before)}; behind global average pooling it would have ${describeCount(after)}`,
        fix: 'put global_avgpool before it',
        layers: [layer.name],
        ...placeOf(layer),
        figures: { parameters: layer.parameters, share: layer.parameters / summary.parameters, parameters_after: after },
      }];
    });
  },
};

/** The feature map that a dense layer weighs: what it reads, before layers that pass on all cells as a vector. */
function mapBefore({ layer }: LayerSummary, layerAt: (index: number) => LayerSummary['layer']): Shape {
  let before = layerAt(layer.inputs[0]);
  while (before.parameters.length === 0 && before.inputs.length === 1 && sizeOf(layerAt(before.inputs[0]).shape) === sizeOf(before.shape)) {
    before = layerAt(before.inputs[0]);
  }
  return before.shape;
}
