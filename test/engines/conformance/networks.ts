/** Small networks that between them hold every layer example, alone and behind another layer, and the ways layers can be joined. */
import type { Shape } from '../../../src/common/shape.ts';
import { initialWeights } from '../../../src/network/index.ts';
import type { Network } from '../../../src/network/network.ts';
import type { Tensors } from '../../../src/common/tensor.ts';
import { structures } from '../../../src/layers/index.ts';
import { drawn, samples } from '../../layers/samples.ts';
import type { Sample } from '../../layers/samples.ts';
import { layerEntry, network } from '../../network/model.ts';
import type { Written } from '../../network/model.ts';
import { buildNetwork } from '../../../src/network/index.ts';

export interface Case {
  name: string;
  network: Network;
}

/** Few, so that gradients stay large; not a multiple of 4. */
export const classes = 5;

/** The layer reads the image itself. */
export const alone: readonly Case[] = samples.filter((sample) => sample.inputs.length === 1).map((sample) => ({
  name: `${sample.name}, reading the image`,
  network: network([written(sample), { dense: 'classes' }], sample.inputs[0], classes),
}));

/** The layer reads convolutions, whose gradients need those of the layer's inputs. */
export const behind: readonly Case[] = samples.map((sample) => {
  const leads = sample.inputs.map((shape, index) => ({ conv: { filters: shape.channels, kernel: 1 }, name: `lead${index}`, from: 'input' }));
  const image: Shape = { ...sample.inputs[0], channels: 3 };
  const layers = [...leads, { ...written(sample), from: leads.map((lead) => lead.name) }, { dense: 'classes' }];
  return { name: `${sample.name}, behind convolutions`, network: network(layers, image, classes) };
});

export const structured: readonly Case[] = structures.flatMap((structure) => structure.examples.map(({ options, input }) => ({
  name: `${structure.name} ${JSON.stringify(options)}`,
  network: network([{ [structure.name]: options }, { dense: 'classes' }], input, classes),
})));

const conv = (filters: number, more: object = {}): Written => ({ conv: { filters, kernel: 3, padding: 1, ...more } });
const image: Shape = { channels: 2, height: 9, width: 7 };

export const whole: readonly Case[] = [
  { name: 'convolutions, pools, dropout twice', network: network([conv(6), 'relu', conv(6), 'relu', { maxpool: 2 }, { dropout: 0.25 }, conv(18, { padding: 2 }), 'relu', { maxpool: { kernel: 2, ceil: true } }, { dense: 11 }, 'relu', { dropout: 0.5 }, { dense: 'classes' }, { dropout: 0.5 }], image, classes) },
  { name: 'label smoothing', network: network([conv(4), 'relu', { dense: 'classes' }], image, classes, { type: 'cross_entropy', options: { label_smoothing: 0.2 } }) },
  { name: 'label smoothing and weights of classes', network: network([conv(4), 'relu', { dense: 'classes' }], image, classes, { type: 'cross_entropy', options: { label_smoothing: 0.2, class_weights: [0.5, 2, 0, 1, 3] } }) },
  { name: 'one output read three times', network: network([{ ...Object(conv(5)), name: 'stem' }, 'relu', conv(5), { multiply: null, from: ['conv2', 'stem'] }, { concat: null, from: ['multiply1', 'stem', 'relu1'] }, { dense: 'classes' }], image, classes) },
  { name: 'residual blocks with normalisation', network: network([conv(8, { bias: false }), 'batchnorm', 'relu', { residual: [conv(8), 'batchnorm', 'relu', conv(8), 'batchnorm'] }, 'relu', { residual: { body: [conv(12, { stride: 2 }), 'batchnorm'], shortcut: 'pad' } }, 'relu', 'global_avgpool', { dense: 'classes' }], image, classes) },
  { name: 'branches within branches', network: network([{ branches: [[conv(3), { branches: [[], ['relu']] }], [{ maxpool: { kernel: 3, stride: 1, padding: 1 } }, conv(2)]] }, 'relu', { dense: 'classes' }], image, classes) },
  { name: 'a residual around nothing but an activation', network: network([conv(4), { residual: ['relu'] }, { residual: ['relu', conv(4)] }, { dense: 'classes' }], image, classes) },
  { name: 'normalisation before and after pools', network: network(['batchnorm', conv(7), { avgpool: 2 }, 'batchnorm', 'relu', { maxpool: { kernel: 3, stride: 2 } }, 'flatten', { dense: 6 }, 'batchnorm', 'relu', { dense: 'classes' }], image, classes) },
  { name: 'dropout of the image, and behind a flatten', network: network([{ dropout: 0.2 }, conv(6), 'relu', 'flatten', { dropout: 0.5 }, { dense: 'classes' }], image, classes) },
  { name: 'products beyond what relu6 lets through', network: network([conv(6), conv(6), conv(6), { multiply: null, from: ['conv1', 'conv2', 'conv3'] }, 'relu6', { dense: 'classes' }], image, classes) },
  { name: 'auxiliary heads', network: withHeads() },
];

function withHeads(): Network {
  const entries = [conv(6), 'relu', { maxpool: 2 }, conv(9), 'relu', { dense: 'classes' }].map(layerEntry);
  const head = (from: string, weight: number, layers: Written[]) => ({ from, weight, layers: layers.map((each) => layerEntry(each, 50)) });
  const heads = { aux1: head('relu1', 0.3, ['global_avgpool', { dense: 'classes' }]), aux2: head('maxpool1', 0.5, [{ dense: 8 }, 'relu', { dense: 'classes' }]) };
  return buildNetwork({ initializer: { type: 'he', options: {} }, layers: entries, heads }, { type: 'cross_entropy', options: { label_smoothing: 0 } }, { shape: image, classes });
}

function written(sample: Sample): Record<string, unknown> {
  return { [sample.layer.name]: Object.keys(sample.options).length > 0 ? sample.options : null };
}

/** He's weights for the matrices, something other than 0 and 1 for the rest. */
export function drawnWeights(of: Network): Tensors {
  const weights = initialWeights(of, { type: 'he', options: { distribution: 'normal' } }, 3);
  for (const [key, { data }] of weights) {
    if (key.endsWith('.weight') && data.some((value) => value !== data[0])) continue;
    const values = drawn(key, data.length);
    data.set(key.endsWith('.running_var') || key.endsWith('.weight') ? values.map((value) => 0.5 + value * value) : values.map((value) => value / 4));
  }
  return weights;
}
