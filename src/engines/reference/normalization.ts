/** Batch normalisation (Ioffe and Szegedy, 2015, algorithm 1), per channel over batch, height and width. */
import type { PrimitiveOf } from '../../layers/primitives.ts';
import { forEachCell, zeros } from './operation.ts';
import type { Context, FeatureMaps, Operation, Values } from './operation.ts';

type BatchNormalization = PrimitiveOf<'batchNormalization'>;

export const batchNormalization: Operation<BatchNormalization> = {
  forward(primitive, [input], values, context) {
    const { mean, variance } = statistics(input, values, context);
    const output = zeros(input.count, input.shape);
    forEachCell(input, (_image, c, _row, _column, i) => {
      const normal = (input.data[i] - mean[c]) / Math.sqrt(variance[c] + primitive.epsilon);
      output.data[i] = values.weight[c] * normal + values.bias[c];
    });
    return output;
  },

  /**
   * With x̂ = (x - μ) / s, s = √(σ² + ε), n values a channel and g the gradient:
   * dw = Σ g x̂, db = Σ g, dx = w / s · (g - Σ g / n - x̂ Σ g x̂ / n); with running statistics dx = w / s · g.
   */
  backward(primitive, [input], values, context, gradient) {
    const { mean, variance } = statistics(input, values, context);
    const n = valuesPerChannel(input);
    const deviation = variance.map((each) => Math.sqrt(each + primitive.epsilon));
    const toWeight = new Float64Array(input.shape.channels), toBias = new Float64Array(input.shape.channels);
    forEachCell(input, (_image, c, _row, _column, i) => {
      toWeight[c] += (gradient.data[i] * (input.data[i] - mean[c])) / deviation[c];
      toBias[c] += gradient.data[i];
    });
    const toInput = zeros(input.count, input.shape);
    forEachCell(input, (_image, c, _row, _column, i) => {
      const normal = (input.data[i] - mean[c]) / deviation[c];
      const throughStatistics = context.training ? toBias[c] / n + (normal * toWeight[c]) / n : 0;
      toInput.data[i] = (values.weight[c] / deviation[c]) * (gradient.data[i] - throughStatistics);
    });
    return { inputs: [toInput], parameters: { weight: toWeight, bias: toBias } };
  },
};

/** The running statistics after a training batch: the new share is `momentum`, the variance the unbiased one. */
export function updatedStatistics(primitive: BatchNormalization, input: FeatureMaps, values: Values): Record<string, Float64Array> {
  const { mean, variance } = statistics(input, values, { training: true });
  const n = valuesPerChannel(input);
  const blend = (running: ArrayLike<number>, batch: Float64Array): Float64Array =>
    batch.map((value, c) => (1 - primitive.momentum) * running[c] + primitive.momentum * value);
  return { running_mean: blend(values.running_mean, mean), running_var: blend(values.running_var, variance.map((each) => (each * n) / (n - 1))) };
}

const valuesPerChannel = (maps: FeatureMaps): number => maps.count * maps.shape.height * maps.shape.width;

/** Of the batch in training (the variance over n), else the running ones. */
function statistics(input: FeatureMaps, values: Values, context: Context): { mean: Float64Array; variance: Float64Array } {
  if (!context.training) return { mean: Float64Array.from(values.running_mean), variance: Float64Array.from(values.running_var) };
  const n = valuesPerChannel(input);
  const mean = new Float64Array(input.shape.channels), variance = new Float64Array(input.shape.channels);
  forEachCell(input, (_image, c, _row, _column, i) => { mean[c] += input.data[i] / n; });
  forEachCell(input, (_image, c, _row, _column, i) => { variance[c] += (input.data[i] - mean[c]) ** 2 / n; });
  return { mean, variance };
}
