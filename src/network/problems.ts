/** What does not fit, in words that speak about the lines of the file. */
import type { Place, Problem } from '../common/problem.ts';
import { describeShape } from '../common/shape.ts';
import type { Ref, ShapeProblem } from '../layers/layer.ts';
import type { Construction, Site } from './construction.ts';
import type { NetworkLayer } from './network.ts';

export function shapeProblem(state: Construction, site: Site, error: ShapeProblem, inputs: readonly Ref[]): Problem {
  const { entry } = site;
  const fix = adviseOn(state, error, inputs);
  return {
    code: 'shape-mismatch',
    message: error.message,
    ...(fix === undefined ? {} : { fix }),
    ...placed(site, error.option),
    ...(inputs.length > 1 ? { related: inputs.map((each) => describeInput(state, each)) } : {}),
    ...(entry.usedAt === undefined || inputs.length > 1 ? {} : { related: [{ where: entry.usedAt, message: 'used here' }] }),
  };
}

/** The option's place where it is written, else the layer's. */
export function placed(site: Site, option?: string): { path: string; where?: Place } {
  const where = (option === undefined ? undefined : site.entry.places?.[option]) ?? site.entry.place;
  return { path: option === undefined ? site.path : `${site.path}.${option}`, ...(where === undefined ? {} : { where }) };
}

function describeInput(state: Construction, ref: Ref): { where?: Place; message: string } {
  const layer = state.layers[ref.index];
  return { message: `${layer.name} gives ${describeShape(ref.shape)}`, ...(layer.place === undefined ? {} : { where: layer.place }) };
}

function adviseOn(state: Construction, error: ShapeProblem, inputs: readonly Ref[]): string | undefined {
  const cause = whySmall(state, error, inputs);
  if (cause === undefined) return error.fix;
  return `${cause}; drop one${error.fix === undefined ? '' : `, or ${error.fix}`}`;
}

/** `the 28×28 input was halved by the layers at lines 8, 10 and 12`, for windows that do not fit. */
function whySmall(state: Construction, error: ShapeProblem, inputs: readonly Ref[]): string | undefined {
  if (error.option !== 'kernel' || inputs.length !== 1) return undefined;
  const shrinking = layersUpTo(state, inputs[0].index).filter((layer) => isSmaller(state, layer));
  if (shrinking.length === 0) return undefined;
  const strided = shrinking.filter((layer) => Math.max(...layer.window.stride) > 1);
  const blamed = strided.length > 0 ? strided : shrinking;
  const halved = strided.length > 0 && strided.every((layer) => Math.max(...layer.window.stride) === 2);
  const { height, width } = state.layers[0].shape;
  return `the ${height}×${width} input was ${halved ? 'halved' : 'made smaller'} by ${describeLayers(blamed)}`;
}

/** The layers on the way from the input to this one, in order; of several ways the first. */
function layersUpTo(state: Construction, index: number): NetworkLayer[] {
  const way: NetworkLayer[] = [];
  for (let at: number | undefined = index; at !== undefined; at = state.layers[at].inputs[0]) way.unshift(state.layers[at]);
  return way;
}

function isSmaller(state: Construction, layer: NetworkLayer): boolean {
  const [input] = layer.inputs.map((index) => state.layers[index].shape);
  return input !== undefined && (layer.shape.height < input.height || layer.shape.width < input.width);
}

/** `maxpool at lines 8, 10 and 12`, `the layers at lines 3 and 8`, `conv at line 5 (twice)`, or names where there is no file. */
function describeLayers(layers: readonly NetworkLayer[]): string {
  const types = new Set(layers.map((layer) => layer.type));
  const places = layers.flatMap((layer) => (layer.place === undefined ? [] : [layer.place.line]));
  if (places.length < layers.length) return listed(layers.map((layer) => layer.name));
  const times = new Map<number, number>();
  for (const line of places) times.set(line, (times.get(line) ?? 0) + 1);
  const lines = [...times].map(([line, count]) => (count === 1 ? `${line}` : `${line} (${count === 2 ? 'twice' : `${count} times`})`));
  return `${types.size === 1 ? layers[0].type : 'the layers'} at line${lines.length === 1 ? '' : 's'} ${listed(lines)}`;
}

/** `a, b and c` */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
