/**
 * ONNX operators → our primitives, evaluated by the reference. An operator gives the values of its outputs in order
 * (undefined for one that we have not), or the reason why it is not covered. What the primitives compute can be recorded and
 * put in from elsewhere, so that an engine stands where the reference did (onnx-engine.test.ts).
 */
import { exp, input, multiply, select, subtract } from '../../src/common/expression.ts';
import type { Expression } from '../../src/common/expression.ts';
import type { Padding, Pair, Shape } from '../../src/common/shape.ts';
import { layerBuffers, layerForward, lossAndGradient, updateParameter } from '../../src/engines/reference/index.ts';
import type { Context, FeatureMaps, Values } from '../../src/engines/reference/index.ts';
import { layerNamed } from '../../src/layers/index.ts';
import { outputShape } from '../../src/layers/primitives.ts';
import type { Primitive } from '../../src/layers/primitives.ts';
import { ceilOverhang, resolvePadding } from '../../src/layers/window.ts';
import { optimizerNamed } from '../../src/optimizers/index.ts';
import { withDefaults } from '../layers/samples.ts';

export interface OnnxTensor {
  shape: number[];
  data: number[];
}

type Attributes = Readonly<Record<string, number | string | readonly number[]>>;
type Outputs = (ArrayLike<number> | undefined)[];
export type Operator = (inputs: readonly OnnxTensor[], attributes: Attributes, expected: readonly OnnxTensor[]) => Outputs | string;

const none: Context = { training: false };
const product = (sizes: readonly number[]): number => sizes.reduce((total, size) => total * size, 1);
const numberOf = (value: Attributes[string] | undefined, otherwise: number): number => (typeof value === 'number' ? value : otherwise);

/** Seen as [what is before the axis, the axis, what is behind it, 1]. */
function mapsOf({ shape, data }: OnnxTensor, axis: number): FeatureMaps {
  const at = axis < 0 ? axis + shape.length : axis;
  const behind = product(shape.slice(at + 1));
  return { count: product(shape.slice(0, at)), shape: { channels: shape[at] ?? 1, height: behind, width: 1 }, data: Float64Array.from(data) };
}

/** [batch, channels, height, width]; without a height: 1. */
function imagesOf({ shape, data }: OnnxTensor): FeatureMaps {
  const [height, width] = shape.length === 3 ? [1, shape[2]] : [shape[2], shape[3]];
  return { count: shape[0], shape: { channels: shape[1], height, width }, data: Float64Array.from(data) };
}

/** One evaluation of primitives: all that an engine needs to do the same. */
export interface Call {
  primitives: readonly Primitive[];
  inputs: readonly FeatureMaps[];
  values: Values;
  context: Context;
  /** Of the reference. */
  output: FeatureMaps;
}

let recorded: Call[] = [];
let substitutes: ArrayLike<number>[] = [];

/** What `compute` gives, and the calls that it makes. */
export function recordCalls<T>(compute: () => T): { result: T; calls: readonly Call[] } {
  recorded = [];
  const result = compute();
  return { result, calls: recorded };
}

/** What `compute` gives where its calls, in order, had these outputs. */
export function withOutputs<T>(outputs: readonly ArrayLike<number>[], compute: () => T): T {
  substitutes = [...outputs];
  try {
    return compute();
  } finally {
    substitutes = [];
  }
}

function runAll(primitives: readonly Primitive[], inputs: readonly FeatureMaps[], values: Values = {}, context: Context = none): Outputs {
  const substitute = substitutes.shift();
  if (substitute) return [substitute];
  const output = layerForward(primitives, inputs, values, context);
  recorded.push({ primitives, inputs, values, context, output });
  return [output.data];
}

const run = (primitive: Primitive, inputs: readonly FeatureMaps[], values?: Values, context?: Context): Outputs => runAll([primitive], inputs, values, context);

