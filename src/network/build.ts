/**
 * Layer entries → a network. Entries are taken in order, so that every layer comes after what it reads; structures and
 * groups build their lists in scopes of their own.
 */
import { namesOfEntries } from '../common/entry.ts';
import type { Entry } from '../common/entry.ts';
import { UserError } from '../common/problem.ts';
import type { Shape } from '../common/shape.ts';
import type { LayerEntry, Model } from '../config/experiment.ts';
import { structureNamed } from '../layers/index.ts';
import { ShapeProblem } from '../layers/layer.ts';
import type { Builder, Ref, Structure } from '../layers/layer.ts';
import { lossNamed } from '../losses/index.ts';
import { addLayer, doubtOf, startConstruction } from './construction.ts';
import type { Construction, Site } from './construction.ts';
import { checkFacts, checkLogits, checkUse } from './checks.ts';
import type { Facts } from './checks.ts';
import type { Network } from './network.ts';
import { listed, placed, shapeProblem } from './problems.ts';

/** Throws UserError with all shape problems, each at its place in the file. */
export function buildNetwork(model: Model, loss: Entry, facts: Facts): Network {
  const { state, trunk, heads, loss: lossPrimitive } = constructNetwork(model, loss, facts);
  return {
    input: state.layers[0].shape,
    classes: state.classes,
    layers: state.layers,
    output: trunk.output,
    loss: lossPrimitive,
    heads: heads.map(({ name, output }) => ({ name, output, weight: model.heads[name].weight })),
  };
}

/** Layers that were built from one list: the network's own, or those of a head. */
export interface Section {
  /** Of a head; else nothing. */
  name: string;
  /** Index of the layer that flows in, of the first one of its own, of the one behind its last one, and of the one that gives its logits. */
  start: number;
  first: number;
  end: number;
  output: number;
}

/** The network with what its layers come from. Throws as `buildNetwork`. */
export function constructNetwork(model: Model, loss: Entry, facts: Facts): { state: Construction; trunk: Section; heads: Section[]; loss: Network['loss'] } {
  const input = model.input === undefined ? facts.shape : toShape(model.input);
  const state = startConstruction(input, model.classes ?? facts.classes);
  checkFacts(state, input, facts);
  const root: Scope = { prefix: '', list: { path: 'model.layers', prefix: '' } };
  const trunk = addSection(state, { name: '', what: 'the network' }, state.named.get('input')!, model.layers, root);
  const heads = Object.entries(model.heads).map(([name, head]) => addHead(state, name, head, root));
  if (state.problems.length === 0) checkUse(state, [trunk, ...heads].map((section) => section.output));
  const lossPrimitive = lowerLoss(state, loss);
  if (state.problems.length > 0) throw new UserError(state.problems);
  return { state, trunk, heads, loss: lossPrimitive };
}

function addSection(state: Construction, { name, what }: { name: string; what: string }, start: Ref, layers: readonly LayerEntry[], scope: Scope): Section {
  const first = state.layers.length;
  const output = addSequence(state, layers, start, scope);
  checkLogits(state, output, what);
  return { name, start: start.index, first, end: state.layers.length, output: output.index };
}

/** Where names are looked for. */
interface Scope {
  /** `stage2.1.`, or nothing at the top. */
  prefix: string;
  /** The list that this one is or lies in, by its path and its prefix: `model.layers`, nothing; `model.heads.aux1.layers`, `aux1.`. */
  list: { path: string; prefix: string };
  parent?: Scope;
}

const inside = (prefix: string, parent: Scope): Scope => ({ prefix: `${prefix}.`, list: parent.list, parent });

/** By index in the list itself; by name inside groups and structures, as overrides write it. */
function pathOf({ prefix, list }: Scope, index: number, type: string, name: string): string {
  return prefix === list.prefix ? `${list.path}[${index}].${type}` : `${list.path}.${name.slice(list.prefix.length)}`;
}

function addSequence(state: Construction, entries: readonly LayerEntry[], start: Ref, scope: Scope): Ref {
  const names = namesOfEntries(entries);
  let flow = start;
  entries.forEach((entry, index) => {
    const name = `${scope.prefix}${names[index]}`;
    flow = addEntry(state, { entry, name, path: pathOf(scope, index, entry.type, name) }, flow, scope);
  });
  return flow;
}

function addEntry(state: Construction, site: Site, flow: Ref, scope: Scope): Ref {
  const { entry, name } = site;
  checkName(state, site);
  const inputs = readFrom(state, site, flow, scope);
  const structure = structureNamed(entry.type);
  let result: Ref;
  if (entry.type === 'group') result = addSequence(state, layersOf(entry.options['layers']), inputs[0], inside(name, scope));
  else if (structure) result = addStructure(state, site, structure, inputs, scope);
  else result = addLayer(state, site, entry.type, entry.options, inputs);
  state.named.set(name, result);
  return result;
}

function checkName(state: Construction, site: Site): void {
  const { name } = site;
  if (!state.named.has(name)) return;
  const message = name === 'input' ? 'input is the name of what flows into the network' : `there are two layers named ${name}`;
  state.problems.push({ code: 'duplicate-name', message, fix: 'give one of them another name', ...placed(site, 'name') });
}

