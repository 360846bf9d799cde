/** What PyTorch is asked to compute (requests.ts sends it) and what the tests compare with: one list for both. */
import type { Sample } from '../layers/samples.ts';
import { drawn, drawnMaps, drawnMask, drawnParameters, samples, withDefaults } from '../layers/samples.ts';
import type { Shape } from '../../src/common/shape.ts';
import type { Model } from '../../src/config/experiment.ts';
import { buildNetwork } from '../../src/network/index.ts';
import { parameterKey } from '../../src/network/network.ts';
import { model } from '../network/model.ts';
import type { FeatureMaps } from '../../src/engines/reference/index.ts';
import { optimizers, withPenalty } from '../../src/optimizers/index.ts';
import { schedules } from '../../src/schedules/index.ts';

/** Images in a batch of a layer's example. */
export const batch = 2;

/** Outside training only where that makes a difference. */
export const layerCases = samples.flatMap((sample) => {
  const differs = sample.layer.needsWholeBatch === true || sample.layer.random === true;
  return (differs ? [true, false] : [true]).map((training) => ({ sample, training }));
});

export interface LayerData {
  inputs: FeatureMaps[];
  parameters: Record<string, Float64Array>;
  mask: Float64Array;
  /** The loss is the sum of the outputs times these. */
  weigh: Float64Array;
}

export function layerData(sample: Sample): LayerData {
  const { channels, height, width } = sample.output;
  const size = batch * channels * height * width;
  return {
    inputs: sample.inputs.map((shape, index) => drawnMaps(`${sample.name} ${index}`, batch, shape)),
    parameters: drawnParameters(sample),
    mask: drawnMask(sample.name, size),
    weigh: drawn(`${sample.name} weigh`, size),
  };
}

/** Beside the defaults. */
const optimizerOptions: Readonly<Record<string, readonly Record<string, unknown>[]>> = {
  sgd: [{}, { lr: 0.1, momentum: 0.9 }, { momentum: 0.8, nesterov: true, weight_decay: 0.01 }, { weight_decay: 0.1 }],
  adagrad: [{}, { lr: 0.1, weight_decay: 0.05, epsilon: 1e-3 }],
  rmsprop: [{}, { alpha: 0.9, momentum: 0.7, weight_decay: 0.01, epsilon: 1e-4 }],
  adam: [{}, { lr: 0.02, beta1: 0.8, beta2: 0.95, epsilon: 1e-3, weight_decay: 0.03 }],
  adamw: [{}, { lr: 0.02, beta1: 0.8, beta2: 0.95, epsilon: 1e-3, weight_decay: 0.2 }],
};

const penalties = [{ l1: 0.02, l2: 0 }, { l1: 0.01, l2: 0.1 }];

export const optimizerCases = optimizers.flatMap((optimizer) =>
  optimizerOptions[optimizer.name].flatMap((given) => [undefined, ...penalties].map((penalty) => ({
    name: `${optimizer.name} ${JSON.stringify(given)}${penalty === undefined ? '' : `, ${JSON.stringify(penalty)}`}`,
    optimizer: withPenalty(optimizer, penalty), options: withDefaults(optimizer, given), penalty: penalty ?? { l1: 0, l2: 0 },
  }))));

export const optimizerStart = drawn('optimizer start', 8);
/** Of very different sizes, from step to step and from element to element. */
export const optimizerGradients = Array.from({ length: 12 }, (_, step) => drawn(`optimizer step ${step}`, 8).map((value, i) => Math.fround(value * 10 ** ((i % 4) - 2))));

const scheduleOptions: Readonly<Record<string, readonly Record<string, unknown>[]>> = {
  constant: [{}],
  step: [{ epochs: 2 }, { epochs: [1, 4], gamma: 0.5 }],
  exponential: [{ gamma: 0.8 }],
  cosine: [{}, { final: 0.1 }],
  one_cycle: [{}, { rise: 0.5, start_divisor: 10, final_divisor: 100 }],
};

export const scheduleLength = { epochs: 5, stepsPerEpoch: 7 };

export const scheduleCases = schedules.flatMap((schedule) =>
  scheduleOptions[schedule.name].map((given) => ({ name: `${schedule.name} ${JSON.stringify(given)}`, schedule, options: withDefaults(schedule, given) })));

export const lossLogits = { count: 5, classes: 7, data: drawn('logits', 35).map((value) => Math.fround(5 * value)), labels: [0, 6, 3, 3, 1] };
const classWeights = [0.5, 2, 1, 0, 3, 1.25, 0.75];
export const lossCases = [0, 0.1, 0.6].flatMap((labelSmoothing) => [
  { name: `cross_entropy ${labelSmoothing}`, labelSmoothing },
  { name: `cross_entropy ${labelSmoothing}, weighted classes`, labelSmoothing, classWeights },
]);

/** A network with an auxiliary classifier, whose loss counts a third: expected.py writes the same in PyTorch's words. */
const headed: Model = model(
  [{ conv: { filters: 4, kernel: 3, padding: 1 }, name: 'stem' }, 'relu', { maxpool: 2 }, { conv: { filters: 5, kernel: 3 }, name: 'second' }, 'relu', { dense: 'classes', name: 'logits' }],
  { aux: { from: 'relu1', weight: 0.3, layers: ['global_avgpool', { dense: 'classes' }] } },
);
const headedShape: Shape = { channels: 2, height: 7, width: 8 };

export const headsCase = {
  network: buildNetwork(headed, { type: 'cross_entropy', options: { label_smoothing: 0.1, class_weights: [1, 0.5, 2] } }, { shape: headedShape, classes: 3 }),
  labels: [2, 0, 1, 2],
  inputs: drawnMaps('heads', 4, headedShape),
};

/** By name, as the network calls them. */
export const headsWeights = new Map(headsCase.network.layers.flatMap((layer) => layer.parameters.map((parameter) => {
  const key = parameterKey(layer, parameter);
  return [key, { shape: parameter.shape, data: drawn(`heads ${key}`, parameter.shape.reduce((product, size) => product * size, 1)) }] as const;
})));
