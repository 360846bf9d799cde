/** Fills in the defaults of a canonical tree, each marked with its origin, and puts keys into the language's order. */
import type { Options } from '../common/options.ts';
import { fieldsOfType, typeNamed } from './language.ts';
import type { Catalogue, Field, Form } from './language.ts';
import { isReference } from './canonical.ts';
import { fromPlain, isBroken, mapChildren } from './tree.ts';
import type { MapTree, Property, Tree } from './tree.ts';

export const defaultOrigin = 'default';

export function complete(tree: Tree, form: Form): Tree {
  if (tree.kind === 'scalar') return tree;
  switch (form.kind) {
    case 'object': return tree.kind === 'map' ? completeFields(tree, form.fields) : tree;
    case 'map': return tree.kind === 'map' ? mapChildren(tree, (child) => complete(child, form.of)) : tree;
    case 'list': return tree.kind === 'list' ? mapChildren(tree, (child) => complete(child, form.of)) : tree;
    case 'entry': return tree.kind === 'map' ? completeEntry(tree, form.catalogue) : tree;
    case 'either': return tree.kind === 'list' ? complete(tree, form.list) : tree;
    case 'value': return tree;
  }
}

function completeFields(tree: MapTree, fields: Readonly<Record<string, Field>>): MapTree {
  const properties = new Map<string, Property>();
  for (const [key, field] of Object.entries(fields)) {
    const written = tree.properties.get(key);
    if (written) properties.set(key, { ...written, value: complete(written.value, field.form) });
    else if (field.default !== undefined) {
      const value = fromPlain(field.default, tree.place, defaultOrigin);
      properties.set(key, { keyPlace: tree.place, value: complete(value, field.form) });
    }
  }
  // What was refused stays, so that later steps know that something was written.
  for (const [key, property] of tree.properties) if (!properties.has(key) && isBroken(property.value)) properties.set(key, property);
  return { ...tree, properties };
}

/** The type with its options first, then what stands beside it. */
function completeEntry(tree: MapTree, catalogue: Catalogue): MapTree {
  const properties = new Map<string, Property>();
  for (const [key, property] of tree.properties) {
    if (Object.hasOwn(catalogue.beside, key)) continue;
    const type = typeNamed(catalogue, key);
    const { value } = property;
    properties.set(key, type && value.kind === 'map' ? { ...property, value: completeFields(value, fieldsOfType(type)) } : property);
  }
  for (const [key, property] of completeFields(tree, fieldsOfType({ options: besideOf(catalogue, typeOf(tree, catalogue)?.name) })).properties) properties.set(key, property);
  return { ...tree, properties };
}

/** What stands beside a type: some augmentations have a default probability of their own. */
function besideOf({ beside, types }: Catalogue, name: string | undefined): Options {
  const probability = types.find((type) => type.name === name)?.probability;
  return probability === undefined ? beside : { ...beside, probability: { ...beside['probability'], default: probability } };
}

/** The key that names an entry's type, with its options. */
export function typeOf(entry: Tree, catalogue: Catalogue): { name: string; keyPlace: Property['keyPlace']; options: Tree } | undefined {
  if (entry.kind !== 'map' || isReference(entry)) return undefined;
  for (const [key, { keyPlace, value }] of entry.properties) {
    if (!Object.hasOwn(catalogue.beside, key)) return { name: key, keyPlace, options: value };
  }
  return undefined;
}