const map = (name: string, expression: (attributes: Attributes) => Expression): Operator => ([x], attributes) =>
  run({ op: 'map', name, expression: expression(attributes) }, [mapsOf(x, 0)]);

/** As the layer of this name lowers it. */
const activation = (name: string, options: (attributes: Attributes) => Record<string, unknown> = () => ({})): Operator => ([x], attributes) => {
  const layer = layerNamed(name)!;
  const images = mapsOf(x, 0);
  return runAll(layer.lower(withDefaults(layer, options(attributes)), [images.shape]), [images]);
};

const sum: Operator = (inputs) => {
  if (inputs.some((each) => each.shape.join() !== inputs[0].shape.join())) return 'our joins do not broadcast';
  return run({ op: 'join', kind: 'add' }, inputs.map((each) => mapsOf(each, 0)));
};

function pairOf(value: Attributes[string] | undefined, otherwise: Pair): Pair {
  if (!Array.isArray(value)) return otherwise;
  return value.length === 1 ? [1, value[0] as number] : (value as unknown as Pair);
}

function paddingOf(attributes: Attributes, shape: Shape, kernel: Pair, stride: Pair): Padding {
  const same = resolvePadding('same', shape, kernel, stride);
  if (attributes.auto_pad === 'SAME_UPPER') return same;
  if (attributes.auto_pad === 'SAME_LOWER') return { top: same.bottom, left: same.right, bottom: same.top, right: same.left };
  const [top, left, bottom, right] = (attributes.pads ?? [0, 0, 0, 0]) as readonly number[];
  return { top, left, bottom, right };
}

const pool = (kind: 'max' | 'average'): Operator => ([x], attributes) => {
  const images = imagesOf(x);
  const kernel = pairOf(attributes.kernel_shape, [1, 1]), stride = pairOf(attributes.strides, [1, 1]);
  const padding = paddingOf(attributes, images.shape, kernel, stride);
  const overhang: Pair = attributes.ceil_mode === 1
    ? [ceilOverhang(images.shape.height, kernel[0], stride[0], padding.top, padding.bottom), ceilOverhang(images.shape.width, kernel[1], stride[1], padding.left, padding.right)]
    : [0, 0];
  const padded = { ...padding, bottom: padding.bottom + overhang[0], right: padding.right + overhang[1] };
  // A second output holds positions of the largest values, which we do not give.
  return [...run({ op: 'pool', kind, kernel, stride, padding: padded, countPadding: attributes.count_include_pad === 1, ceilOverhang: overhang }, [images]), undefined];
};

const convolution: Operator = ([x, weight], attributes) => {
  const images = imagesOf(x);
  const kernel = pairOf(attributes.kernel_shape, [1, 1]), stride = pairOf(attributes.strides, [1, 1]);
  const primitive: Primitive = { op: 'convolution', filters: weight.shape[0], kernel, stride, dilation: pairOf(attributes.dilations, [1, 1]), padding: paddingOf(attributes, images.shape, kernel, stride), groups: numberOf(attributes.group, 1), bias: false };
  return run(primitive, [images], { weight: weight.data });
};

/** An `output_shape` stands for padding; where it asks for more than there is, for output padding. Of an odd number of cells one more is cut off before. */
const transposedConvolution: Operator = ([x, weight], attributes) => {
  const images = imagesOf(x);
  const groups = numberOf(attributes.group, 1);
  const kernel = pairOf(attributes.kernel_shape, [weight.shape[2], weight.shape[3]]);
  const stride = pairOf(attributes.strides, [1, 1]), dilation = pairOf(attributes.dilations, [1, 1]), added = pairOf(attributes.output_padding, [0, 0]);
  const common = { op: 'transposedConvolution' as const, filters: weight.shape[1] * groups, kernel, stride, dilation, groups, bias: false };
  if (!Array.isArray(attributes.output_shape)) {
    return run({ ...common, padding: paddingOf(attributes, images.shape, kernel, stride), outputPadding: added }, [images], { weight: weight.data });
  }
  const whole = outputShape({ ...common, padding: { top: 0, left: 0, bottom: 0, right: 0 }, outputPadding: added }, [images.shape]);
  const wanted = attributes.output_shape as readonly number[];
  const surplus: Pair = [whole.height - wanted[0], whole.width - wanted[1]];
  const cut = (cells: number): [before: number, after: number] => [Math.ceil(Math.max(0, cells) / 2), Math.floor(Math.max(0, cells) / 2)];
  const [[top, bottom], [left, right]] = [cut(surplus[0]), cut(surplus[1])];
  const outputPadding: Pair = [added[0] + Math.max(0, -surplus[0]), added[1] + Math.max(0, -surplus[1])];
  return run({ ...common, padding: { top, left, bottom, right }, outputPadding }, [images], { weight: weight.data });
};

