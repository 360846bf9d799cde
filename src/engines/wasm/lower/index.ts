/** Network → program: primitives become operations, ReLUs are folded into what precedes them, gradients are wired backwards. */
import type { Primitive } from '../../../layers/primitives.ts';
import type { Shape } from '../../../common/shape.ts';
import type { Network } from '../../../network/network.ts';
import { Builder, type Shared } from '../builder.ts';
import type { LossOptions } from '../loss.ts';
import { sixteens, type FeatureMap } from '../program.ts';
import { convolution } from './convolution.ts';
import { dense } from './dense.ts';
import { dropout, join, map, pad } from './elementwise.ts';
import type { Lowering } from './lowering.ts';
import type { Methods } from './method.ts';
import { batchNormalization } from './normalization.ts';
import { groupNormalization } from './groupNormalization.ts';
import { localResponseNormalization } from './localResponse.ts';
import { pool } from './pooling.ts';
import { prelu } from './prelu.ts';
import { flatten } from './reshape.ts';
import { softmax } from './softmax.ts';
import { transposedConvolution } from './transposed.ts';
import { upsample } from './upsample.ts';

const lowerings: { [Op in Primitive['op']]: Lowering<Extract<Primitive, { op: Op }>> } = {
  transposedConvolution, upsample, groupNormalization, localResponseNormalization,
  convolution, dense, pool, batchNormalization, map, prelu, softmax, dropout, join, pad, flatten,
};

const loweringOf = (primitive: Primitive): Lowering<Primitive> => lowerings[primitive.op];

export interface LoweredNetwork {
  build: Builder;
  input: FeatureMap;
  /** The logits (`output`) and the result of each layer that was asked for; a folded flatten is read from its input's map. */
  kept: { name: string; map: FeatureMap; shape: Shape }[];
  /** What each layer with parameters reads. */
  reads: Map<string, FeatureMap>;
}

/** One primitive between numbered values; value 0 is the network's input. */
interface Step {
  layer: string;
  primitive: Primitive;
  inputs: number[];
  output: number;
  relu: boolean;
}

export function lowerNetwork(network: Network, how: { training: boolean; keep: readonly string[]; shared: Shared; methods: Methods }): LoweredNetwork {
  const { training, keep } = how;
  const allHeads = [{ output: network.output, weight: 1 }, ...network.heads];
  const heads = training ? allHeads : allHeads.slice(0, 1);
  const { steps, valueOf, keptValues } = foldedSteps(network, allHeads, keep);
  const unpadded = readersOf(reachable(steps, new Set(allHeads.map((head) => valueOf[head.output]))), 0).every((step) => loweringOf(step.primitive).readsUnpadded);
  const { steps: activeSteps, valueIs } = training ? { steps, valueIs: (value: number): number => value } : withoutDropout(steps);
  const valueOfLayer = (index: number): number => valueIs(valueOf[index]);
  const wantedSteps = reachable(activeSteps, new Set([...heads.map((head) => valueOfLayer(head.output)), ...keptValues.map(valueIs)]));

  const build = new Builder(training, how.shared, how.methods);
  const input = build.map(network.input, { physical: unpadded ? network.input.channels : sixteens(network.input.channels) });
  build.operation({ layer: 'input', pass: 'forward', reads: [], writes: [input], emit: () => [] });

  const maps = new Map<number, FeatureMap>([[0, input]]);
  const reads = new Map<string, FeatureMap>();
  const backwards: { layer: string; output: FeatureMap; backward?: (gradient: FeatureMap) => void }[] = [];
  for (const step of wantedSteps) {
    const inputs = step.inputs.map((value) => maps.get(value)!);
    if (!reads.has(step.layer)) reads.set(step.layer, inputs[0]);
    const { output, backward } = loweringOf(step.primitive).lower({ ...step, inputs, wanted: inputs.map((each) => each !== input) }, build);
    maps.set(step.output, output);
    backwards.push({ layer: step.layer, output, backward });
  }
  for (const head of heads) {
    const layer = network.layers[head.output];
    build.loss(layer.name, maps.get(valueOfLayer(head.output))!, {
      classes: network.classes, ...lossOptions(network.loss), weight: head.weight, main: head.output === network.output,
    });
  }
  if (training) goBack(build, backwards);
  const logits = { name: 'output', map: maps.get(valueOfLayer(network.output))!, shape: network.layers[network.output].shape };
  const kept = [logits, ...keep.map((name, i) => ({ name, map: maps.get(valueIs(keptValues[i]))!, shape: network.layers.find((layer) => layer.name === name)!.shape }))];
  // Read from outside when everything is done: until then nobody else may have their memory.
  if (!training) build.operation({ layer: 'output', pass: 'forward', reads: kept.map((each) => each.map), writes: [], emit: () => [] });
  return { build, input, kept, reads };
}

const lossOptions = ({ labelSmoothing, classWeights }: Network['loss']): Omit<LossOptions, 'classes'> => ({ labelSmoothing, ...(classWeights === undefined ? {} : { classWeights }) });

