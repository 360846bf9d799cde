/** Folded blocks: sums of what is inside, and edges between folds. */
import { expect, test } from 'vitest';
import { depthForRows, foldNetwork } from '../../src/network/folding.ts';
import { summarizeNetwork } from '../../src/network/summary.ts';
import { network } from './model.ts';

const block = { residual: { body: [{ conv: { filters: 4, padding: 1, bias: false } }, 'batchnorm'] } };
const summary = summarizeNetwork(network([{ ...block, name: 'first' }, 'relu', { ...block, name: 'second' }, 'global_avgpool', { dense: 'classes' }], { channels: 4, height: 5, width: 6 }, 3));

test('depth 1 is one fold for each entry', () => {
  const folds = foldNetwork(summary, 1);
  expect(folds.map(({ name, layers, inputs }) => [name, layers.length, inputs])).toEqual([
    ['first', 3, [-1]], ['relu1', 1, [0]], ['second', 3, [1]], ['global_avgpool1', 1, [2]], ['dense1', 1, [3]],
  ]);
  expect(folds[0]).toMatchObject({ parameters: 4 * 4 * 9 + 8, multiplyAdds: 4 * 4 * 9 * 30, activationBytes: 3 * 4 * 120, shape: { channels: 4, height: 5, width: 6 } });
});

test('whatever the depth, nothing is lost', () => {
  for (const depth of [1, 2, 3, 4]) {
    const folds = foldNetwork(summary, depth);
    expect(folds.flatMap(({ layers }) => layers.map(({ name }) => name))).toEqual(summary.layers.map(({ name }) => name));
    expect(folds.reduce((sum, each) => sum + each.parameters, 0)).toBe(summary.parameters);
    expect(folds.reduce((sum, each) => sum + each.share, 0)).toBeCloseTo(1, 12);
  }
});

test('the deepest depth that fits', () => {
  expect(depthForRows(summary, 9)).toBe(3);
  expect(depthForRows(summary, 8)).toBe(2);
  expect(depthForRows(summary, 6)).toBe(1);
  expect(depthForRows(summary, 1)).toBe(1);
});
