/**
 * The settings in which experiments differ, and only those. Layers are aligned first, so that a layer that was put in is
 * one setting and not a shift of all that follow.
 */
import type { PlainExperiment } from './record.ts';
import { canonicalJson, isRecord } from '../common/json.ts';
import { alignEntries, flattenEntries } from './layers.ts';
import type { FlatEntry, Pairing } from './layers.ts';

/** `values[i]` is that of experiment i; undefined where it has no such setting. */
export interface Difference {
  /** `train.optimizer.adam.lr`, `model.layers.conv4.padding`, or `model.layers` for layers put in and taken out. */
  path: string;
  values: readonly (string | undefined)[];
}

/** The settings of one experiment, and the layers and augmentations that only others have. */
interface Settings {
  values: Map<string, string>;
  absent: Set<string>;
}

export function differences(experiments: readonly PlainExperiment[]): Difference[] {
  const [reference] = experiments;
  if (!reference) return [];
  const settings = experiments.map((experiment) => settingsOf(experiment, reference, experiments));
  for (const path of entryPaths) mergeTypes(settings, path);
  const paths = new Set(settings.flatMap(({ values }) => [...values.keys()]));
  const found = [...paths].map((path) => ({ path, values: settings.map(({ values }) => values.get(path)) }));
  return groupLayers(found.filter(({ path, values }) => differ(path, values, settings))).sort((a, b) => compareKeys(sortKey(a.path), sortKey(b.path)));
}

const sections = ['dataset', 'model', 'augmentation', 'train', 'seed'];

/** Sections as in a file, what belongs together side by side. Layers keep their order: sorting is stable. */
function sortKey(path: string): string {
  const section = sections.indexOf(path.split('.')[0]);
  return `${section} ${path.startsWith('model.layers') ? 'model.layers' : path}`;
}

