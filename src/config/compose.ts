/**
 * One file and those it extends → one canonical tree. Maps merge, lists replace, an entry of another type replaces; blocks
 * come along. `name` and `description` say which file they stand in and are not taken over.
 */
import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, extname, isAbsolute, join } from 'node:path';
import type { Place, Problem } from '../common/problem.ts';
import { canonical } from './canonical.ts';
import { typeOf } from './complete.ts';
import { experimentForm, fieldsOfType, typeNamed } from './language.ts';
import type { Catalogue, Form } from './language.ts';
import { removeAt } from './locate.ts';
import { emptyTree, limits, readYaml, textSource } from './read.ts';
import type { Source } from './read.ts';
import { isBroken, isNull, map, scalar, valueOf } from './tree.ts';
import type { MapTree, Property, Report, Tree } from './tree.ts';

export interface Composition {
  tree: MapTree;
  /** Of the file itself, as read. */
  sourceText: string;
  start: Place;
  /** False where a part could not be read: what seems to be missing may stand there. */
  whole: boolean;
}

/** Undefined where the file itself cannot be read. */
export function compose(file: string, report: Report): Composition | undefined {
  let whole = true;
  const note: Report = (problem) => {
    if (unreadableCodes.has(problem.code)) whole = false;
    report(problem);
  };
  const source = readSource(file, note, undefined);
  const tree = source && composeSource(source, [], note);
  if (!source || !tree) return undefined;
  return { tree: withName(tree, source), sourceText: source.text, start: source.placeAt(0), whole };
}

/** Problems after which a part of the experiment is not known at all. */
const unreadableCodes = new Set(['not-a-map', 'extends-cycle', 'extends-depth', 'unreadable', 'not-a-file', 'too-large', 'yaml-syntax', 'unknown-key']);

/** Base files nest at most this deep. */
const maximumDepth = 16;

function composeSource(source: Source, open: readonly string[], report: Report): MapTree | undefined {
  const written = readYaml(source, report);
  if (!written) return undefined;
  const root = rootMap(written, source, report);
  const bases = extendedFiles(root, source, report)
    .map((each) => composeBase(each, [...open, source.file], report))
    .filter((tree) => tree !== undefined);
  let base = emptyTree(source);
  for (const each of bases) base = mergeExperiments(base, each);
  for (const path of pathsToRemove(root, report)) base = remove(base, path, report);
  const scope = { report, blocks: [...blockNames(base), ...blockNames(root)] };
  const own = canonical(withoutKeys(root, ['extends', 'without']), experimentForm, '', scope);
  return own.kind === 'map' ? mergeExperiments(base, own) : base;
}

function rootMap(written: Tree, source: Source, report: Report): MapTree {
  if (written.kind === 'map') return written;
  const message = isNull(written) ? 'the file is empty' : 'an experiment is a map with dataset, model and train';
  if (!isBroken(written)) report({ code: 'not-a-map', message, fix: 'see configs/ for examples', where: written.place });
  return emptyTree(source);
}

/** An extended file, named relative to the one that extends it. */
interface Reference {
  file: string;
  place: Place;
}

function extendedFiles(root: MapTree, source: Source, report: Report): Reference[] {
  const references: Reference[] = [];
  for (const { text, place } of textsOf(root, 'extends', 'a file name, or a list of file names', report)) {
    references.push({ file: isAbsolute(text) ? text : join(dirname(source.file), text), place });
  }
  return references;
}

function composeBase({ file, place }: Reference, open: readonly string[], report: Report): MapTree | undefined {
  const refuse = (code: string, message: string, fix: string): undefined => {
    report({ code, message, fix, where: place, path: 'extends' });
    return undefined;
  };
  if (open.includes(file)) return refuse('extends-cycle', [...open.slice(open.indexOf(file)), file].join(' extends '), 'one of them must stand on its own');
  if (open.length >= maximumDepth) return refuse('extends-depth', `more than ${maximumDepth} files extend each other`, 'join some of them');
  const source = readSource(file, report, place);
  const tree = source && composeSource(source, open, report);
  return tree && withoutKeys(tree, ['name', 'description']);
}

