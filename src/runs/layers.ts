/**
 * Layer lists side by side: flattened to named layers (`residual1.body.conv1`) and aligned by the longest common
 * subsequence, so that a layer put in or taken out leaves all others matched.
 */
import { namesOfEntries } from '../common/entry.ts';
import { canonicalJson, isRecord } from '../common/json.ts';
import type { LayerEntry } from '../config/experiment.ts';

export interface FlatEntry {
  /** As the network names it: given, else type and ordinal, behind the names of what it lies in. */
  name: string;
  type: string;
  /** Lists of layers left out, `from` put in. */
  options: Readonly<Record<string, unknown>>;
}

export interface Pairing {
  /** Absent: put in. */
  before?: FlatEntry;
  /** Absent: taken out. */
  after?: FlatEntry;
}

export function flattenEntries(entries: readonly LayerEntry[], scope = ''): FlatEntry[] {
  const names = namesOfEntries(entries);
  return entries.flatMap((entry, index) => {
    const name = `${scope}${names[index]}`;
    const plain: [string, unknown][] = Object.entries(entry.options).filter(([, value]) => !holdsLayers(value));
    const options = Object.fromEntries(entry.from ? [...plain, ['from', entry.from]] : plain);
    return [{ name, type: entry.type, options }, ...nestedLists(entry).flatMap(({ part, layers }) => flattenEntries(layers, `${name}.${part}`))];
  });
}

/** `body.`, `branch1.`, `branch2.`; a group's layers stand directly in its scope. */
function nestedLists(entry: LayerEntry): { part: string; layers: readonly LayerEntry[] }[] {
  return Object.entries(entry.options).flatMap(([option, value]) => {
    if (isLayerList(value)) return [{ part: entry.type === 'group' ? '' : `${option}.`, layers: value }];
    if (Array.isArray(value) && value.length > 0 && value.every(isLayerList)) return value.map((layers, index) => ({ part: `branch${index + 1}.`, layers }));
    return [];
  });
}

function holdsLayers(value: unknown): boolean {
  return isLayerList(value) || (Array.isArray(value) && value.length > 0 && value.every(isLayerList));
}

function isLayerList(value: unknown): value is LayerEntry[] {
  return Array.isArray(value) && value.every((each) => isRecord(each) && typeof each['type'] === 'string' && isRecord(each['options']));
}

/** In the order of both. Layers of one type are matched; of several ways, the one with the most equal options. */
export function alignEntries(before: readonly FlatEntry[], after: readonly FlatEntry[]): Pairing[] {
  const [a, b] = [before.map(describeEntry), after.map(describeEntry)];
  if (a.length === b.length && a.every((each, index) => each.type === b[index].type)) return before.map((entry, index) => ({ before: entry, after: after[index] }));
  const score = alignmentScores(a, b);
  const pairs: Pairing[] = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    const here = score[i][j];
    if (similarity(a[i], b[j]) > 0 && here === similarity(a[i], b[j]) + score[i + 1][j + 1]) pairs.push({ before: before[i++], after: after[j++] });
    else if (here === score[i + 1][j]) pairs.push({ before: before[i++] });
    else pairs.push({ after: after[j++] });
  }
  return [...pairs, ...before.slice(i).map((entry) => ({ before: entry })), ...after.slice(j).map((entry) => ({ after: entry }))];
}

interface Described {
  type: string;
  text: string;
}

function describeEntry({ type, options }: FlatEntry): Described {
  return { type, text: canonicalJson(options) };
}

/** Best total similarity of a[i..] and b[j..]: Needleman and Wunsch (1970) without a penalty for gaps. Whole numbers, so that sums compare exactly. */
function alignmentScores(a: readonly Described[], b: readonly Described[]): Int32Array[] {
  const score = Array.from({ length: a.length + 1 }, () => new Int32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const matched = similarity(a[i], b[j]);
      score[i][j] = Math.max(score[i + 1][j], score[i][j + 1], matched > 0 ? matched + score[i + 1][j + 1] : 0);
    }
  }
  return score;
}

/** The type decides; equal options only choose among ways that match as many. */
function similarity(a: Described, b: Described): number {
  return a.type !== b.type ? 0 : a.text === b.text ? 10_001 : 10_000;
}