/** Last to first: when a step is reached, all readers of its result have given their shares. */
function goBack(build: Builder, steps: readonly { layer: string; output: FeatureMap; backward?: (gradient: FeatureMap) => void }[]): void {
  for (const { layer, output, backward } of [...steps].reverse()) {
    const gradient = build.gradientOf(output, layer);
    if (gradient) backward?.(gradient);
  }
}

/**
 * The steps, folded alike for training and for inference: how a layer's weights lie in memory depends on what it reads. What
 * heads end in and readers of activations want is not folded away.
 */
function foldedSteps(network: Network, heads: readonly { output: number }[], keep: readonly string[]): { steps: Step[]; valueOf: number[]; keptValues: number[] } {
  const { steps, valueOf } = toSteps(network);
  const keptValues = keep.map((name) => valueOf[network.layers.findIndex((layer) => layer.name === name)]);
  const pinned = new Set([...heads.map((head) => valueOf[head.output]), ...keptValues]);
  return { steps: foldFlatten(foldRelu(foldSum(steps, pinned), pinned)), valueOf, keptValues };
}

/** Outside training dropout passes its input on; `valueIs` tells which value stands for one that is gone. */
function withoutDropout(steps: readonly Step[]): { steps: Step[]; valueIs: (value: number) => number } {
  const alias = new Map<number, number>();
  const valueIs = (value: number): number => alias.get(value) ?? value;
  const kept = steps.flatMap((step) => {
    if (step.primitive.op !== 'dropout') return [{ ...step, inputs: step.inputs.map(valueIs) }];
    alias.set(step.output, valueIs(step.inputs[0]));
    return [];
  });
  return { steps: kept, valueIs };
}

/** A dropout that drops nothing is left out. */
function toSteps(network: Network): { steps: Step[]; valueOf: number[] } {
  const steps: Step[] = [];
  const valueOf: number[] = [];
  let values = 1;
  network.layers.forEach((layer, index) => {
    let inputs = layer.inputs.map((each) => valueOf[each]);
    for (const primitive of layer.primitives) {
      if (primitive.op === 'dropout' && primitive.rate === 0) continue;
      steps.push({ layer: layer.name, primitive, inputs, output: values, relu: false });
      inputs = [values++];
    }
    valueOf[index] = inputs[0] ?? 0;
  });
  return { steps, valueOf };
}

const readersOf = (steps: readonly Step[], value: number): Step[] => steps.filter((step) => step.inputs.includes(value));

/** Drops a sum of two where a step whose result nothing else reads can add the other itself: it then runs in the sum's place. */
function foldSum(steps: readonly Step[], pinned: ReadonlySet<number>): Step[] {
  const folded = new Set<Step>();
  const result = steps.map((step) => {
    if (step.primitive.op !== 'join' || step.primitive.kind !== 'add' || step.inputs.length !== 2) return step;
    const maker = steps.find(({ primitive, output, inputs }) =>
      step.inputs.includes(output) && loweringOf(primitive).foldsSum && inputs.length === 1 && !pinned.has(output) && readersOf(steps, output).length === 1);
    if (!maker || step.inputs[0] === step.inputs[1]) return step;
    folded.add(maker);
    return { ...maker, inputs: [...maker.inputs, step.inputs.find((value) => value !== maker.output)!], output: step.output };
  });
  return result.filter((_, i) => !folded.has(steps[i]));
}

/** Drops a ReLU that alone reads the result of a step that can do it itself. */
function foldRelu(steps: readonly Step[], pinned: ReadonlySet<number>): Step[] {
  const folded = new Set<Step>();
  const result = steps.map((step) => {
    const readers = readersOf(steps, step.output);
    const [reader] = readers;
    const single = readers.length === 1 && !pinned.has(step.output) && loweringOf(step.primitive).foldsRelu;
    if (!single || reader?.primitive.op !== 'map' || reader.primitive.name !== 'relu') return step;
    folded.add(reader);
    return { ...step, relu: true, output: reader.output };
  });
  return result.filter((_, i) => !folded.has(steps[i]));
}

/** A dense layer reads a map in its own order: where only dense layers read a flatten, they read what it does. */
function foldFlatten(steps: readonly Step[]): Step[] {
  const alias = new Map<number, number>();
  for (const step of steps) {
    if (step.primitive.op !== 'flatten') continue;
    if (readersOf(steps, step.output).every((reader) => reader.primitive.op === 'dense')) alias.set(step.output, step.inputs[0]);
  }
  return steps.map((step) => ({ ...step, inputs: step.inputs.map((value) => alias.get(value) ?? value) }));
}

/** Only what a loss or a reader of activations needs. */
function reachable(steps: readonly Step[], wanted: ReadonlySet<number>): Step[] {
  const needed = new Set(wanted);
  const kept = [...steps].reverse().filter((step) => {
    if (!needed.has(step.output)) return false;
    step.inputs.forEach((value) => needed.add(value));
    return true;
  });
  return kept.reverse();
}
