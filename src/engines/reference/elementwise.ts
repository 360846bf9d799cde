/** Expressions and dropout, element by element. */
import { derivative, evaluate } from '../../common/expression.ts';
import type { PrimitiveOf } from '../../layers/primitives.ts';
import type { Context, FeatureMaps, Operation } from './operation.ts';

export const map: Operation<PrimitiveOf<'map'>> = {
  forward: ({ expression }, [input]) => ({ ...input, data: input.data.map((x) => evaluate(expression, { x })) }),

  backward({ expression }, [input], _values, _context, gradient) {
    const slope = derivative(expression, 'x');
    return { inputs: [{ ...input, data: input.data.map((x, i) => gradient.data[i] * evaluate(slope, { x })) }], parameters: {} };
  },
};

export const dropout: Operation<PrimitiveOf<'dropout'>> = {
  forward: ({ rate }, [input], _values, context) => scaled(input, rate, context),
  backward: ({ rate }, _inputs, _values, context, gradient) => ({ inputs: [scaled(gradient, rate, context)], parameters: {} }),
};

/** Kept elements times 1 / (1 - rate). The mask is the caller's: what is drawn is not the reference's business. */
function scaled(maps: FeatureMaps, rate: number, { training, mask }: Context): FeatureMaps {
  if (!training || rate === 0) return maps;
  if (mask?.length !== maps.data.length) throw new Error(`dropout needs a mask of ${maps.data.length} elements in training`);
  return { ...maps, data: maps.data.map((value, i) => (mask[i] === 0 ? 0 : value / (1 - rate))) };
}
