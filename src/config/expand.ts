/**
 * Expands blocks and repeats: each becomes a group, the layers of one use under one name. `$` expressions get their values
 * on the way. Bounded: recursion is refused, and a network has at most `maximumLayers` entries.
 */
import type { Place } from '../common/problem.ts';
import { canonical } from './canonical.ts';
import type { Scope } from './canonical.ts';
import { complete, typeOf } from './complete.ts';
import { fieldsOfType, layerCatalogue, typeNamed } from './language.ts';
import type { Form } from './language.ts';
import { layerNames } from './locate.ts';
import type { Resolver } from './references.ts';
import { broken, describeTree, isBroken, isNull, joinPath, list, map, mapChildren, scalar, valueOf } from './tree.ts';
import type { ListTree, MapTree, Property, Tree } from './tree.ts';
import { adviseName } from './words.ts';

const maximumLayers = 10_000;
const maximumDepth = 32;

interface Expansion {
  scope: Scope;
  blocks: Tree | undefined;
  /** Entries made so far. */
  made: { count: number; refused: boolean };
}

/** What surrounds the layers being expanded. */
interface Surroundings {
  resolver: Resolver;
  /** Blocks being expanded, outermost first. */
  open: readonly string[];
  usedAt?: Place;
}

/** A use of a block: its name, where it stands, and what it gives to parameters. */
type Use = NonNullable<ReturnType<typeof typeOf>>;

/** The experiment with the layers of the network and of its heads expanded, and without blocks. */
export function expand(tree: MapTree, resolver: Resolver, scope: Scope): MapTree {
  const expansion: Expansion = { scope, blocks: valueOf(tree, 'blocks'), made: { count: 0, refused: false } };
  const surroundings: Surroundings = { resolver, open: [] };
  const layersOf = (owner: Tree, path: string): Tree =>
    mapChildren(owner, (child, key) => (key === 'layers' && child.kind === 'list' ? expandList(child, joinPath(path, key), expansion, surroundings) : child));
  const heads = (tree: Tree): Tree => mapChildren(tree, (head, name) => layersOf(head, `model.heads.${name}`));
  const model = (tree: Tree): Tree => mapChildren(layersOf(tree, 'model'), (child, key) => (key === 'heads' ? heads(child) : child));
  const expanded = mapChildren(tree, (child, key) => (key === 'model' ? model(child) : child));
  const properties = expanded.kind === 'map' ? [...expanded.properties].filter(([key]) => key !== 'blocks') : [];
  return { ...tree, properties: new Map(properties) };
}

function expandList(tree: ListTree, path: string, expansion: Expansion, surroundings: Surroundings): Tree {
  // Unnamed uses of blocks and repeats get the names that overrides know them by.
  const names = layerNames(tree);
  const items = tree.items.map((item, index) => expandEntry(item, names[index], joinPath(path, index), expansion, surroundings));
  return { ...tree, items };
}

function expandEntry(item: Tree, name: string, path: string, expansion: Expansion, surroundings: Surroundings): Tree {
  const { made, scope } = expansion;
  if (made.refused) return broken(item.place);
  if (++made.count > maximumLayers || surroundings.open.length > maximumDepth) {
    made.refused = true;
    const message = `blocks and repeats make more than ${maximumLayers} layers, or nest more than ${maximumDepth} deep`;
    scope.report({ code: 'too-large', message, fix: 'repeat less', where: surroundings.usedAt ?? item.place, path });
    return broken(item.place);
  }
  const entry = item.kind === 'scalar' ? namedByParameter(item, path, expansion, surroundings) : item;
  const written = typeOf(entry, layerCatalogue);
  if (entry.kind !== 'map' || !written) return entry;
  const located = { ...entry, path, ...(surroundings.usedAt ? { usedAt: surroundings.usedAt } : {}) };
  if (written.name === 'repeat') return expandRepeat(located, name, path, expansion, surroundings);
  if (!typeNamed(layerCatalogue, written.name)) return expandUse(located, written, name, path, expansion, surroundings);
  return expandOptions(located, written.name, path, expansion, surroundings);
}

/** `- $activation`: the parameter names the layer. */
function namedByParameter(item: Tree & { kind: 'scalar' }, path: string, { scope }: Expansion, { resolver }: Surroundings): Tree {
  const form: Form = { kind: 'entry', catalogue: layerCatalogue, about: '' };
  return complete(canonical(resolver.resolve(item, path), form, path, scope), form);
}

/** A layer or structure: its values resolved, the lists of layers in it expanded. */
function expandOptions(entry: MapTree, type: string, path: string, expansion: Expansion, surroundings: Surroundings): Tree {
  const fields = fieldsOfType(typeNamed(layerCatalogue, type)!);
  return mapChildren(entry, (child, key) => {
    if (key !== type) return surroundings.resolver.resolveAll(child, joinPath(path, key));
    return mapChildren(child, (value, option) => expandValue(value, fields[option]?.form, joinPath(joinPath(path, key), option), expansion, surroundings));
  });
}

function expandValue(value: Tree, form: Form | undefined, path: string, expansion: Expansion, surroundings: Surroundings): Tree {
  if (value.kind !== 'list' || form === undefined || form.kind === 'value') return surroundings.resolver.resolveAll(value, path);
  if (form.kind === 'either') return expandValue(value, form.list, path, expansion, surroundings);
  if (form.kind === 'list' && form.of.kind === 'entry') return expandList(value, path, expansion, surroundings);
  return mapChildren(value, (item, index) => expandValue(item, form.kind === 'list' ? form.of : undefined, joinPath(path, index), expansion, surroundings));
}

