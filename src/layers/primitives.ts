/**
 * The closed set of operations that every layer is lowered to. Engines, fusion, the float64 reference, the PyTorch
 * model and the ONNX export know these and never a layer type. Feature maps are [batch, channels, height, width] in
 * meaning; an engine lays them out as it likes. Unless said otherwise the meaning is PyTorch's.
 */
import type { Expression } from '../common/expression.ts';
import type { Padding, Pair, Shape } from '../common/shape.ts';

export type Primitive =
  /** Cross-correlation. `weight` [filters, channels / groups, height, width], `bias` [filters]. */
  | { op: 'convolution'; filters: number; kernel: Pair; stride: Pair; dilation: Pair; padding: Padding; groups: number; bias: boolean }
  /** A convolution's gradient to its data as an operation of its own: every cell is spread over a window of the output. `weight`
   *  [channels, filters / groups, height, width], `bias` [filters]. `padding` is cut off the output, `outputPadding` added at bottom and right. */
  | { op: 'transposedConvolution'; filters: number; kernel: Pair; stride: Pair; dilation: Pair; padding: Padding; outputPadding: Pair; groups: number; bias: boolean }
  /** Matrix product with the flattened input (channels, height, width). `weight` [units, inputs], `bias` [units]. */
  | { op: 'dense'; units: number; bias: boolean }
  /** Windows that overhang at bottom and right are cut (`padding` already holds what `ceil` needs). An average divides by
   *  the window's cells inside the padded input when `countPadding` (`ceilOverhang`: those rows / columns never count), else by those inside the image. */
  | { op: 'pool'; kind: 'max' | 'average'; kernel: Pair; stride: Pair; padding: Padding; countPadding: boolean; ceilOverhang: Pair }
  /** Normalised per channel over batch, height and width; `weight`, `bias` [channels]; running statistics updated as
   *  running = (1 - momentum) running + momentum batch, with the unbiased batch variance. */
  | { op: 'batchNormalization'; epsilon: number; momentum: number }
  /** Per image: each of `groups` equal runs of channels to mean 0 and variance 1 over its channels, height and width; then `weight`, `bias` [channels]. */
  | { op: 'groupNormalization'; groups: number; epsilon: number }
  /** y = x / (k + alpha / size · Σ x²)^beta, the sum over `size` neighbouring channels: ⌊size / 2⌋ before, the rest from there on; none outside the map. */
  | { op: 'localResponseNormalization'; size: number; alpha: number; beta: number; k: number }
  /** y = expression(x), element by element. `passes`: a name for the well-known ones (`relu`), for exports. */
  | { op: 'map'; expression: Expression; name: string }
  /** y = x where x > 0, else weight · x; `weight` [channels], or [1] where it is shared. */
  | { op: 'prelu'; shared: boolean }
  /** exp(x) / Σ exp(x), the sum over the channels of a pixel. */
  | { op: 'softmax' }
  /** Each unit set to zero with probability `rate`, the others scaled by 1 / (1 - rate); in training only. A unit is an
   *  element, a channel of an image, or all of an image. */
  | { op: 'dropout'; rate: number; unit: 'element' | 'channel' | 'sample' }
  /** All inputs of one shape for `add` and `multiply`; one height and width for `concat` (along the channels). */
  | { op: 'join'; kind: 'add' | 'multiply' | 'concat' }
  /** Zeros around the image and behind the last channel. */
  | { op: 'pad'; padding: Padding; channels: number }
  /** Every cell repeated `factor` times, downwards and to the right. */
  | { op: 'upsample'; factor: Pair }
  /** [channels, height, width] → [channels · height · width, 1, 1], in that order. */
  | { op: 'flatten' };

export type PrimitiveOf<Op extends Primitive['op']> = Extract<Primitive, { op: Op }>;

/**
 * The loss of one head: logits [classes] and a label → a number; the gradient starts here. `classWeights`: one a class; each
 * class's share of the target counts so much, and the mean is over the weights of the batch's labels.
 */
export type LossPrimitive = { op: 'softmaxCrossEntropy'; labelSmoothing: number; classWeights?: readonly number[] };

/** Output size along one axis; not checked for sense. */
export function windowCount(size: number, kernel: number, stride: number, before: number, after: number, dilation = 1): number {
  return Math.floor((size + before + after - dilation * (kernel - 1) - 1) / stride) + 1;
}

/** The output's shape; the inputs' shapes have been checked by the layer. */
export function outputShape(primitive: Primitive, inputs: readonly Shape[]): Shape {
  const first = inputs[0];
  switch (primitive.op) {
    case 'convolution': {
      const { kernel, stride, padding: p, dilation } = primitive;
      return {
        channels: primitive.filters,
        height: windowCount(first.height, kernel[0], stride[0], p.top, p.bottom, dilation[0]),
        width: windowCount(first.width, kernel[1], stride[1], p.left, p.right, dilation[1]),
      };
    }
    case 'transposedConvolution': {
      const { kernel, stride, padding: p, dilation, outputPadding } = primitive;
      const spread = (axis: 0 | 1, size: number): number => (size - 1) * stride[axis] + dilation[axis] * (kernel[axis] - 1) + 1 + outputPadding[axis];
      return { channels: primitive.filters, height: spread(0, first.height) - p.top - p.bottom, width: spread(1, first.width) - p.left - p.right };
    }
    case 'dense': return { channels: primitive.units, height: 1, width: 1 };
    case 'pool': {
      const { kernel, stride, padding: p } = primitive;
      return {
        channels: first.channels,
        height: windowCount(first.height, kernel[0], stride[0], p.top, p.bottom),
        width: windowCount(first.width, kernel[1], stride[1], p.left, p.right),
      };
    }
    case 'join':
      return primitive.kind === 'concat' ? { ...first, channels: inputs.reduce((sum, each) => sum + each.channels, 0) } : first;
    case 'pad': {
      const { padding: p, channels } = primitive;
      return { channels: first.channels + channels, height: first.height + p.top + p.bottom, width: first.width + p.left + p.right };
    }
    case 'upsample': return { ...first, height: first.height * primitive.factor[0], width: first.width * primitive.factor[1] };
    case 'flatten': return { channels: first.channels * first.height * first.width, height: 1, width: 1 };
    case 'groupNormalization': case 'localResponseNormalization':
    case 'batchNormalization': case 'map': case 'prelu': case 'softmax': case 'dropout': return first;
  }
}
