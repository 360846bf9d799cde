/** A last, smaller batch is trained on as well: its images weigh more, and batch normalisation has fewer to go by. */
import { describeCount } from '../../common/describe.ts';
import type { Rule } from './rule.ts';

export const batchRemainder: Rule = {
  name: 'batch-remainder',
  summary: 'A batch size that does not divide the number of training images.',
  check({ experiment: { train: { batch_size: batch } }, network, trainCount }) {
    if (trainCount === undefined) return [];
    const rest = trainCount % batch;
    // A batch that holds them all is the only one.
    if (rest === 0 || trainCount < batch) return [];
    const nearest = nearestDivisor(trainCount, batch);
    const statistics = network.layers.some((layer) => layer.needsWholeBatch) ? ', and batch normalisation rests on them alone' : '';
    const last = `${describeCount(rest)} image${rest === 1 ? '' : 's'}`;
    return [{
      message: `${describeCount(trainCount)} images in batches of ${describeCount(batch)} leave ${last} for the last step of an epoch: each counts ${(batch / rest).toFixed(1)} times as much${statistics}`,
      fix: `train.batch_size: ${nearest} divides ${trainCount}`,
      layers: [],
      figures: { images: trainCount, batch_size: batch, rest, nearest },
    }];
  },
};

function nearestDivisor(count: number, near: number): number {
  for (let distance = 1; distance < near; distance++) {
    const found = [near - distance, near + distance].find((each) => count % each === 0);
    if (found !== undefined) return found;
  }
  return 1;
}