const localResponse: Operator = ([x], { size, alpha, beta, bias }) =>
  run({ op: 'localResponseNormalization', size: Number(size), alpha: numberOf(alpha, 1e-4), beta: numberOf(beta, 0.75), k: numberOf(bias, 1) }, [imagesOf(x)]);

const transposed = ({ shape: [rows, columns], data }: OnnxTensor): OnnxTensor =>
  ({ shape: [columns, rows], data: data.map((_, i) => data[(i % rows) * columns + Math.floor(i / rows)]) });

/** y = alpha A B + beta C: our weight is the transposed B, times alpha; our bias C, times beta. */
const gemm: Operator = ([a, b, c], attributes) => {
  const alpha = numberOf(attributes.alpha, 1), beta = numberOf(attributes.beta, 1);
  const rows = attributes.transA === 1 ? transposed(a) : a;
  const weight = attributes.transB === 1 ? b : transposed(b);
  const units = weight.shape[0];
  const bias = Array.from({ length: units }, (_, unit) => beta * c.data[c.data.length === 1 ? 0 : unit]);
  return run({ op: 'dense', units, bias: true }, [mapsOf(rows, 1)], { weight: weight.data.map((value) => alpha * value), bias });
};

/** A dense layer for each matrix of `b`: its weight is the matrix, transposed. Stacks of matrices are repeated where the other has more. */
const matrixProduct: Operator = ([a, b]) => {
  const rows = a.shape.length === 1 ? [1, ...a.shape] : a.shape, columns = b.shape.length === 1 ? [...b.shape, 1] : b.shape;
  const [depth, units] = columns.slice(-2), height = rows.at(-2)!;
  const stack = stackOf(rows.slice(0, -2), columns.slice(0, -2));
  return [stack.flatMap(([left, right]) => {
    const weight = transposed({ shape: [depth, units], data: b.data.slice(right * depth * units, (right + 1) * depth * units) }).data;
    const images = { count: height, shape: { channels: depth, height: 1, width: 1 }, data: Float64Array.from(a.data.slice(left * height * depth, (left + 1) * height * depth)) };
    return Array.from(run({ op: 'dense', units, bias: false }, [images], { weight })[0]!);
  })];
};

/** Which matrix of each of two stacks to multiply, in the order of the result; sizes of 1 are repeated. */
function stackOf(left: readonly number[], right: readonly number[]): [left: number, right: number][] {
  const rank = Math.max(left.length, right.length);
  const [a, b] = [left, right].map((shape) => [...Array.from({ length: rank - shape.length }, () => 1), ...shape]);
  const shape = a.map((size, axis) => Math.max(size, b[axis]));
  const indexIn = (sizes: readonly number[], position: readonly number[]): number => sizes.reduce((index, size, axis) => index * size + (size === 1 ? 0 : position[axis]), 0);
  return Array.from({ length: product(shape) }, (_, i) => {
    const position = shape.map((size, axis) => Math.floor(i / product(shape.slice(axis + 1))) % size);
    return [indexIn(a, position), indexIn(b, position)];
  });
}

