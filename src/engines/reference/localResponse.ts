/** Local response normalisation (Krizhevsky et al., 2012, section 3.3), with PyTorch's alpha / size. */
import type { PrimitiveOf } from '../../layers/primitives.ts';
import { at, forEachCell, zeros } from './operation.ts';
import type { FeatureMaps, Operation } from './operation.ts';

type LocalResponse = PrimitiveOf<'localResponseNormalization'>;

export const localResponseNormalization: Operation<LocalResponse> = {
  forward(primitive, [input]) {
    const scale = scales(primitive, input);
    return { ...input, data: input.data.map((x, i) => x * scale[i] ** -primitive.beta) };
  },

  /** With s the scale, y = x s^-β: dx_i = g_i s_i^-β - 2 α β / size · x_i Σ g_c x_c s_c^(-β - 1) over the c whose window holds i. */
  backward(primitive, [input], _values, _context, gradient) {
    const { alpha, beta, size } = primitive;
    const scale = scales(primitive, input);
    const toInput = zeros(input.count, input.shape);
    forEachNeighbour(primitive, input, (c, i) => {
      toInput.data[i] -= ((2 * alpha * beta) / size) * input.data[i] * gradient.data[c] * input.data[c] * scale[c] ** (-beta - 1);
    });
    gradient.data.forEach((g, i) => { toInput.data[i] += g * scale[i] ** -beta; });
    return { inputs: [toInput], parameters: {} };
  },
};

/** k + α / size · Σ x² of every element. */
function scales(primitive: LocalResponse, input: FeatureMaps): Float64Array {
  const scale = new Float64Array(input.data.length).fill(primitive.k);
  forEachNeighbour(primitive, input, (c, i) => { scale[c] += (primitive.alpha / primitive.size) * input.data[i] ** 2; });
  return scale;
}

/** Every element, and every one in its window. */
function forEachNeighbour({ size }: LocalResponse, input: FeatureMaps, visit: (index: number, neighbour: number) => void): void {
  forEachCell(input, (image, channel, row, column, index) => {
    const first = channel - Math.floor(size / 2);
    for (let c = Math.max(0, first); c < Math.min(input.shape.channels, first + size); c++) visit(index, at(input.shape, image, c, row, column));
  });
}
