/** Expressions, rectifiers with trained slopes, and dropout: every element by itself. */
import { derivative, evaluate } from '../../common/expression.ts';
import { sizeOf } from '../../common/shape.ts';
import type { PrimitiveOf } from '../../layers/primitives.ts';
import { forEachCell, zeros } from './operation.ts';
import type { Context, FeatureMaps, Operation } from './operation.ts';

export const map: Operation<PrimitiveOf<'map'>> = {
  forward: ({ expression }, [input]) => ({ ...input, data: input.data.map((x) => evaluate(expression, { x })) }),

  backward({ expression }, [input], _values, _context, gradient) {
    const slope = derivative(expression, 'x');
    return { inputs: [{ ...input, data: input.data.map((x, i) => gradient.data[i] * evaluate(slope, { x })) }], parameters: {} };
  },
};

/** y = x where x > 0, else w x; dw = Σ g x over the others. */
export const prelu: Operation<PrimitiveOf<'prelu'>> = {
  forward({ shared }, [input], { weight }) {
    const output = zeros(input.count, input.shape);
    forEachCell(input, (_image, channel, _row, _column, i) => {
      const x = input.data[i];
      output.data[i] = x > 0 ? x : weight[shared ? 0 : channel] * x;
    });
    return output;
  },

  backward({ shared }, [input], { weight }, _context, gradient) {
    const toInput = zeros(input.count, input.shape);
    const toWeight = new Float64Array(weight.length);
    forEachCell(input, (_image, channel, _row, _column, i) => {
      const x = input.data[i], slope = shared ? 0 : channel;
      toInput.data[i] = gradient.data[i] * (x > 0 ? 1 : weight[slope]);
      if (x <= 0) toWeight[slope] += gradient.data[i] * x;
    });
    return { inputs: [toInput], parameters: { weight: toWeight } };
  },
};

export const dropout: Operation<PrimitiveOf<'dropout'>> = {
  forward: (primitive, [input], _values, context) => scaled(input, primitive, context),
  backward: (primitive, _inputs, _values, context, gradient) => ({ inputs: [scaled(gradient, primitive, context)], parameters: {} }),
};

/** Kept units times 1 / (1 - rate). The mask is the caller's: what is drawn is not the reference's business. A unit follows its first element. */
function scaled(maps: FeatureMaps, { rate, unit }: PrimitiveOf<'dropout'>, { training, mask }: Context): FeatureMaps {
  if (!training || rate === 0) return maps;
  if (mask?.length !== maps.data.length) throw new Error(`dropout needs a mask of ${maps.data.length} elements in training`);
  const size = { element: 1, channel: maps.shape.height * maps.shape.width, sample: sizeOf(maps.shape) }[unit];
  return { ...maps, data: maps.data.map((value, i) => (mask[i - (i % size)] === 0 ? 0 : value / (1 - rate))) };
}
