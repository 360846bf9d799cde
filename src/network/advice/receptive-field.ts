/**
 * What the cells of the last feature map see of the image, before a dense layer or a global pool joins them all. Too little: no
 * cell sees the object whole. Too much: from twice the image on even a cell in the corner sees all of it, and more adds padding.
 */
import { describePercent } from '../../common/describe.ts';
import type { Pair } from '../../common/shape.ts';
import { sumOf } from '../summary.ts';
import type { LayerSummary, NetworkSummary } from '../summary.ts';
import type { Rule, Subject } from './rule.ts';
import { placeOf } from './rule.ts';

/** Of the image's side: digits of MNIST fill 20 of 28 cells. */
const objectShare = 0.7;

export const smallReceptiveField: Rule = {
  name: 'small-receptive-field',
  summary: 'The last feature map sees less of the image than an object takes up.',
  source: 'Araujo, Norris and Sim, "Computing receptive fields of convolutional neural networks", Distill 2019',
  check(subject) {
    const { input } = subject.summary;
    const last = lastMap(subject);
    if (last === undefined) return [];
    const [height, width] = last.receptiveField.size;
    if (height >= objectShare * input.height && width >= objectShare * input.width) return [];
    return [{
      message: `a cell of the last feature map, ${last.name}, sees ${height}×${width} of the ${input.height}×${input.width} image: no filter sees an object whole that fills most of it`,
      fix: 'go deeper before the last layer, pool earlier, or use a stride',
      layers: [last.name],
      ...placeOf(last),
      figures: { height, width, input_height: input.height, input_width: input.width },
    }];
  },
};

export const largeReceptiveField: Rule = {
  name: 'large-receptive-field',
  summary: 'Feature maps whose cells see more than twice the image: each sees all of it already.',
  source: 'Richter et al., "Should you go deeper? Optimizing convolutional neural network architectures without training", ICMLA 2021',
  check({ summary }) {
    const { input } = summary;
    const beyond = summary.layers.filter((each) => isMap(each) && seesAllTwice(each.receptiveField.size, summary));
    const working = beyond.filter((each) => each.multiplyAdds > 0 && widens(each));
    const [first] = working;
    if (first === undefined) return [];
    const [height, width] = first.receptiveField.size;
    const share = sumOf(working, (each) => each.share);
    const parameters = sumOf(working, (each) => each.parameters);
    return [{
      message: `from ${first.name} on (${height}×${width}) cells see more than twice the ${input.height}×${input.width} image: ${working.length} convolution${working.length === 1 ? '' : 's'} there with ${describePercent(share)} of the multiply-adds widen what is seen already`,
      fix: 'leave some of them out, or halve the size later',
      layers: working.map(({ name }) => name),
      ...placeOf(first),
      figures: { layers: working.length, share, parameters, height, width },
    }];
  },
};

/** The last layer on the way to the logits that still has cells to look at. */
function lastMap({ network, summary }: Subject): LayerSummary | undefined {
  const reaching = new Set([network.output]);
  for (let index = network.layers.length - 1; index > 0; index--) if (reaching.has(index)) for (const input of network.layers[index].inputs) reaching.add(input);
  return summary.layers.findLast((each, position) => reaching.has(position + 1) && isMap(each));
}

function isMap({ shape }: LayerSummary): boolean {
  return shape.height * shape.width > 1;
}

function seesAllTwice([height, width]: Pair, { input }: NetworkSummary): boolean {
  return height > 2 * input.height && width > 2 * input.width;
}

function widens({ layer: { window } }: LayerSummary): boolean {
  return window.kernel[0] * window.kernel[1] > 1;
}
