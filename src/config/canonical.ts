/**
 * Brings a tree into canonical form, whatever shorthand it was written in: every entry becomes a map with its type (whose
 * options are a map) and what stands beside it. `maxpool: 2` and `relu` become `{ maxpool: { kernel: 2 } }` and
 * `{ relu: {} }`. Names that do not exist are refused here; values are checked later, after expansion.
 */
import type { Problem } from '../common/problem.ts';
import { adviseName } from './words.ts';
import { blockPattern, fieldsOfType, typeNamed } from './language.ts';
import type { Catalogue, Field, Form, FormOf } from './language.ts';
import { broken, describeTree, isBroken, isNull, joinPath, list, map, mapChildren } from './tree.ts';
import type { MapTree, Property, Report, ScalarTree, Tree } from './tree.ts';

/** What the parts of a file are checked against beside the language itself. */
export interface Scope {
  report: Report;
  /** Names of the blocks that a layer list may use. */
  blocks: readonly string[];
}

export function canonical(tree: Tree, form: Form, path: string, scope: Scope): Tree {
  if (isBroken(tree) || isReference(tree)) return tree;
  switch (form.kind) {
    case 'object': return canonicalObject(tree, form.fields, path, scope);
    case 'map': return canonicalMap(tree, form, path, scope);
    case 'list': return canonicalList(tree, form, path, scope);
    case 'entry': return canonicalEntry(tree, form.catalogue, path, scope);
    case 'either': return tree.kind === 'list' ? canonical(tree, form.list, path, scope) : tree;
    case 'value': return tree;
  }
}

/** A scalar such as `$filters` stands for something that is known after expansion. */
export function isReference(tree: Tree): tree is ScalarTree & { value: string } {
  return tree.kind === 'scalar' && typeof tree.value === 'string' && tree.value.startsWith('$');
}

function canonicalObject(tree: Tree, fields: Readonly<Record<string, Field>>, path: string, scope: Scope): Tree {
  const body = asMap(tree, path, `a map with ${Object.keys(fields).slice(0, 4).join(', ')}${Object.keys(fields).length > 4 ? ', ...' : ''}`, scope);
  if (body.kind !== 'map') return body;
  const kept: [string, Property][] = [];
  for (const [key, property] of body.properties) {
    const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (isBroken(property.value)) kept.push([key, property]);
    else if (field) kept.push([key, { ...property, value: canonical(property.value, field.form, joinPath(path, key), scope) }]);
    else kept.push([key, refuseKey(key, property, fields, path, scope)]);
  }
  return { ...map(body.place, kept), ...(body.origin === undefined ? {} : { origin: body.origin }) };
}

function refuseKey(key: string, property: Property, fields: Readonly<Record<string, Field>>, path: string, scope: Scope): Property {
  scope.report({
    code: 'unknown-key',
    message: path === '' ? `an experiment has no ${key}` : `there is no ${key} here`,
    fix: adviseName(key, Object.keys(fields), () => homeOf(key, fields)),
    where: property.keyPlace,
    path: joinPath(path, key),
  });
  return { ...property, value: broken(property.keyPlace) };
}

/** Where a key belongs that stands one level too high: `lr` in train, `epochs` beside it. */
function homeOf(key: string, fields: Readonly<Record<string, Field>>): string | undefined {
  for (const [name, { form }] of Object.entries(fields)) {
    if (form.kind === 'object' && Object.hasOwn(form.fields, key)) return `it belongs into ${name}: { ${key}: ... }`;
    const type = form.kind === 'entry' ? form.catalogue.types.find((each) => Object.hasOwn(each.options, key)) : undefined;
    if (type) return `it is an option of the ${name}: ${name}: { ${type.name}: { ${key}: ... } }`;
  }
  return undefined;
}

