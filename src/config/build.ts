/** The checked tree → the experiment that networks are built from. */
import type { Entry } from '../common/entry.ts';
import type { Place } from '../common/problem.ts';
import { typeOf } from './complete.ts';
import type { AugmentationEntry, Experiment, Head, LayerEntry, Model } from './experiment.ts';
import { catalogues, fieldsOfType, layerCatalogue, typeNamed } from './language.ts';
import type { Catalogue, Form } from './language.ts';
import { spanning, toPlain, valueOf } from './tree.ts';
import type { MapTree, Tree } from './tree.ts';

/** The tree must have passed `check`. */
export function buildExperiment(tree: MapTree): Experiment {
  const train = valueOf(tree, 'train')!;
  const plain = toPlain({ ...tree, properties: new Map([...tree.properties].filter(([key]) => key !== 'model')) }) as Omit<Experiment, 'model'>;
  return {
    version: 1,
    name: plain.name,
    ...(plain.description === undefined ? {} : { description: plain.description }),
    seed: plain.seed,
    dataset: buildEntry(valueOf(tree, 'dataset')!, catalogues.dataset),
    model: buildModel(valueOf(tree, 'model')!),
    augmentation: buildAugmentation(valueOf(tree, 'augmentation')!),
    train: {
      epochs: plain.train.epochs,
      batch_size: plain.train.batch_size,
      loss: buildEntry(valueOf(train, 'loss')!, catalogues.loss),
      optimizer: buildEntry(valueOf(train, 'optimizer')!, catalogues.optimizer),
      schedule: buildEntry(valueOf(train, 'schedule')!, catalogues.schedule),
      ...(plain.train.clip_norm === undefined ? {} : { clip_norm: plain.train.clip_norm }),
      ...(plain.train.penalty === undefined ? {} : { penalty: plain.train.penalty }),
    },
    ...(plain.lint === undefined ? {} : { lint: plain.lint }),
  };
}

export function buildModel(tree: Tree): Model {
  const input = valueOf(tree, 'input');
  const classes = valueOf(tree, 'classes');
  return {
    ...(input === undefined ? {} : { input: toPlain(input) as [number, number, number] }),
    ...(classes === undefined ? {} : { classes: Number(toPlain(classes)) }),
    initializer: buildEntry(valueOf(tree, 'initializer')!, catalogues.initializer),
    layers: buildLayers(valueOf(tree, 'layers')!),
    heads: heads(valueOf(tree, 'heads')!),
  };
}

function buildLayers(tree: Tree): LayerEntry[] {
  return itemsOf(tree).map(layer);
}

const treesOfEntries = new WeakMap<LayerEntry, Tree>();

/** The tree that an entry was built from. */
export function writtenTree(entry: LayerEntry): Tree | undefined {
  return treesOfEntries.get(entry);
}

function layer(tree: Tree): LayerEntry {
  const { name: type, keyPlace, options } = typeOf(tree, layerCatalogue)!;
  const fields = fieldsOfType(typeNamed(layerCatalogue, type)!);
  const values = propertiesOf(options).map(([key, property]) => [key, optionValue(property.value, fields[key].form)] as const);
  const name = valueOf(tree, 'name');
  const from = valueOf(tree, 'from');
  const entry: LayerEntry = {
    type,
    options: Object.fromEntries(values),
    ...(name === undefined ? {} : { name: String(toPlain(name)) }),
    ...(from === undefined ? {} : { from: [toPlain(from)].flat().map(String) }),
    place: keyPlace,
    ...(tree.usedAt === undefined ? {} : { usedAt: tree.usedAt }),
    places: { ...placesOf(options), ...placesOf(tree, ['name', 'from']) },
  };
  treesOfEntries.set(entry, tree);
  return entry;
}

/** Lists of layers inside structures become layer entries, everything else plain data. */
function optionValue(tree: Tree, form: Form): unknown {
  if (form.kind === 'either' && tree.kind === 'list') return optionValue(tree, form.list);
  if (form.kind === 'list' && form.of.kind === 'entry') return buildLayers(tree);
  if (form.kind === 'list') return itemsOf(tree).map((item) => optionValue(item, form.of));
  return toPlain(tree);
}

/** Where the written options stand: `kernel: 3`, key and value; defaults have no place of their own. */
function placesOf(tree: Tree, keys?: readonly string[]): Record<string, Place> {
  const written = propertiesOf(tree).filter(([key, { value }]) => value.origin !== 'default' && (keys === undefined || keys.includes(key)));
  return Object.fromEntries(written.map(([key, { keyPlace, value }]) => [key, value.kind === 'scalar' ? spanning(keyPlace, value.place) : keyPlace]));
}

export function buildEntry(tree: Tree, catalogue: Catalogue): Entry {
  const { name, options } = typeOf(tree, catalogue)!;
  return { type: name, options: toPlain(options) as Record<string, unknown> };
}

export function buildAugmentation(tree: Tree): AugmentationEntry[] {
  return itemsOf(tree).map((each) => ({ ...buildEntry(each, catalogues.augmentation), probability: Number(toPlain(valueOf(each, 'probability')!)) }));
}

function heads(tree: Tree): Record<string, Head> {
  return Object.fromEntries(propertiesOf(tree).map(([name, { value }]) => {
    const plain = toPlain(value) as { from: string; weight: number };
    return [name, { from: plain.from, weight: plain.weight, layers: buildLayers(valueOf(value, 'layers')!) }];
  }));
}

const itemsOf = (tree: Tree): readonly Tree[] => (tree.kind === 'list' ? tree.items : []);
const propertiesOf = (tree: Tree): [string, { keyPlace: Place; value: Tree }][] => (tree.kind === 'map' ? [...(tree).properties] : []);