function readSource(file: string, report: Report, place: Place | undefined): Source | undefined {
  const refuse = (problem: Problem): undefined => {
    report({ ...problem, ...(place ? { where: place, path: 'extends' } : {}) });
    return undefined;
  };
  try {
    const status = statSync(file);
    if (!status.isFile()) return refuse({ code: 'not-a-file', message: `${file} is not a file`, fix: 'name a YAML file' });
    if (status.size > limits.bytes) {
      return refuse({ code: 'too-large', message: `${file} is larger than ${limits.bytes >> 20} MB`, fix: 'an experiment is a few kilobytes: is this the right file?' });
    }
    return textSource(file, readFileSync(file, 'utf8'));
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
    const reason = missing ? `there is no file ${file}` : `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    return refuse({ code: 'unreadable', message: reason, fix: place ? `the name is relative to ${dirname(place.file)}/` : 'check the path' });
  }
}

/** The texts of a key that holds one or a list of them. */
function textsOf(root: MapTree, key: string, expected: string, report: Report): { text: string; place: Place }[] {
  const value = valueOf(root, key);
  if (!value || isBroken(value) || isNull(value)) return [];
  const items = value.kind === 'list' ? value.items : [value];
  return items.flatMap((item) => {
    if (item.kind === 'scalar' && typeof item.value === 'string' && item.value !== '') return [{ text: item.value, place: item.place }];
    const fix = key === 'extends' ? 'extends: base.yaml' : 'without: [augmentation, train.schedule]';
    if (!isBroken(item)) report({ code: 'wrong-type', message: `expected ${expected}`, fix, where: item.place, path: key });
    return [];
  });
}

function pathsToRemove(root: MapTree, report: Report): { text: string; place: Place }[] {
  return textsOf(root, 'without', 'a list of paths', report);
}

function remove(base: MapTree, { text, place }: { text: string; place: Place }, report: Report): MapTree {
  const result = removeAt(base, text, experimentForm);
  if ('tree' in result) return result.tree.kind === 'map' ? result.tree : base;
  report({ code: 'nothing-to-remove', message: `${text}: ${result.message}`, fix: result.fix, where: place, path: 'without' });
  return base;
}

function blockNames(tree: Tree): string[] {
  const blocks = valueOf(tree, 'blocks');
  return blocks?.kind === 'map' ? [...blocks.properties.keys()] : [];
}

function withoutKeys(tree: MapTree, keys: readonly string[]): MapTree {
  return { ...tree, properties: new Map([...tree.properties].filter(([key]) => !keys.includes(key))) };
}

/** An experiment without a name is named after its file. */
function withName(tree: MapTree, source: Source): MapTree {
  if (tree.properties.has('name')) return tree;
  const stem = basename(source.file, extname(source.file)).replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '').slice(0, 100);
  const place = source.placeAt(0);
  const property = { keyPlace: place, value: scalar(stem || 'experiment', place, 'the file\'s name') };
  return { ...tree, properties: new Map<string, Property>([['name', property], ...tree.properties]) };
}

const mergeExperiments = (base: MapTree, over: MapTree): MapTree => mergeMaps(base, over, (key) => experimentForm.fields[key]?.form);

/** `over` wins. Both are canonical. */
export function merge(base: Tree, over: Tree, form: Form): Tree {
  if (isBroken(over) || base.kind !== 'map' || over.kind !== 'map') return over;
  if (form.kind === 'object') return mergeMaps(base, over, (key) => form.fields[key]?.form);
  if (form.kind === 'map') return mergeMaps(base, over, () => form.of);
  if (form.kind === 'entry') return mergeEntries(base, over, form.catalogue);
  return over;
}

function mergeMaps(base: MapTree, over: MapTree, formOf: (key: string) => Form | undefined): MapTree {
  const properties = new Map(base.properties);
  for (const [key, property] of over.properties) {
    const below = properties.get(key);
    const form = formOf(key);
    properties.set(key, below && form ? { ...property, value: merge(below.value, property.value, form) } : property);
  }
  return map(over.place, properties, over.origin);
}

/** The same type: options merge. Another type: it replaces the entry. */
function mergeEntries(base: MapTree, over: MapTree, catalogue: Catalogue): Tree {
  const name = typeOf(over, catalogue)?.name;
  const type = name === undefined ? undefined : typeNamed(catalogue, name);
  if (!type || typeOf(base, catalogue)?.name !== name) return over;
  return mergeMaps(base, over, (key) => (key === name ? { kind: 'object', fields: fieldsOfType(type), about: '' } : undefined));
}