/** ONNX keeps the biased variance, we (as PyTorch) the unbiased one; its momentum is the share that stays. */
const batchNormalization: Operator = ([x, weight, bias, mean, variance], attributes) => {
  const training = attributes.training_mode === 1;
  const primitive: Primitive = { op: 'batchNormalization', epsilon: numberOf(attributes.epsilon, 1e-5), momentum: 1 - numberOf(attributes.momentum, 0.9) };
  const images = imagesOf(x);
  const values = { weight: weight.data, bias: bias.data, running_mean: mean.data, running_var: variance.data };
  const [y] = run(primitive, [images], values, { training });
  if (!training) return [y];
  const after = layerBuffers([primitive], [images], values, { training });
  const n = images.data.length / images.shape.channels;
  const kept = 1 - primitive.momentum;
  return [y, after.running_mean, after.running_var.map((value, i) => kept * variance.data[i] + (value - kept * variance.data[i]) * ((n - 1) / n))];
};

/** In training the mask is taken from what is expected, the mask itself or where the result is 0: what is drawn is not the operator's arithmetic. */
const dropout: Operator = (inputs, attributes, expected) => {
  const [x, ratio, training] = inputs;
  const rate = ratio === undefined ? numberOf(attributes.ratio, 0.5) : ratio.data[0];
  const inTraining = training !== undefined && Boolean(training.data[0]);
  const mask = inTraining ? (expected[1] ?? expected[0]).data.map((value) => (value ? 1 : 0)) : undefined;
  return [...run({ op: 'dropout', rate, unit: 'element' }, [mapsOf(x, 0)], {}, { training: inTraining, mask }), mask];
};

/** The axis is seen as the channels. */
const softmax = (logarithm: boolean) => ([x]: readonly OnnxTensor[], attributes: Attributes): Outputs => {
  const [result] = run({ op: 'softmax' }, [mapsOf(x, numberOf(attributes.axis, -1))]);
  return [logarithm ? Array.from(result!, Math.log) : result];
};

/**
 * The loss of logits [images, classes, pixels]: every pixel is an image of its own. A label that does not count is a class without
 * weight; one that is no class at all leaves the image out. `sum`: the mean times what it was divided by.
 */
function lossOf(logits: FeatureMaps, labels: readonly number[], weight: readonly number[] | undefined, attributes: Attributes): number {
  const { shape: { channels, height }, data } = logits;
  const classWeights = Array.from({ length: channels }, (_, label) => (label === attributes.ignore_index ? 0 : weight?.[label] ?? 1));
  const counted = labels.map((label, image) => ({ label, image })).filter(({ label }) => label >= 0 && label < channels);
  const at = (image: number, channel: number): number => (Math.floor(image / height) * channels + channel) * height + (image % height);
  const images = counted.flatMap(({ image }) => Array.from({ length: channels }, (_, channel) => data[at(image, channel)]));
  const maps = { count: counted.length, shape: { channels, height: 1, width: 1 }, data: Float64Array.from(images) };
  const { loss } = lossAndGradient({ op: 'softmaxCrossEntropy', labelSmoothing: 0, classWeights }, maps, counted.map(({ label }) => label));
  return attributes.reduction === 'sum' ? loss * counted.reduce((sum, { label }) => sum + classWeights[label], 0) : loss;
}

const crossEntropy: Operator = ([x, labels, weight], attributes) =>
  [[lossOf(mapsOf(x, 1), labels.data, weight?.data, attributes)], softmax(true)([x], { axis: 1 })[0]];

/**
 * Takes logarithms of probabilities, which need not sum to 1, as they are. Lowered by 40 they are nearly impossible beside one more
 * class of logit 0, so that softmax changes them by less than 1e-15; the loss has risen by 40.
 */
