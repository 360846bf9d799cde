/** Softmax over the channels of a pixel. */
import type { PrimitiveOf } from '../../layers/primitives.ts';
import { at, zeros } from './operation.ts';
import type { FeatureMaps, Operation } from './operation.ts';

export const softmax: Operation<PrimitiveOf<'softmax'>> = {
  /** y = exp(x) / Σ exp(x) */
  forward(_primitive, [input]) {
    const output = zeros(input.count, input.shape);
    forEachPixel(input, (positions) => {
      const largest = Math.max(...positions.map((i) => input.data[i]));
      const powers = positions.map((i) => Math.exp(input.data[i] - largest));
      const sum = powers.reduce((total, power) => total + power, 0);
      positions.forEach((i, channel) => { output.data[i] = powers[channel] / sum; });
    });
    return output;
  },

  /** dx = y (g - Σ g y) */
  backward(primitive, inputs, values, context, gradient) {
    const output = softmax.forward(primitive, inputs, values, context);
    const toInput = zeros(gradient.count, gradient.shape);
    forEachPixel(output, (positions) => {
      const mean = positions.reduce((total, i) => total + gradient.data[i] * output.data[i], 0);
      for (const i of positions) toInput.data[i] = output.data[i] * (gradient.data[i] - mean);
    });
    return { inputs: [toInput], parameters: {} };
  },
};

/** Calls with the positions of all channels of a pixel. */
function forEachPixel({ count, shape }: FeatureMaps, visit: (positions: number[]) => void): void {
  const channels = Array.from({ length: shape.channels }, (_, channel) => channel);
  for (let image = 0; image < count; image++) {
    for (let row = 0; row < shape.height; row++) {
      for (let column = 0; column < shape.width; column++) visit(channels.map((channel) => at(shape, image, channel, row, column)));
    }
  }
}
