/** A completed tree as YAML that people like to read: one entry a line with its options in braces, or one value a line with its origin. */
import { Document, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import type { Node } from 'yaml';
import { typeOf } from './complete.ts';
import { experimentForm, fieldsOfType, layerCatalogue, typeNamed } from './language.ts';
import type { Catalogue, Form } from './language.ts';
import { childrenOf, joinPath, originOf, toPlain } from './tree.ts';
import type { MapTree, Tree } from './tree.ts';

/** First line of a printed experiment: right for `runs/NAME/config.yaml`. */
const modeline = '# yaml-language-server: $schema=../../schemas/experiment.schema.json';

interface Style {
  /** Every value carries its origin as a comment. */
  explain: boolean;
  /** A layer with a name is written on one line as well. */
  oneLine: boolean;
}

/** Inside data that carries one origin. */
const plainStyle: Style = { explain: false, oneLine: false };

/** YAML that reads back to the same tree. */
export function printExperiment(tree: Tree, { explain = false, oneLine = false }: Partial<Style> = {}): string {
  const document = new Document();
  document.contents = nodeOf(dropEmptyMaps(tree), experimentForm, { explain, oneLine: oneLine && !explain }) as typeof document.contents;
  return `${modeline}\n${document.toString({ lineWidth: 0, flowCollectionPadding: true, indentSeq: true })}`;
}

/** Every value with the path to it and its origin. */
export function explainTree(tree: Tree, path = ''): { path: string; value: unknown; from: string }[] {
  if (tree.kind === 'map' && tree.properties.size) {
    return [...tree.properties].flatMap(([key, { value }]) => explainTree(value, joinPath(path, key)));
  }
  if (tree.kind === 'list' && tree.items.some((item) => item.kind !== 'scalar')) {
    return tree.items.flatMap((item, index) => explainTree(item, joinPath(path, index)));
  }
  return [{ path, value: toPlain(tree), from: originOf(tree) }];
}

/** `blocks: {}` and `model.heads: {}` say nothing. */
function dropEmptyMaps(tree: Tree): Tree {
  if (tree.kind !== 'map') return tree;
  const entries = [...tree.properties].map(([key, property]) => [key, { ...property, value: key === 'model' ? dropEmptyMaps(property.value) : property.value }] as const);
  const kept = entries.filter(([key, { value }]) => !((key === 'blocks' || key === 'heads') && childrenOf(value).length === 0));
  return { ...tree, properties: new Map(kept) };
}

function nodeOf(tree: Tree, form: Form, style: Style): Node {
  if (form.kind === 'entry') return entryNode(tree, form.catalogue, style);
  if (form.kind === 'either' && tree.kind === 'list') return nodeOf(tree, form.list, style);
  if (tree.kind === 'map') {
    return mapNode(tree, (key) => (form.kind === 'object' ? form.fields[key]?.form : form.kind === 'map' ? form.of : undefined), style);
  }
  if (tree.kind === 'list') {
    const node = new YAMLSeq();
    node.items = tree.items.map((item) => (form.kind === 'list' ? nodeOf(item, form.of, style) : plainNode(item, plainStyle)));
    node.flow = tree.items.every((item) => item.kind === 'scalar') && form.kind !== 'list' || tree.items.length === 0;
    if (style.explain && node.flow) node.comment = ` ${originOf(tree)}`;
    return node;
  }
  return plainNode(tree, style);
}

/** `relu`, `conv: { filters: 16, kernel: 3 }`, or with lists of layers inside, one option a line. */
function entryNode(tree: Tree, catalogue: Catalogue, style: Style): Node {
  const written = typeOf(tree, catalogue);
  if (tree.kind !== 'map' || !written) return plainNode(tree, style);
  const bare = written.options.kind === 'map' && written.options.properties.size === 0;
  if (bare && tree.properties.size === 1) return plainNode({ ...written.options, kind: 'scalar', value: written.name, place: tree.place }, style);
  const type = typeNamed(catalogue, written.name);
  const fields = type ? fieldsOfType(type) : {};
  const node = new YAMLMap<Node, Node>();
  for (const [key, { value }] of tree.properties) {
    const isOptions = key === written.name && value.kind === 'map';
    const inner = isOptions ? mapNode(value, (name) => fields[name]?.form, style) : plainNode(value, style);
    if (inner instanceof YAMLMap) inner.flow = bare || (!style.explain && Object.values(fields).every((field) => field.form.kind === 'value'));
    if (bare && isOptions && style.explain) inner.comment = ` ${originOf(tree)}`;
    node.set(new Scalar(key) as Node, inner);
    if (style.oneLine && catalogue === layerCatalogue && inner instanceof YAMLMap && tree.properties.size > 1) node.flow = inner.flow === true;
  }
  return node;
}

function mapNode(tree: MapTree, formOf: (key: string) => Form | undefined, style: Style): YAMLMap<Node, Node> {
  const node = new YAMLMap<Node, Node>();
  for (const [key, { value }] of tree.properties) {
    const form = formOf(key);
    node.set(new Scalar(key) as Node, form ? nodeOf(value, form, style) : plainNode(value, style));
  }
  if (tree.properties.size === 0) node.flow = true;
  return node;
}

/** Data without entries inside: scalars, pairs. */
function plainNode(tree: Tree, { explain }: Style): Node {
  const node = tree.kind === 'scalar' ? new Scalar(tree.value) : tree.kind === 'list' ? new YAMLSeq() : new YAMLMap<Node, Node>();
  if (tree.kind === 'list' && node instanceof YAMLSeq) node.items = tree.items.map((item) => plainNode(item, plainStyle));
  if (tree.kind === 'map' && node instanceof YAMLMap) for (const [key, { value }] of tree.properties) node.set(new Scalar(key) as Node, plainNode(value, plainStyle));
  if (node instanceof YAMLSeq || node instanceof YAMLMap) node.flow = true;
  if (explain) node.comment = ` ${originOf(tree)}`;
  return node;
}