function compareKeys(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A layer that is not there has no options that could differ. */
function differ(path: string, values: readonly (string | undefined)[], settings: readonly Settings[]): boolean {
  const owner = path.slice(0, path.lastIndexOf('.'));
  const isAdded = owner.startsWith('model.layers.+');
  const relevant = values.filter((value, index) => (isAdded ? value !== undefined : !settings[index].absent.has(owner)));
  return relevant.some((value) => value !== relevant[0]);
}

const entryPaths = ['dataset', 'model.initializer', 'train.optimizer', 'train.schedule', 'train.loss'] as const;

/** Where types differ (`adam`, `sgd`), only the options that all have are compared, as `train.optimizer.lr`. */
function mergeTypes(settings: readonly Settings[], path: string): void {
  const types = settings.map(({ values }) => values.get(path));
  if (types.every((type) => type === types[0])) return;
  const options = settings.map(({ values }, index) => {
    const prefix = `${path}.${types[index]}.`;
    return [...values.keys()].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
  });
  const shared = options.reduce((a, b) => a.filter((option) => b.includes(option)));
  settings.forEach(({ values }, index) => {
    const prefix = `${path}.${types[index]}.`;
    // A copy: the map changes under way.
    for (const [key, value] of Array.from(values).filter(([each]) => each.startsWith(prefix))) {
      values.delete(key);
      const option = key.slice(prefix.length);
      if (shared.includes(option)) values.set(`${path}.${option}`, value);
    }
  });
}

/** One option that differs in many layers is one setting: `model.layers.*.filters` → `16/16/32/32`. */
const groupedFrom = 3;

function groupLayers(found: readonly Difference[]): Difference[] {
  const optionOf = (path: string): string | undefined => /^model\.layers\.[^+].*\.([^.]+)$/.exec(path)?.[1];
  const members = (option: string): Difference[] => found.filter(({ path }) => optionOf(path) === option);
  const grouped = [...new Set(found.map(({ path }) => optionOf(path)))].filter((option) => option !== undefined && members(option).length >= groupedFrom);
  const rest = found.filter(({ path }) => !grouped.includes(optionOf(path)));
  return [...rest, ...grouped.map((option) => joinMembers(option!, members(option!)))];
}

function joinMembers(option: string, members: readonly Difference[]): Difference {
  const values = members[0].values.map((_, index) => describeValues(members.map(({ values: each }) => each[index] ?? '-')));
  return { path: `model.layers.*.${option}`, values };
}

/** More values than this are written with equal neighbours counted. */
const mostValues = 6;

/** `16/16/32/32`; of many, `1/3/1×7`. */
function describeValues(values: readonly string[]): string {
  if (values.length <= mostValues) return values.join('/');
  const runs: { value: string; count: number }[] = [];
  for (const value of values) {
    const last = runs.at(-1);
    if (last?.value === value) last.count++;
    else runs.push({ value, count: 1 });
  }
  return runs.map(({ value, count }) => (count > 1 ? `${value}×${count}` : value)).join('/');
}

function settingsOf(experiment: PlainExperiment, reference: PlainExperiment, all: readonly PlainExperiment[]): Settings {
  const settings: Settings = { values: new Map(), absent: new Set() };
  addPlain(settings.values, experiment);
  addAugmentation(settings, experiment, all);
  addLayers(settings, reference, experiment);
  return settings;
}

/** All but lists; entries as `train.optimizer` → `adam` and `train.optimizer.adam.lr` → `0.001`. */
function addPlain(values: Map<string, string>, { seed, dataset, model, train }: PlainExperiment): void {
  const { layers: _, heads, ...modelRest } = model;
  addValue(values, 'seed', seed);
  addValue(values, 'dataset', dataset);
  addValue(values, 'model', modelRest);
  if (Object.keys(heads).length > 0) values.set('model.heads', canonicalJson(heads));
  addValue(values, 'train', train);
}

function addValue(values: Map<string, string>, path: string, value: unknown): void {
  if (value === undefined) return;
  if (isRecord(value) && typeof value['type'] === 'string' && isRecord(value['options'])) {
    values.set(path, value['type']);
    addValue(values, `${path}.${value['type']}`, value['options']);
  } else if (isRecord(value)) {
    for (const [key, inner] of Object.entries(value)) addValue(values, `${path}.${key}`, inner);
  } else values.set(path, describeValue(value));
}

function describeValue(value: unknown): string {
  return typeof value === 'string' ? value : canonicalJson(value);
}

function addAugmentation({ values, absent }: Settings, { augmentation }: PlainExperiment, all: readonly PlainExperiment[]): void {
  if (augmentation.length > 0) values.set('augmentation', augmentation.map((entry) => entry.type).join(', '));
  for (const { type, probability, options } of augmentation) {
    for (const [option, value] of Object.entries({ ...options, probability })) if (value !== undefined) values.set(`augmentation.${type}.${option}`, describeValue(value));
  }
  const types = new Set(all.flatMap((each) => each.augmentation.map((entry) => entry.type)));
  for (const type of types) if (!augmentation.some((entry) => entry.type === type)) absent.add(`augmentation.${type}`);
}

/** Options under the reference's names for layers, and one summary of what was put in (+) and taken out (-). */
function addLayers({ values, absent }: Settings, reference: PlainExperiment, experiment: PlainExperiment): void {
  const entries = flattenEntries(experiment.model.layers);
  const pairs = alignEntries(flattenEntries(reference.model.layers), entries);
  values.set('model.layers', describeChanges(pairs) || `${entries.length} layers`);
  for (const { before, after } of pairs) {
    if (!after) absent.add(`model.layers.${before!.name}`);
    else for (const [option, value] of Object.entries(after.options)) if (value !== undefined) values.set(`model.layers.${before?.name ?? `+${after.name}`}.${option}`, describeValue(value));
  }
}

/** `+6 batchnorm -dropout2`; where one is put in, behind which. Empty where nothing is. */
function describeChanges(pairs: readonly Pairing[]): string {
  const added = pairs.flatMap(({ before, after }, index) => (after && !before ? [{ ...after, behind: behind(pairs, index) }] : []));
  const removed = pairs.flatMap(({ before, after }) => (before && !after ? [before] : []));
  const single = (entry: { name: string; behind: string }): string => `+${entry.name}${entry.behind}`;
  return [...describeByType(added, '+', single), ...describeByType(removed, '-', (entry) => `-${entry.name}`)].join(' ');
}

function behind(pairs: readonly Pairing[], index: number): string {
  const previous = pairs.slice(0, index).findLast(({ before }) => before);
  return previous ? ` behind ${previous.before!.name}` : ' in front';
}

function describeByType<T extends FlatEntry>(entries: readonly T[], sign: string, single: (entry: T) => string): string[] {
  const types = [...new Set(entries.map((entry) => entry.type))];
  return types.map((type) => {
    const members = entries.filter((entry) => entry.type === type);
    return members.length === 1 ? single(members[0]) : `${sign}${members.length} ${type}`;
  });
}