const likelihood: Operator = ([x, labels, weight], attributes) => {
  const { count, shape: { channels, height }, data } = mapsOf(x, 1);
  const lowered = Float64Array.from({ length: count * (channels + 1) * height }, (_, i) => {
    const image = Math.floor(i / ((channels + 1) * height)), inside = i % ((channels + 1) * height);
    return inside < channels * height ? data[image * channels * height + inside] - 40 : 0;
  });
  const wider = { count, shape: { channels: channels + 1, height, width: 1 }, data: lowered };
  return [[lossOf(wider, labels.data, weight?.data, attributes) - 40]];
};

/** R (rate), T (steps before), then all parameters, all gradients and each kind of state. With T = 0 ONNX corrects no bias: our step of infinite count. */
function optimizer(type: string, states: readonly string[], options: (attributes: Attributes) => Record<string, unknown>, rate: (r: number, t: number, attributes: Attributes) => number = (r) => r): Operator {
  return ([r, t, ...rest], attributes) => {
    if (type !== 'adagrad' && t.data[0] !== 0) return 'bias corrections have another form';
    const found = optimizerNamed(type)!;
    const count = rest.length / (2 + states.length);
    const updated = Array.from({ length: count }, (_, i) => {
      const part = (kind: number): Float64Array => Float64Array.from(rest[kind * count + i].data);
      const before = { p: part(0), state: Object.fromEntries(states.map((name, k) => [name, part(2 + k)])) };
      const moment = { lr: rate(r.data[0], t.data[0], attributes), step: 1e9, decays: 1 as const };
      return updateParameter(found, withDefaults(found, { weight_decay: numberOf(attributes.norm_coefficient, 0), ...options(attributes) }), before, part(1), moment);
    });
    return [...updated.map((each) => each.p), ...states.flatMap((name) => updated.map((each) => each.state[name]))];
  };
}

const x = input('x');

export const operators: Readonly<Record<string, Operator>> = {
  Add: sum,
  Sum: sum,
  Conv: convolution,
  AveragePool: pool('average'),
  MaxPool: pool('max'),
  GlobalMaxPool: ([images]) => pool('max')([images], { kernel_shape: images.shape.slice(2) }, []),
  BatchNormalization: batchNormalization,
  Concat: (inputs, { axis }) => run({ op: 'join', kind: 'concat' }, inputs.map((each) => mapsOf(each, Number(axis)))),
  Flatten: ([a]) => run({ op: 'flatten' }, [imagesOf(a)]),
  Gemm: gemm,
  MatMul: matrixProduct,
  Dropout: dropout,
  Relu: activation('relu'),
  LeakyRelu: activation('leaky_relu', ({ alpha }) => ({ slope: numberOf(alpha, 0.01) })),
  Elu: activation('elu', ({ alpha }) => ({ alpha: numberOf(alpha, 1) })),
  // Our layer has the constants of the paper; ONNX lets them be chosen.
  Selu: map('selu', ({ alpha, gamma }) => select(x, 0, multiply(numberOf(gamma, 1.0507), x), multiply(numberOf(gamma, 1.0507) * numberOf(alpha, 1.67326), subtract(exp(x), 1)))),
  Sigmoid: activation('sigmoid'),
  Gelu: activation('gelu', ({ approximate }) => ({ approximate: approximate ?? 'none' })),
  Softmax: softmax(false),
  LogSoftmax: softmax(true),
  SoftmaxCrossEntropyLoss: crossEntropy,
  NegativeLogLikelihoodLoss: likelihood,
  Adagrad: optimizer('adagrad', ['square_sum'], ({ epsilon }) => ({ epsilon }), (r, t, { decay_factor: decay }) => r / (1 + t * Number(decay))),
  Adam: optimizer('adam', ['first_moment', 'second_moment'], ({ alpha, beta, epsilon }) => ({ beta1: alpha, beta2: beta, epsilon })),
  Momentum: optimizer('sgd', ['momentum'], ({ alpha, mode }) => ({ momentum: alpha, nesterov: mode === 'nesterov' })),
  ConvTranspose: transposedConvolution,
  LRN: localResponse,
};
