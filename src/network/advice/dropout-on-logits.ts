/** Dropout behind the last layer sets scores of classes to zero at random, that of the right one as often as any other. */
import { describePercent } from '../../common/describe.ts';
import type { Rule } from './rule.ts';
import { placeOf } from './rule.ts';

export const dropoutOnLogits: Rule = {
  name: 'dropout-on-logits',
  summary: 'Dropout behind the last layer, on the scores of the classes.',
  check({ network, summary }) {
    const outputs = [network.output, ...network.heads.map(({ output }) => output)];
    return outputs.flatMap((index) => {
      const layer = summary.layers[index - 1];
      const primitive = layer.layer.primitives.at(-1);
      if (primitive?.op !== 'dropout' || primitive.rate === 0) return [];
      return [{
        message: `${layer.name} drops scores of classes: in ${describePercent(primitive.rate)} of the training steps an image's right class has the score 0, and the others are scaled by ${(1 / (1 - primitive.rate)).toFixed(2)}`,
        fix: 'put the dropout before the last dense layer, or leave it out',
        layers: [layer.name],
        ...placeOf(layer),
        figures: { rate: primitive.rate, classes: network.classes },
      }];
    });
  },
};