function addStructure(state: Construction, site: Site, structure: Structure, inputs: readonly Ref[], scope: Scope): Ref {
  const problemsBefore = state.problems.length;
  const layersBefore = state.layers.length;
  const within = (prefix: string): Scope => inside(prefix, scope);
  try {
    if (inputs.length !== 1 && structure.joins !== true) {
      throw new ShapeProblem(`${structure.name} takes one input, not ${inputs.length}`, 'from', 'join them first: { add: null, from: [...] } or concat');
    }
    return structure.build(withDefaults(structure, site.entry.options), createBuilder(state, site, inputs, within));
  } catch (error) {
    if (!(error instanceof ShapeProblem)) throw error;
    const follows = state.problems.length > problemsBefore || doubtOf(state, inputs) !== undefined;
    if (!follows) state.problems.push(shapeProblem(state, site, error, inputs.slice(0, 1)));
    const last = state.layers.length > layersBefore ? state.layers.length - 1 : inputs[0].index;
    const ref: Ref = { index: last, shape: state.layers[last].shape };
    state.doubts.set(ref, 'all');
    return ref;
  }
}

function createBuilder(state: Construction, site: Site, inputs: readonly Ref[], within: (prefix: string) => Scope): Builder {
  return {
    inputs,
    sequence: (layers, start, part) => addSequence(state, layersOf(layers), start, within(`${site.name}.${part}`)),
    layer(type, options, from, part) {
      if (part === undefined) return addLayer(state, site, type, options, from);
      const inner: Site = { ...site, name: `${site.name}.${part}` };
      checkName(state, inner);
      const made = addLayer(state, inner, type, options, from);
      state.named.set(inner.name, made);
      return made;
    },
    strideBetween(from, to) {
      const before = state.fields[from.index], after = state.fields[to.index];
      return [after[0].jump / before[0].jump, after[1].jump / before[1].jump];
    },
  };
}

/** What an entry reads: the layers named in `from`, else what flows in. A name is looked for in its scope, then in the enclosing ones. */
function readFrom(state: Construction, site: Site, flow: Ref, scope: Scope): readonly Ref[] {
  const names = site.entry.from;
  if (names === undefined || names.length === 0) return [flow];
  return names.map((name) => {
    const found = lookUp(state, name, scope);
    if (found !== undefined) return found;
    reportUnknownName(state, name, scope, site);
    const unknown: Ref = { ...flow };
    state.doubts.set(unknown, 'all');
    return unknown;
  });
}

function lookUp(state: Construction, name: string, scope: Scope | undefined): Ref | undefined {
  if (scope === undefined) return undefined;
  return state.named.get(`${scope.prefix}${name}`) ?? lookUp(state, name, scope.parent);
}

function reportUnknownName(state: Construction, name: string, scope: Scope, site: Site): void {
  const visible = [...state.named.keys()].filter((each) => each.startsWith(scope.prefix) && !each.slice(scope.prefix.length).includes('.'));
  const nearby = visible.slice(-8).map((each) => each.slice(scope.prefix.length));
  state.problems.push({
    code: 'unknown-layer',
    message: `there is no layer named ${name} above this one`,
    fix: nearby.length > 0 ? `the last ones above it: ${listed(nearby)}` : 'name the layer to read, or leave from out',
    ...placed(site, 'from'),
  });
}

function addHead(state: Construction, name: string, head: Model['heads'][string], root: Scope): Section {
  const site: Site = { entry: { type: 'head', options: {}, from: [head.from], ...placeOfFirst(head.layers) }, name, path: `model.heads.${name}` };
  const [from] = readFrom(state, site, state.named.get('input')!, root);
  const scope: Scope = { prefix: `${name}.`, list: { path: `model.heads.${name}.layers`, prefix: `${name}.` }, parent: root };
  return addSection(state, { name, what: `the head ${name}` }, from, head.layers, scope);
}

const placeOfFirst = (layers: readonly LayerEntry[]): Pick<LayerEntry, 'place'> => (layers[0]?.place === undefined ? {} : { place: layers[0].place });

/** Lists inside structures and groups hold layer entries: the configuration made them. */
const layersOf = (list: unknown): readonly LayerEntry[] => list as readonly LayerEntry[];

function withDefaults(structure: Structure, given: Record<string, unknown>): Record<string, unknown> {
  const defaults = Object.entries(structure.options).flatMap(([name, option]) => (option.default === undefined ? [] : [[name, option.default] as const]));
  return { ...Object.fromEntries(defaults), ...given };
}

/** The loss as a primitive; options that do not fit the classes are reported. */
function lowerLoss(state: Construction, loss: Entry): Network['loss'] {
  const found = lossNamed(loss.type);
  if (found === undefined) throw new Error(`there is no loss ${loss.type}`);
  const problem = found.check?.(loss.options, state.classes);
  if (problem) state.problems.push({ code: 'loss-mismatch', message: problem.message, fix: problem.fix, path: `train.loss.${loss.type}.${problem.option}` });
  return found.lower(loss.options);
}

const toShape = ([channels, height, width]: readonly [number, number, number]): Shape => ({ channels, height, width });