function canonicalMap(tree: Tree, form: FormOf<'map'>, path: string, scope: Scope): Tree {
  const body = asMap(tree, path, 'a map of names', scope);
  if (body.kind !== 'map') return body;
  for (const [name, property] of body.properties) {
    if (form.names.test(name)) continue;
    const fix = form.names === blockPattern && /^[a-z]/.test(name) ? `begin with a capital: ${name[0].toUpperCase()}${name.slice(1)}` : `a name is ${form.namesAre}`;
    scope.report({ code: 'bad-name', message: `${JSON.stringify(name)} cannot be a name here`, fix, where: property.keyPlace, path });
  }
  return mapChildren(body, (child, name) => canonical(child, form.of, joinPath(path, name), scope));
}

function canonicalList(tree: Tree, form: FormOf<'list'>, path: string, scope: Scope): Tree {
  if (isNull(tree)) return list([], tree.place);
  if (tree.kind !== 'list') {
    const what = form.of.kind === 'entry' ? `${form.of.catalogue.what}s` : 'lists';
    return refuse(tree, path, scope, { code: 'wrong-type', message: `expected a list of ${what}, found ${describeTree(tree)}`, fix: 'put a dash before each item' });
  }
  return mapChildren(tree, (item, index) => canonical(item, form.of, joinPath(path, index), scope));
}

/** One type, what belongs beside it, and nothing else. */
function canonicalEntry(tree: Tree, catalogue: Catalogue, path: string, scope: Scope): Tree {
  if (tree.kind === 'scalar' && typeof tree.value === 'string') return bareEntry(tree, tree.value, catalogue, path, scope);
  if (tree.kind !== 'map') {
    return refuse(tree, path, scope, {
      code: 'wrong-type', message: `expected ${article(catalogue.what)}, found ${describeTree(tree)}`, fix: `name one: ${someNames(catalogue)}`,
    });
  }
  const types = [...tree.properties.keys()].filter((key) => !Object.hasOwn(catalogue.beside, key));
  const known = types.filter((key) => isType(key, catalogue, scope));
  if (known.length !== 1 || types.length !== 1) return refuseTypes(tree, types, known, catalogue, path, scope);
  return mapChildren(tree, (child, key) =>
    key === types[0] ? typeOptions(child, types[0], catalogue, joinPath(path, key), scope) : child);
}

function bareEntry(tree: Tree, name: string, catalogue: Catalogue, path: string, scope: Scope): Tree {
  if (isType(name, catalogue, scope)) {
    return map(tree.place, [[name, { keyPlace: tree.place, value: map(tree.place, [], tree.origin) }]], tree.origin);
  }
  return refuse(tree, path, scope, unknownType(name, catalogue, scope));
}

/** The options of a type: a map; a bare value stands for the main option. */
function typeOptions(tree: Tree, name: string, catalogue: Catalogue, path: string, scope: Scope): Tree {
  if (isBroken(tree)) return tree;
  const type = typeNamed(catalogue, name);
  if (isNull(tree)) return map(tree.place);
  // Of a block: its parameters are checked where it is expanded, which also knows its first one.
  if (!type) return tree;
  const fields = fieldsOfType(type);
  if (tree.kind === 'map') return canonicalOptions(tree, name, fields, path, scope);
  if (type.main === undefined) {
    const fix = Object.keys(fields).length ? `write { ${name}: { ${Object.keys(fields)[0]}: ... } }` : `write ${name} alone`;
    return refuse(tree, path, scope, { code: 'wrong-type', message: `${name} has no main option that ${describeTree(tree)} could be`, fix });
  }
  const value = canonical(tree, fields[type.main].form, joinPath(path, type.main), scope);
  return map(tree.place, [[type.main, { keyPlace: tree.place, value }]], tree.origin);
}

