/**
 * The tree of a configuration: maps, lists and scalars that know where they were written. Everything between the text
 * and the completed experiment (merging, overriding, completing, expanding) works on this one type.
 */
import type { Place, Problem } from '../common/problem.ts';

export type Scalar = string | number | boolean | null;
export type Tree = MapTree | ListTree | ScalarTree;

interface Located {
  place: Place;
  /** Where the value came from when not from the file at `place`: `default`, `command line`, `$env.NAME`. */
  origin?: string;
  /** Of what a block's expansion left: where the block was used (the outermost use). */
  usedAt?: Place;
  /** Of an expanded entry: the path at which it was written. */
  path?: string;
}

export interface MapTree extends Located {
  kind: 'map';
  properties: Map<string, Property>;
}

export interface Property {
  keyPlace: Place;
  value: Tree;
}

export interface ListTree extends Located {
  kind: 'list';
  items: Tree[];
}

export interface ScalarTree extends Located {
  kind: 'scalar';
  value: Scalar;
  /** Stands for something that was refused and reported: later steps pass over it. */
  broken?: boolean;
}

/** Collects problems, so that one pass reports them all. */
export type Report = (problem: Problem) => void;

export function scalar(value: Scalar, place: Place, origin?: string): ScalarTree {
  return { kind: 'scalar', value, place, ...(origin === undefined ? {} : { origin }) };
}

export function map(place: Place, entries: Iterable<readonly [string, Property]> = [], origin?: string): MapTree {
  return { kind: 'map', properties: new Map(entries), place, ...(origin === undefined ? {} : { origin }) };
}

export function list(items: Tree[], place: Place, origin?: string): ListTree {
  return { kind: 'list', items, place, ...(origin === undefined ? {} : { origin }) };
}

/** What is left of a part that was refused. */
export function broken(place: Place): ScalarTree {
  return { kind: 'scalar', value: null, place, broken: true };
}

export function isBroken(tree: Tree): boolean {
  return tree.kind === 'scalar' && tree.broken === true;
}

/** True when the tree or any part of it was refused. */
export function hasBroken(tree: Tree): boolean {
  return childrenOf(tree).some(hasBroken) || isBroken(tree);
}

export function isNull(tree: Tree): boolean {
  return tree.kind === 'scalar' && tree.value === null && tree.broken !== true;
}

export function childrenOf(tree: Tree): Tree[] {
  if (tree.kind === 'map') return [...tree.properties.values()].map((property) => property.value);
  return tree.kind === 'list' ? tree.items : [];
}

/** The value of a key, or undefined. */
export function valueOf(tree: Tree | undefined, key: string): Tree | undefined {
  return tree?.kind === 'map' ? tree.properties.get(key)?.value : undefined;
}

/** A copy in which every child is replaced. */
export function mapChildren(tree: Tree, change: (child: Tree, key: string | number) => Tree): Tree {
  if (tree.kind === 'list') return { ...tree, items: tree.items.map((item, index) => change(item, index)) };
  if (tree.kind === 'scalar') return tree;
  const properties = new Map<string, Property>();
  for (const [key, property] of tree.properties) properties.set(key, { ...property, value: change(property.value, key) });
  return { ...tree, properties };
}

/** A tree from plain data, all of it at one place. */
export function fromPlain(value: unknown, place: Place, origin?: string): Tree {
  if (Array.isArray(value)) return list(value.map((item) => fromPlain(item, place, origin)), place, origin);
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, each]) => [key, { keyPlace: place, value: fromPlain(each, place, origin) }] as const);
    return map(place, entries, origin);
  }
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || value === null) return scalar(value, place, origin);
  throw new TypeError(`a configuration cannot hold a ${typeof value}`);
}

/** Plain JSON data. */
export function toPlain(tree: Tree): unknown {
  if (tree.kind === 'scalar') return tree.value;
  if (tree.kind === 'list') return tree.items.map(toPlain);
  return Object.fromEntries([...tree.properties].map(([key, property]) => [key, toPlain(property.value)]));
}

/** `configs/a.yaml:12`, `command line`, `default`, ... */
export function originOf(tree: Tree): string {
  return tree.origin ?? `${tree.place.file}:${tree.place.line}`;
}

/** Kind and value in a few words: `the text "abc"`, `a list of 3`. */
export function describeTree(tree: Tree): string {
  if (tree.kind === 'map') return tree.properties.size ? `a map with ${[...tree.properties.keys()].slice(0, 3).join(', ')}` : 'an empty map';
  if (tree.kind === 'list') return tree.items.length && tree.items.every((item) => item.kind === 'scalar') && tree.items.length <= 4
    ? JSON.stringify(toPlain(tree)).replaceAll(',', ', ') : `a list of ${tree.items.length}`;
  if (tree.value === null) return 'nothing';
  return typeof tree.value === 'string' ? `the text "${shorten(tree.value)}"` : `${tree.value}`;
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}

/** A key and its value: from the start of one to the end of the other on the same line; the value alone where it came from another text. */
export function spanning(start: Place, end: Place): Place {
  if (start.file !== end.file) return end;
  return start.line === end.line && end.endColumn !== undefined ? { ...start, endColumn: end.endColumn } : start;
}

/** `model.layers` + 3 + `kernel` → `model.layers[3].kernel`. */
export function joinPath(path: string, key: string | number): string {
  if (typeof key === 'number') return `${path}[${key}]`;
  return path === '' ? key : `${path}.${key}`;
}
