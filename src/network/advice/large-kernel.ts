/**
 * A k×k convolution (k = 5, 7, ...) sees what n = (k - 1) / 2 convolutions of 3×3 see, one after the other. With c channels in,
 * f filters and m = min(c, f) filters in between, k²·c·f weights become 9·(c·m + (n - 2)·m² + m·f): for c = f and k = 5,
 * 25 against 18 for each pair of channels.
 */
import { describeCount } from '../../common/describe.ts';
import type { LayerSummary } from '../summary.ts';
import { sumOf } from '../summary.ts';
import type { Finding, Rule } from './rule.ts';
import { groupByPlace, nameSome, placeOf } from './rule.ts';

export const largeKernel: Rule = {
  name: 'large-kernel',
  summary: 'A 5×5 or larger convolution that 3×3 ones could replace with fewer weights.',
  source: 'Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition", ICLR 2015, section 2.3',
  check({ summary }) {
    const replaceable = summary.layers.map(replacementOf).filter((each) => each !== undefined);
    return groupByPlace(replaceable).map(describe);
  },
};

interface Replacement {
  layer: LayerSummary;
  kernel: number;
  /** Filters of the 3×3 ones but the last. */
  between: number;
  /** Now, and with 3×3 ones: weights, and multiply-adds an image. */
  weights: number;
  weightsAfter: number;
  multiplyAdds: number;
  multiplyAddsAfter: number;
}

/** Fewer channels are those of an image, which a narrow layer in between would squeeze. */
const fewestChannels = 8;

/** Only square windows that move by one cell: with a stride the small ones would see more, not the same. */
function replacementOf(layer: LayerSummary): Replacement | undefined {
  const [primitive] = layer.layer.primitives;
  if (primitive?.op !== 'convolution' || primitive.groups !== 1) return undefined;
  const { kernel: [kernel, width], stride, dilation, filters } = primitive;
  const isDense = [...stride, ...dilation].every((each) => each === 1);
  if (kernel !== width || kernel < 5 || kernel % 2 === 0 || !isDense) return undefined;
  const weight = layer.layer.parameters.find(({ name }) => name === 'weight');
  const weights = weight!.shape.reduce((a, b) => a * b, 1);
  const channels = weights / (filters * kernel * kernel);
  if (channels < fewestChannels) return undefined;
  const between = Math.min(channels, filters);
  const weightsAfter = 9 * (channels * between + ((kernel - 5) / 2) * between * between + between * filters);
  const cells = layer.shape.height * layer.shape.width;
  return { layer, kernel, between, weights, weightsAfter, multiplyAdds: weights * cells, multiplyAddsAfter: weightsAfter * cells };
}

function describe(group: readonly Replacement[]): Finding {
  const [{ kernel, between, layer }] = group;
  const count = (kernel - 1) / 2;
  const figures = {
    weights: sumOf(group, (each) => each.weights),
    weights_after: sumOf(group, (each) => each.weightsAfter),
    multiply_adds: sumOf(group, (each) => each.multiplyAdds),
    multiply_adds_after: sumOf(group, (each) => each.multiplyAddsAfter),
    non_linearities_added: count - 1,
  };
  const names = group.map((each) => each.layer.name);
  const less = `${describeCount(figures.weights)} weights become ${describeCount(figures.weights_after)}, ${describeCount(figures.multiply_adds)} multiply-adds an image ${describeCount(figures.multiply_adds_after)}`;
  return {
    message: `${count === 2 ? 'two' : count} 3×3 convolutions see as much as the ${kernel}×${kernel} of ${nameSome(names)}, with ${count - 1} more non-linearity: ${less}`,
    fix: `write ${count} of conv: { filters: ..., kernel: 3, padding: 1 }, each with its activation; filters ${between}${group.length > 1 ? ` (in ${names[0]})` : ''} and in the last ${layer.shape.channels}`,
    layers: names,
    ...placeOf(layer),
    figures,
  };
}