function canonicalOptions(tree: MapTree, name: string, fields: Readonly<Record<string, Field>>, path: string, scope: Scope): Tree {
  const kept: [string, Property][] = [];
  for (const [key, property] of tree.properties) {
    if (isBroken(property.value) && !Object.hasOwn(fields, key)) {
      kept.push([key, property]);
      continue;
    }
    if (Object.hasOwn(fields, key)) {
      kept.push([key, { ...property, value: canonical(property.value, fields[key].form, joinPath(path, key), scope) }]);
      continue;
    }
    scope.report({ code: 'unknown-option', message: `${name} has no option ${key}`, fix: adviseName(key, Object.keys(fields)), where: property.keyPlace, path: joinPath(path, key) });
    kept.push([key, { ...property, value: broken(property.keyPlace) }]);
  }
  return { ...tree, properties: new Map(kept) };
}

function refuseTypes(tree: MapTree, types: string[], known: string[], catalogue: Catalogue, path: string, scope: Scope): Tree {
  if (known.length > 1) {
    const second = tree.properties.get(known[1])!;
    return refuse({ ...tree, place: second.keyPlace }, path, scope, {
      code: 'two-types', message: `one entry names one ${catalogue.what}, found ${known.join(' and ')}`, fix: 'give each a dash and a line of its own',
    });
  }
  if (known.length === 1) return refuseStray(tree, known[0], types, catalogue, path, scope);
  if (types.length === 0) {
    return refuse(tree, path, scope, { code: 'no-type', message: `no ${catalogue.what} is named`, fix: `name one: ${someNames(catalogue)}` });
  }
  const first = types[0];
  return refuse({ ...tree, place: tree.properties.get(first)!.keyPlace }, path, scope, unknownType(first, catalogue, scope));
}

/** `{ conv:, filters: 8 }`: options beside their type, mostly an indentation that was lost. */
function refuseStray(tree: MapTree, name: string, types: string[], catalogue: Catalogue, path: string, scope: Scope): Tree {
  const options = Object.keys(typeNamed(catalogue, name)?.options ?? {});
  for (const key of types.filter((each) => each !== name)) {
    const isOption = options.includes(key) || !typeNamed(catalogue, name);
    const fix = isOption ? `it is an option of ${name}: write { ${name}: { ${key}: ... } }, or indent it deeper than ${name}` : adviseName(key, [...Object.keys(catalogue.beside), ...options]);
    scope.report({
      code: 'stray-key', message: `${key} cannot stand beside ${name}`, fix, where: tree.properties.get(key)!.keyPlace, path: joinPath(path, key),
    });
  }
  return broken(tree.place);
}

function unknownType(name: string, catalogue: Catalogue, scope: Scope): Problem {
  if (catalogue.blocks && blockPattern.test(name)) {
    const fix = scope.blocks.length ? adviseName(name, scope.blocks) : `define it: blocks: { ${name}: { layers: [...] } }`;
    return { code: 'unknown-block', message: `there is no block ${name}`, fix };
  }
  const names = catalogue.types.map((type) => type.name);
  return { code: 'unknown-type', message: `there is no ${catalogue.what} ${JSON.stringify(name)}`, fix: adviseName(name, catalogue.blocks ? [...names, ...scope.blocks] : names) };
}

function isType(name: string, catalogue: Catalogue, scope: Scope): boolean {
  return typeNamed(catalogue, name) !== undefined || (catalogue.blocks && scope.blocks.includes(name));
}

function asMap(tree: Tree, path: string, expected: string, scope: Scope): Tree {
  if (tree.kind === 'map') return tree;
  if (isNull(tree)) return map(tree.place);
  return refuse(tree, path, scope, { code: 'wrong-type', message: `expected ${expected}, found ${describeTree(tree)}`, fix: 'write key: value pairs, one a line' });
}

function refuse(tree: Tree, path: string, scope: Scope, problem: Problem): Tree {
  scope.report({ ...problem, where: tree.place, ...(path === '' ? {} : { path }) });
  return broken(tree.place);
}

const someNames = (catalogue: Catalogue): string => `${catalogue.types.slice(0, 8).map((type) => type.name).join(', ')}${catalogue.types.length > 8 ? ', ...' : ''}`;
const article = (what: string): string => (/^[aeiou]/.test(what) ? `an ${what}` : `a ${what}`);
