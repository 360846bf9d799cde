/** Models for tests, written as the configuration writes them: `['relu', { maxpool: 2 }, { conv: { filters: 8 }, name: 'stem' }]`. */
import type { Entry } from '../../src/common/entry.ts';
import type { Shape } from '../../src/common/shape.ts';
import type { Head, LayerEntry, Model } from '../../src/config/experiment.ts';
import type { Options } from '../../src/common/options.ts';
import { layerNamed, structureNamed } from '../../src/layers/index.ts';
import { buildNetwork } from '../../src/network/index.ts';
import type { Network } from '../../src/network/network.ts';

export type Written = string | Record<string, unknown>;

export const crossEntropy: Entry = { type: 'cross_entropy', options: { label_smoothing: 0 } };

/** Line n of the imagined file is entry n of the list, counted from 1; entries inside others stand on their line. */
export function model(layers: readonly Written[], heads: Record<string, Omit<Head, 'layers'> & { layers: readonly Written[] }> = {}): Model {
  return {
    initializer: { type: 'he', options: { distribution: 'normal' } },
    layers: layers.map((written, index) => layerEntry(written, index + 1)),
    heads: Object.fromEntries(Object.entries(heads).map(([name, head]) => [name, { ...head, layers: head.layers.map((each) => layerEntry(each, 100)) }])),
  };
}

export function network(layers: readonly Written[], shape: Shape, classes: number, loss: Entry = crossEntropy): Network {
  return buildNetwork(model(layers), loss, { shape, classes });
}

/** The entry as the configuration completes it. */
export function layerEntry(written: Written, line: number): LayerEntry {
  const { name, from, ...rest } = typeof written === 'string' ? { [written]: null } : written;
  const [[type, given]] = Object.entries(rest) as [[string, unknown]];
  const place = (column: number): LayerEntry['place'] => ({ file: 'model.yaml', line, column });
  const options = type === 'group' ? { layers: inner(given, line) } : optionsOf(type, given, line);
  return {
    type,
    options,
    ...(typeof name === 'string' ? { name } : {}),
    ...(from === undefined ? {} : { from: [from].flat() as string[] }),
    place: place(3),
    places: Object.fromEntries(['from', 'name', ...Object.keys(options)].map((option, index) => [option, place(10 + index)!])),
  };
}

function optionsOf(type: string, given: unknown, line: number): Record<string, unknown> {
  const catalogued = structureNamed(type) ?? layerNamed(type);
  if (catalogued === undefined) throw new Error(`there is no layer ${type}`);
  const bare = given === null || typeof given !== 'object' || Array.isArray(given);
  const named: Record<string, unknown> = given === null ? {} : bare ? { [catalogued.main ?? '']: given } : { ...given };
  for (const [name, value] of Object.entries(named)) if (holdsLayers(catalogued.options, name, value)) named[name] = inner(value, line);
  return named;
}

const holdsLayers = (options: Options, name: string, value: unknown): boolean =>
  Array.isArray(value) && JSON.stringify(options[name]?.schema ?? {}).includes('#/definitions/layers');

function inner(list: unknown, line: number): unknown[] {
  return (list as unknown[]).map((each) => (Array.isArray(each) ? inner(each, line) : layerEntry(each as Written, line)));
}
