import { expect, test } from 'vitest';
import { adviseName, editDistance, nearestName } from '../../src/config/words.ts';

test.each([['relu', 'relu', 0], ['relu', 'rleu', 1], ['conv', 'cnov', 1], ['', 'abc', 3], ['kernel', 'kernal', 1], ['dense', 'sense', 1], ['ab', 'ba', 1], ['abc', 'ca', 3]])('%s → %s: %d edits', (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance);
  expect(editDistance(b, a)).toBe(distance);
});

test('what is far from everything has no nearest name', () => {
  expect(nearestName('transformer', ['conv', 'dense', 'relu'])).toBeUndefined();
  expect(nearestName('x'.repeat(1e6), ['conv'])).toBeUndefined();
});

test.each([
  ['batchSize', ['batch_size', 'epochs'], 'it is called batch_size here'],
  ['kernel-size', ['kernel', 'filters'], 'it is called kernel here'],
  ['constructor', ['kernel'], 'there is: kernel'],
  ['anything', [], 'it takes none'],
])('%s', (written, known, advice) => {
  expect(adviseName(written, known)).toBe(advice);
});
