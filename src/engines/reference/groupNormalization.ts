/** Group normalisation (Wu and He, 2018, equation 1): mean and variance of a run of channels, image by image. */
import type { PrimitiveOf } from '../../layers/primitives.ts';
import { forEachCell, zeros } from './operation.ts';
import type { FeatureMaps, Operation } from './operation.ts';

type GroupNormalization = PrimitiveOf<'groupNormalization'>;

export const groupNormalization: Operation<GroupNormalization> = {
  forward(primitive, [input], { weight, bias }) {
    const { normal } = normalized(primitive, input);
    const output = zeros(input.count, input.shape);
    forEachCell(input, (_image, c, _row, _column, i) => { output.data[i] = weight[c] * normal[i] + bias[c]; });
    return output;
  },

  /**
   * With x̂ = (x - μ) / s, s = √(σ² + ε), n values in a group, g the gradient and h = w g: dw = Σ g x̂, db = Σ g,
   * dx = (h - Σ h / n - x̂ Σ h x̂ / n) / s.
   */
  backward(primitive, [input], { weight }, _context, gradient) {
    const { normal, deviation, groupOf, size } = normalized(primitive, input);
    const toWeight = new Float64Array(input.shape.channels), toBias = new Float64Array(input.shape.channels);
    const sums = new Float64Array(deviation.length), products = new Float64Array(deviation.length);
    forEachCell(input, (image, c, _row, _column, i) => {
      const g = gradient.data[i], group = groupOf(image, c);
      toWeight[c] += g * normal[i];
      toBias[c] += g;
      sums[group] += weight[c] * g;
      products[group] += weight[c] * g * normal[i];
    });
    const toInput = zeros(input.count, input.shape);
    forEachCell(input, (image, c, _row, _column, i) => {
      const group = groupOf(image, c);
      toInput.data[i] = (weight[c] * gradient.data[i] - sums[group] / size - (normal[i] * products[group]) / size) / deviation[group];
    });
    return { inputs: [toInput], parameters: { weight: toWeight, bias: toBias } };
  },
};

/** x̂ of every element; s of every group of every image; how many values a group has. */
function normalized({ groups, epsilon }: GroupNormalization, input: FeatureMaps) {
  const { channels, height, width } = input.shape;
  const size = (channels / groups) * height * width;
  const groupOf = (image: number, channel: number): number => image * groups + Math.floor((channel * groups) / channels);
  const mean = new Float64Array(input.count * groups), variance = new Float64Array(input.count * groups);
  forEachCell(input, (image, c, _row, _column, i) => { mean[groupOf(image, c)] += input.data[i] / size; });
  forEachCell(input, (image, c, _row, _column, i) => { variance[groupOf(image, c)] += (input.data[i] - mean[groupOf(image, c)]) ** 2 / size; });
  const deviation = variance.map((each) => Math.sqrt(each + epsilon));
  const normal = new Float64Array(input.data.length);
  forEachCell(input, (image, c, _row, _column, i) => { normal[i] = (input.data[i] - mean[groupOf(image, c)]) / deviation[groupOf(image, c)]; });
  return { normal, deviation, groupOf, size };
}
