/** Normalisation of every image by itself: over groups of channels, or (`layernorm`) over all of it. */
import { integer, number, required } from '../common/options.ts';
import type { Shape } from '../common/shape.ts';
import { defineLayer, ShapeProblem } from './layer.ts';
import type { Parameter } from './layer.ts';

const epsilon = number({ about: 'Added to the variance, against division by zero.', default: 1e-5, exclusiveMinimum: 0, maximum: 1 });

export const groupnorm = defineLayer({
  name: 'groupnorm',
  summary: 'Group normalisation: in each image, each group of channels to mean 0 and variance 1, then every channel scaled and shifted by learned numbers.',
  source: 'Wu and He, "Group normalization", ECCV 2018, equation 1',
  options: {
    groups: required(integer({ about: 'Number of groups of neighbouring channels; the channels must be divisible by it.', minimum: 1, maximum: 1 << 20 })),
    epsilon,
  },
  main: 'groups',

  check({ groups }, [{ channels }]) {
    if (channels % groups === 0) return;
    const divisor = [groups - 1, groups + 1].find((each) => each > 1 && channels % each === 0);
    const fix = divisor === undefined ? 'choose groups that divide the channels' : `set groups: ${divisor}`;
    throw new ShapeProblem(`${channels} channels cannot be cut into ${groups} equal groups`, 'groups', fix);
  },

  parameters(_options, [input]) {
    return affine(input);
  },

  lower(options) {
    return [{ op: 'groupNormalization', groups: options.groups, epsilon: options.epsilon }];
  },

  examples: [
    { options: { groups: 1 }, inputs: [{ channels: 3, height: 4, width: 5 }] },
    { options: { groups: 3, epsilon: 1e-3 }, inputs: [{ channels: 18, height: 3, width: 2 }] },
    { options: { groups: 4 }, inputs: [{ channels: 32, height: 2, width: 3 }] },
    { options: { groups: 5 }, inputs: [{ channels: 20, height: 1, width: 1 }] },
  ],
});

export const layernorm = defineLayer({
  name: 'layernorm',
  summary: 'Layer normalisation: each image to mean 0 and variance 1 over channels, height and width, then every channel scaled and shifted by learned numbers (PyTorch: GroupNorm with one group).',
  source: 'Ba, Kiros and Hinton, "Layer normalization", 2016; for images as in Wu and He, "Group normalization", ECCV 2018, section 3.1',
  options: { epsilon },

  parameters(_options, [input]) {
    return affine(input);
  },

  lower(options) {
    return [{ op: 'groupNormalization', groups: 1, epsilon: options.epsilon }];
  },

  examples: [
    { options: {}, inputs: [{ channels: 17, height: 3, width: 4 }] },
    { options: { epsilon: 0.01 }, inputs: [{ channels: 11, height: 1, width: 1 }] },
  ],
});

function affine({ channels }: Shape): Parameter[] {
  return [
    { name: 'weight', shape: [channels], start: { fill: 1 }, trained: true, decay: false },
    { name: 'bias', shape: [channels], start: { fill: 0 }, trained: true, decay: false },
  ];
}