/** A use of a block → a group of its layers. */
function expandUse(entry: MapTree, use: Use, name: string, path: string, expansion: Expansion, surroundings: Surroundings): Tree {
  const definition = valueOf(expansion.blocks, use.name);
  const body = valueOf(definition, 'layers');
  if (!definition || body?.kind !== 'list') return broken(entry.place);
  if (surroundings.open.includes(use.name)) {
    const chain = [...surroundings.open.slice(surroundings.open.indexOf(use.name)), use.name].join(' uses ');
    expansion.scope.report({ code: 'block-recursion', message: `${chain}: it would never end`, fix: 'use repeat to have layers several times', where: use.keyPlace, path });
    return broken(entry.place);
  }
  const parameters = bindParameters(use, valueOf(definition, 'params'), joinPath(path, use.name), expansion, surroundings);
  if (!parameters) return broken(entry.place);
  const inner: Surroundings = {
    resolver: surroundings.resolver.within(parameters),
    open: [...surroundings.open, use.name],
    usedAt: surroundings.usedAt ?? use.keyPlace,
  };
  const layers = expandList(body, `blocks.${use.name}.layers`, expansion, inner);
  return groupOf(entry, layers, name, surroundings);
}

/** The values of a block's parameters in one use; undefined when some are wrong (reported). */
function bindParameters(use: Use, declared: Tree | undefined, path: string, { scope }: Expansion, { resolver }: Surroundings): Map<string, Tree> | undefined {
  const declarations = declared?.kind === 'map' ? declared.properties : new Map<string, Property>();
  const given = givenParameters(use, [...declarations.keys()], path, scope);
  const bound = new Map<string, Tree>();
  let complete = given !== undefined;
  for (const [name, { value }] of declarations) {
    const written = given?.get(name)?.value;
    if (written && !isNull(written)) bound.set(name, resolver.resolveAll(written, joinPath(path, name)));
    else if (value.kind === 'scalar' && value.value === 'required') {
      complete = false;
      if (given) scope.report({ code: 'missing', message: `${use.name} needs ${name}`, fix: `write ${use.name}: { ${name}: ... }`, where: use.keyPlace, path });
    } else bound.set(name, resolver.within(bound).resolveAll(value, `blocks.${use.name}.params.${name}`));
  }
  return complete && [...bound.values()].every((value) => !isBroken(value)) ? bound : undefined;
}

/** `{ Basic: { filters: 64 } }`, or `Basic: 64` for the first parameter. */
function givenParameters(use: Use, names: readonly string[], path: string, scope: Scope): ReadonlyMap<string, Property> | undefined {
  const { options } = use;
  if (isBroken(options)) return undefined;
  if (options.kind !== 'map') {
    const first = names[0];
    if (first !== undefined) return new Map([[first, { keyPlace: options.place, value: options }]]);
    scope.report({ code: 'wrong-type', message: `${use.name} has no parameters, found ${describeTree(options)}`, fix: `write ${use.name} alone`, where: options.place, path });
    return undefined;
  }
  const unknown = [...options.properties].filter(([name]) => !names.includes(name));
  for (const [name, { keyPlace }] of unknown) {
    scope.report({ code: 'unknown-option', message: `${use.name} has no parameter ${name}`, fix: adviseName(name, names), where: keyPlace, path: joinPath(path, name) });
  }
  return unknown.length ? undefined : options.properties;
}

/** A repeat → a group of groups that are named 1, 2, ... */
function expandRepeat(entry: MapTree, name: string, path: string, expansion: Expansion, surroundings: Surroundings): Tree {
  const options = valueOf(entry, 'repeat')!;
  const written = valueOf(options, 'times');
  const body = valueOf(options, 'layers');
  const times = written && surroundings.resolver.resolveAll(written, `${path}.repeat.times`);
  const count = times?.kind === 'scalar' && typeof times.value === 'number' ? times.value : undefined;
  if (!times || !body || body.kind !== 'list' || count === undefined || !Number.isInteger(count) || count < 0 || count > 1000) {
    return invalidRepeat(entry, options, times);
  }
  const rounds: Tree[] = [];
  for (let round = 1; round <= count && !expansion.made.refused; round++) {
    const layers = expandList(body, `${path}.repeat.layers`, expansion, surroundings);
    rounds.push(groupOf({ ...entry, properties: new Map() }, layers, `${round}`, surroundings));
  }
  return groupOf(entry, list(rounds, body.place), name, surroundings);
}

/** Left as it is for the check against the schema, which says what is wrong; its layers are not looked at. */
function invalidRepeat(entry: MapTree, options: Tree, times: Tree | undefined): Tree {
  const checked = mapChildren(options, (value, key) => (key === 'times' && times ? times : value.kind === 'list' ? list([], value.place) : value));
  return mapChildren(entry, (value, key) => (key === 'repeat' ? checked : value));
}

/** A group in the place of an entry: name and source stay. */
function groupOf(entry: MapTree, layers: Tree, name: string, { resolver, usedAt }: Surroundings): Tree {
  const { place } = entry;
  const keyPlace = [...entry.properties.values()][0]?.keyPlace ?? place;
  const options = map(place, [['layers', { keyPlace, value: layers }]]);
  const from = entry.properties.get('from');
  const group = map(place, [
    ['group', { keyPlace, value: options }],
    ['name', entry.properties.get('name') ?? { keyPlace, value: scalar(name, place) }],
    ...(from ? [['from', { ...from, value: resolver.resolveAll(from.value, 'from') }] as const] : []),
  ]);
  return { ...group, ...(usedAt ? { usedAt } : {}) };
}
