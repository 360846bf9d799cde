/** Cross-correlation, its transpose, and the matrix product. */
import { sizeOf } from '../../common/shape.ts';
import type { Shape } from '../../common/shape.ts';
import { outputShape } from '../../layers/primitives.ts';
import type { PrimitiveOf } from '../../layers/primitives.ts';
import { at, forEachCell, zeros } from './operation.ts';
import type { FeatureMaps, Gradients, Operation } from './operation.ts';

type Convolution = PrimitiveOf<'convolution'>;

/** y[f, i, j] = b[f] + Σ over c, u, v of w[f, c, u, v] · x[c, stride · i + dilation · u - padding, ...]; x is 0 outside. */
export const convolution: Operation<Convolution> = {
  forward(primitive, [input], { weight, bias }) {
    const output = zeros(input.count, outputShape(primitive, [input.shape]));
    forEachProduct(primitive, input, output, (x, w, y) => {
      output.data[y] += input.data[x] * weight[w];
    });
    if (primitive.bias) forEachCell(output, (_image, filter, _row, _column, y) => { output.data[y] += bias[filter]; });
    return output;
  },

  backward(primitive, [input], { weight }, _context, gradient): Gradients {
    const toInput = zeros(input.count, input.shape);
    const toWeight = new Float64Array(weight.length);
    forEachProduct(primitive, input, gradient, (x, w, y) => {
      toInput.data[x] += gradient.data[y] * weight[w];
      toWeight[w] += gradient.data[y] * input.data[x];
    });
    if (!primitive.bias) return { inputs: [toInput], parameters: { weight: toWeight } };
    const toBias = new Float64Array(primitive.filters);
    forEachCell(gradient, (_image, filter, _row, _column, y) => { toBias[filter] += gradient.data[y]; });
    return { inputs: [toInput], parameters: { weight: toWeight, bias: toBias } };
  },
};

/** The convolution from the output to the input, backwards: x takes the place of its gradient. */
export const transposedConvolution: Operation<PrimitiveOf<'transposedConvolution'>> = {
  forward(primitive, [input], { weight, bias }) {
    const output = zeros(input.count, outputShape(primitive, [input.shape]));
    forEachProduct({ ...primitive, filters: input.shape.channels }, output, input, (y, w, x) => {
      output.data[y] += input.data[x] * weight[w];
    });
    if (primitive.bias) forEachCell(output, (_image, filter, _row, _column, y) => { output.data[y] += bias[filter]; });
    return output;
  },

  backward(primitive, [input], { weight }, _context, gradient): Gradients {
    const toInput = zeros(input.count, input.shape);
    const toWeight = new Float64Array(weight.length);
    forEachProduct({ ...primitive, filters: input.shape.channels }, gradient, input, (y, w, x) => {
      toInput.data[x] += gradient.data[y] * weight[w];
      toWeight[w] += gradient.data[y] * input.data[x];
    });
    if (!primitive.bias) return { inputs: [toInput], parameters: { weight: toWeight } };
    const toBias = new Float64Array(primitive.filters);
    forEachCell(gradient, (_image, filter, _row, _column, y) => { toBias[filter] += gradient.data[y]; });
    return { inputs: [toInput], parameters: { weight: toWeight, bias: toBias } };
  },
};

/** Visits every product of the sum above that is not with padding: positions in input, weight and output. */
function forEachProduct(primitive: Omit<Convolution, 'op' | 'bias'>, input: FeatureMaps, output: FeatureMaps, visit: (x: number, w: number, y: number) => void): void {
  const { kernel, stride, dilation, padding, groups, filters } = primitive;
  const channels = input.shape.channels / groups;
  const weightShape: Shape = { channels, height: kernel[0], width: kernel[1] };
  forEachCell(output, (image, filter, row, column, y) => {
    const firstChannel = Math.floor((filter * groups) / filters) * channels;
    for (let u = 0; u < kernel[0]; u++) {
      const inputRow = row * stride[0] + u * dilation[0] - padding.top;
      if (inputRow < 0 || inputRow >= input.shape.height) continue;
      for (let v = 0; v < kernel[1]; v++) {
        const inputColumn = column * stride[1] + v * dilation[1] - padding.left;
        if (inputColumn < 0 || inputColumn >= input.shape.width) continue;
        for (let c = 0; c < channels; c++) {
          visit(at(input.shape, image, firstChannel + c, inputRow, inputColumn), at(weightShape, filter, c, u, v), y);
        }
      }
    }
  });
}

/** y[u] = b[u] + Σ over i of w[u, i] · x[i], x flattened. */
export const dense: Operation<PrimitiveOf<'dense'>> = {
  forward(primitive, [input], { weight, bias }) {
    const size = sizeOf(input.shape);
    const output = zeros(input.count, outputShape(primitive, [input.shape]));
    forEachCell(output, (image, unit, _row, _column, y) => {
      let sum = primitive.bias ? bias[unit] : 0;
      for (let i = 0; i < size; i++) sum += weight[unit * size + i] * input.data[image * size + i];
      output.data[y] = sum;
    });
    return output;
  },

  backward(primitive, [input], { weight }, _context, gradient): Gradients {
    const size = sizeOf(input.shape);
    const toInput = zeros(input.count, input.shape);
    const toWeight = new Float64Array(weight.length);
    const toBias = new Float64Array(primitive.units);
    forEachCell(gradient, (image, unit, _row, _column, y) => {
      const slope = gradient.data[y];
      toBias[unit] += slope;
      for (let i = 0; i < size; i++) {
        toInput.data[image * size + i] += slope * weight[unit * size + i];
        toWeight[unit * size + i] += slope * input.data[image * size + i];
      }
    });
    return { inputs: [toInput], parameters: primitive.bias ? { weight: toWeight, bias: toBias } : { weight: toWeight } };
  },
};
