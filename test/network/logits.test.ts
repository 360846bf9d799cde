/** What a network may end in. */
import { expect, test } from 'vitest';
import { UserError } from '../../src/common/problem.ts';
import { network } from './model.ts';

test('a network that ends in softmax is refused', () => {
  expect(() => network([{ dense: 'classes' }, 'softmax'], { channels: 2, height: 5, width: 5 }, 4)).toThrow(expect.objectContaining({
    constructor: UserError, problems: [expect.objectContaining({ code: 'softmax-logits', path: 'model.layers[1].softmax' })],
  }));
});
