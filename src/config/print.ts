/** A completed tree as YAML that people like to read: one entry a line with its options in braces, or one value a line with its origin. */
import { Document, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import type { Node } from 'yaml';
import { typeOf } from './complete.ts';
import { experimentForm, fieldsOfType, typeNamed } from './language.ts';
import type { Catalogue, Form } from './language.ts';
import { childrenOf, joinPath, originOf, toPlain } from './tree.ts';
import type { MapTree, Tree } from './tree.ts';

/** First line of a printed experiment: right for `runs/NAME/config.yaml`. */
const modeline = '# yaml-language-server: $schema=../../schemas/experiment.schema.json';

/** YAML that reads back to the same tree. With `explain`, every value carries its origin as a comment. */
export function printExperiment(tree: Tree, options: { explain?: boolean } = {}): string {
  const document = new Document();
  document.contents = nodeOf(dropEmptyMaps(tree), experimentForm, options.explain === true) as typeof document.contents;
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

function nodeOf(tree: Tree, form: Form, explain: boolean): Node {
  if (form.kind === 'entry') return entryNode(tree, form.catalogue, explain);
  if (form.kind === 'either' && tree.kind === 'list') return nodeOf(tree, form.list, explain);
  if (tree.kind === 'map') {
    return mapNode(tree, (key) => (form.kind === 'object' ? form.fields[key]?.form : form.kind === 'map' ? form.of : undefined), explain);
  }
  if (tree.kind === 'list') {
    const node = new YAMLSeq();
    node.items = tree.items.map((item) => (form.kind === 'list' ? nodeOf(item, form.of, explain) : plainNode(item, false)));
    node.flow = tree.items.every((item) => item.kind === 'scalar') && form.kind !== 'list' || tree.items.length === 0;
    if (explain && node.flow) node.comment = ` ${originOf(tree)}`;
    return node;
  }
  return plainNode(tree, explain);
}

/** `relu`, `conv: { filters: 16, kernel: 3 }`, or with lists of layers inside, one option a line. */
function entryNode(tree: Tree, catalogue: Catalogue, explain: boolean): Node {
  const written = typeOf(tree, catalogue);
  if (tree.kind !== 'map' || !written) return plainNode(tree, explain);
  const bare = written.options.kind === 'map' && written.options.properties.size === 0;
  if (bare && tree.properties.size === 1) return plainNode({ ...written.options, kind: 'scalar', value: written.name, place: tree.place }, explain);
  const type = typeNamed(catalogue, written.name);
  const fields = type ? fieldsOfType(type) : {};
  const node = new YAMLMap<Node, Node>();
  for (const [key, { value }] of tree.properties) {
    const isOptions = key === written.name && value.kind === 'map';
    const inner = isOptions ? mapNode(value, (name) => fields[name]?.form, explain) : plainNode(value, explain);
    if (inner instanceof YAMLMap) inner.flow = bare || (!explain && Object.values(fields).every((field) => field.form.kind === 'value'));
    node.set(new Scalar(key) as Node, inner);
  }
  return node;
}

function mapNode(tree: MapTree, formOf: (key: string) => Form | undefined, explain: boolean): YAMLMap<Node, Node> {
  const node = new YAMLMap<Node, Node>();
  for (const [key, { value }] of tree.properties) {
    const form = formOf(key);
    node.set(new Scalar(key) as Node, form ? nodeOf(value, form, explain) : plainNode(value, explain));
  }
  if (tree.properties.size === 0) node.flow = true;
  return node;
}

/** Data without entries inside: scalars, pairs. */
function plainNode(tree: Tree, explain: boolean): Node {
  const node = tree.kind === 'scalar' ? new Scalar(tree.value) : tree.kind === 'list' ? new YAMLSeq() : new YAMLMap<Node, Node>();
  if (tree.kind === 'list' && node instanceof YAMLSeq) node.items = tree.items.map((item) => plainNode(item, false));
  if (tree.kind === 'map' && node instanceof YAMLMap) for (const [key, { value }] of tree.properties) node.set(new Scalar(key) as Node, plainNode(value, false));
  if (node instanceof YAMLSeq || node instanceof YAMLMap) node.flow = true;
  if (explain) node.comment = ` ${originOf(tree)}`;
  return node;
}
