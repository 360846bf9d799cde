/** The completed experiment with its layers written flat, one entry each: what `exp config --expand` prints. */
import { writtenTree } from './build.ts';
import { typeOf } from './complete.ts';
import type { FlatLayer, FlatModel } from './experiment.ts';
import { layerCatalogue } from './language.ts';
import { fromPlain, list, map, mapChildren, scalar } from './tree.ts';
import type { MapTree, Property, Tree } from './tree.ts';

/** `expanded` is the tree whose entries the model was built from. Variables are gone: nothing reads them any more. */
export function flatTree(expanded: MapTree, flat: FlatModel): MapTree {
  const kept = [...expanded.properties].filter(([key]) => key !== 'variables');
  const flattened = kept.map(([key, property]) => [key, key === 'model' ? { ...property, value: flatModel(property.value, flat) } : property] as const);
  return { ...expanded, properties: new Map(flattened) };
}

function flatModel(model: Tree, flat: FlatModel): Tree {
  return mapChildren(model, (child, key) => {
    if (key === 'layers') return list(flat.layers.map(layerTree), child.place);
    return key === 'heads' ? mapChildren(child, (head, name) => flatHead(head, flat.heads[name])) : child;
  });
}

function flatHead(head: Tree, { from, layers }: FlatModel['heads'][string]): Tree {
  return mapChildren(head, (child, key) => {
    if (key === 'layers') return list(layers.map(layerTree), child.place);
    return key === 'from' ? scalar(from, child.place, child.origin) : child;
  });
}

/** Values that were written keep their places and origins; what a structure made has the structure's. */
function layerTree({ type, options, name, from, entry, made }: FlatLayer): Tree {
  const source = writtenTree(entry);
  const written = source && typeOf(source, layerCatalogue);
  if (!source || !written) throw new Error(`the layer ${name ?? type} is not of this tree`);
  const place = written.keyPlace;
  const at = (value: Tree): Property => ({ keyPlace: place, value });
  return map(source.place, [
    [type, at(made ? fromPlain(options, place) : written.options)],
    ...(name === undefined ? [] : [['name', at(scalar(name, place))] as const]),
    ...(from === undefined ? [] : [['from', at(fromPlain(from.length === 1 ? from[0] : from, place))] as const]),
  ]);
}
