/**
 * A network under construction: the layers so far, the names given, the problems found. A layer that does not fit is
 * reported and passed over with a shape that it could have had, so that one pass finds all problems; what rests on such
 * a shape is in doubt, and problems that may only follow from it are not reported.
 */
import type { Problem } from '../common/problem.ts';
import type { Shape } from '../common/shape.ts';
import type { LayerEntry } from '../config/experiment.ts';
import { layerNamed } from '../layers/index.ts';
import { ShapeProblem } from '../layers/layer.ts';
import type { Layer, Ref } from '../layers/layer.ts';
import { outputShape } from '../layers/primitives.ts';
import type { NetworkLayer } from './network.ts';
import { shapeProblem } from './problems.ts';
import { fieldOf } from './receptive-field.ts';
import type { Field } from './receptive-field.ts';

/** `size`: height and width are those the image would have if the problem were mended; `all`: nothing is known. */
type Doubt = 'size' | 'all';

export interface Construction {
  classes: number;
  layers: NetworkLayer[];
  /** By layer, as `layers`. */
  fields: Field[];
  sites: (Site | undefined)[];
  /** Layers, groups and structures by full name. */
  named: Map<string, Ref>;
  problems: Problem[];
  doubts: WeakMap<Ref, Doubt>;
}

/** Where a layer comes from. */
export interface Site {
  entry: LayerEntry;
  /** Full name: `stage2.1.conv2`. */
  name: string;
  /** `model.layers[3].conv` */
  path: string;
}

export function startConstruction(input: Shape, classes: number): Construction {
  const layer: NetworkLayer = {
    name: 'input',
    type: 'input',
    options: {},
    inputs: [],
    shape: input,
    primitives: [],
    parameters: [],
    multiplyAdds: 0,
    window: { kernel: [1, 1], stride: [1, 1], dilation: [1, 1] },
    needsWholeBatch: false,
    random: false,
  };
  const ref: Ref = { index: 0, shape: input };
  return {
    classes,
    layers: [layer],
    fields: [fieldOf(layer, [], [])],
    sites: [undefined],
    named: new Map([['input', ref]]),
    problems: [],
    doubts: new WeakMap(),
  };
}

/** Appends a layer. One that does not fit is reported; what comes back is in doubt then. */
export function addLayer(state: Construction, site: Site, type: string, given: Record<string, unknown>, inputs: readonly Ref[]): Ref {
  const layer = layerNamed(type);
  if (layer === undefined) throw new Error(`there is no layer type ${type}`);
  const options = completed(layer, given, state.classes);
  try {
    checkCount(layer, inputs);
    layer.check?.(options, inputs.map((each) => each.shape));
  } catch (error) {
    if (!(error instanceof ShapeProblem)) throw error;
    return passOver(state, site, layer, options, inputs, error);
  }
  return append(state, site, layer, options, inputs);
}

function append(state: Construction, site: Site, layer: Layer, options: Record<string, unknown>, inputs: readonly Ref[]): Ref {
  const shapes = inputs.map((each) => each.shape);
  const primitives = layer.lower(options, shapes);
  const shape = primitives.reduce<readonly Shape[]>((before, primitive) => [outputShape(primitive, before)], shapes)[0];
  const made: NetworkLayer = {
    name: site.name,
    type: layer.name,
    options,
    inputs: inputs.map((each) => each.index),
    shape,
    primitives,
    parameters: layer.parameters?.(options, shapes) ?? [],
    multiplyAdds: layer.multiplyAdds?.(options, shapes, shape) ?? 0,
    window: layer.window?.(options, shapes) ?? { kernel: [1, 1], stride: [1, 1], dilation: [1, 1] },
    needsWholeBatch: layer.needsWholeBatch ?? false,
    random: layer.random ?? false,
    ...(site.entry.place === undefined ? {} : { place: site.entry.place }),
  };
  state.layers.push(made);
  state.fields.push(fieldOf(made, made.inputs.map((index) => state.fields[index]), shapes));
  state.sites.push(site);
  const ref: Ref = { index: state.layers.length - 1, shape };
  const doubt = doubtOf(state, inputs);
  // A matrix product has the same output whatever it is given: doubts end here.
  if (doubt && !primitives.some((primitive) => primitive.op === 'dense')) state.doubts.set(ref, doubt);
  return ref;
}

/** Reports, unless it may only follow from an earlier problem, and gives the shape that the layer would most likely have. */
function passOver(state: Construction, site: Site, layer: Layer, options: Record<string, unknown>, inputs: readonly Ref[], error: ShapeProblem): Ref {
  const doubt = doubtOf(state, inputs);
  const certain = doubt === undefined || (doubt === 'size' && inputs.length === 1);
  if (certain) state.problems.push(shapeProblem(state, site, error, inputs));
  const first = inputs[0];
  const channels = inputs.length === 1 ? channelsOnLargerImage(layer, options, first.shape) : undefined;
  const ref: Ref = { index: first.index, shape: { ...first.shape, channels: channels ?? first.shape.channels } };
  state.doubts.set(ref, channels !== undefined && doubt !== 'all' ? 'size' : 'all');
  return ref;
}

/** The channels that the layer would give on an image large enough for it; undefined where size is not what is wrong. */
function channelsOnLargerImage(layer: Layer, options: Record<string, unknown>, shape: Shape): number | undefined {
  const larger = [{ ...shape, height: shape.height + 8192, width: shape.width + 8192 }];
  try {
    layer.check?.(options, larger);
  } catch (error) {
    if (error instanceof ShapeProblem) return undefined;
    throw error;
  }
  return layer.lower(options, larger).reduce<readonly Shape[]>((before, primitive) => [outputShape(primitive, before)], larger)[0].channels;
}

/** The gravest doubt about any of them. */
export function doubtOf(state: Construction, refs: readonly Ref[]): Doubt | undefined {
  const doubts = refs.map((ref) => state.doubts.get(ref));
  return doubts.find((each) => each === 'all') ?? doubts.find((each) => each === 'size');
}

function checkCount(layer: Layer, inputs: readonly Ref[]): void {
  if (layer.inputs !== 'many' && inputs.length !== 1) {
    throw new ShapeProblem(`${layer.name} takes one input, not ${inputs.length}`, 'from', 'join them first: { add: null, from: [...] } or concat');
  }
}

/** Defaults filled in, and `classes` as the number it stands for. */
function completed(layer: Layer, given: Record<string, unknown>, classes: number): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(layer.options)) {
    const value = given[name] ?? option.default;
    if (value !== undefined) options[name] = value === 'classes' ? classes : value;
  }
  return options;
}
