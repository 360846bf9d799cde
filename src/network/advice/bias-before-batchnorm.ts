/** Batch normalisation subtracts the mean of each channel, and with it any number that was added to the whole channel. */
import { describeCount } from '../../common/describe.ts';
import { sumOf } from '../summary.ts';
import type { LayerSummary } from '../summary.ts';
import type { Rule } from './rule.ts';
import { groupByPlace, hasPrimitive, nameSome, placeOf, readersOf } from './rule.ts';

export const biasBeforeBatchnorm: Rule = {
  name: 'bias-before-batchnorm',
  summary: 'A bias that batch normalisation takes away again.',
  source: 'Ioffe and Szegedy, "Batch normalization", ICML 2015, section 3.2',
  check(subject) {
    const useless = subject.summary.layers.filter((each) => biasesOf(each) > 0 && !hasPrimitive(each, 'batchNormalization'))
      .filter((each) => {
        const readers = readersOf(subject, each);
        return readers.length > 0 && readers.every((reader) => reader.layer.primitives[0]?.op === 'batchNormalization');
      });
    return groupByPlace(useless.map((layer) => ({ layer, biases: biasesOf(layer) }))).map((group) => {
      const biases = sumOf(group, (each) => each.biases);
      const names = group.map(({ layer }) => layer.name);
      return {
        message: `the bias of ${nameSome(names)} does nothing: batch normalisation follows, which takes the mean away (${describeCount(biases)} parameters)`,
        fix: 'write bias: false',
        layers: names,
        ...placeOf(group[0].layer),
        figures: { parameters: biases },
      };
    });
  },
};

function biasesOf({ layer }: LayerSummary): number {
  return layer.parameters.find(({ name, trained }) => name === 'bias' && trained)?.shape[0] ?? 0;
}
