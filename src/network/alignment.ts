/**
 * Two networks side by side, layer by layer: the longest common subsequence by name and type, so that what was put in or taken
 * out leaves the rest matched. Needleman and Wunsch, "A general method applicable to the search for similarities in the amino
 * acid sequence of two proteins", Journal of Molecular Biology 1970, without a penalty for gaps.
 */
import { canonicalJson } from '../common/json.ts';
import type { LayerSummary, NetworkSummary } from './summary.ts';

export type Change = 'same' | 'changed' | 'inserted' | 'removed';

export interface Aligned {
  change: Change;
  /** Absent where the layer was inserted. */
  before?: LayerSummary;
  /** Absent where it was removed. */
  after?: LayerSummary;
  /** Options and shapes that differ: `filters: 16 → 32`. */
  differences: readonly string[];
}

/** In the order of both. Layers of one type are matched; of several ways, the one with the most equal names and options. */
export function alignNetworks(before: NetworkSummary, after: NetworkSummary): Aligned[] {
  const [a, b] = [before.layers, after.layers];
  const [left, right] = [a.map(describeLayer), b.map(describeLayer)];
  const score = alignmentScores(left, right);
  const aligned: Aligned[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const matched = i < a.length && j < b.length ? similarity(left[i], right[j]) : 0;
    if (matched > 0 && score[i][j] === matched + score[i + 1][j + 1]) aligned.push(compareLayers(a[i++], b[j++]));
    else if (j === b.length || (i < a.length && score[i][j] === score[i + 1][j])) aligned.push({ change: 'removed', before: a[i++], differences: [] });
    else aligned.push({ change: 'inserted', after: b[j++], differences: [] });
  }
  return aligned;
}

interface Described {
  type: string;
  name: string;
  options: string;
}

function describeLayer({ type, name, layer }: LayerSummary): Described {
  return { type, name, options: canonicalJson(layer.options) };
}

/** score[i][j]: the best total similarity of a[i..] and b[j..]. Whole numbers, so that sums compare exactly. */
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

/**
 * As many matches of type as there can be come first, then equal options; names, which shift when a layer is put in, choose among
 * the rest. The sum over 20,000 layers, the most that a network has, is below 2³¹.
 */
function similarity(a: Described, b: Described): number {
  if (a.type !== b.type) return 0;
  return 100_000 + (a.options === b.options ? 300 : 0) + (a.name === b.name ? 1 : 0);
}

function compareLayers(before: LayerSummary, after: LayerSummary): Aligned {
  const differences = differingOptions(before.layer.options, after.layer.options);
  const costs = before.parameters !== after.parameters || before.multiplyAdds !== after.multiplyAdds;
  return { change: differences.length > 0 || costs ? 'changed' : 'same', before, after, differences };
}

function differingOptions(before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const text = (value: unknown): string => (value === undefined ? '-' : typeof value === 'string' ? value : canonicalJson(value));
  return names.filter((name) => text(before[name]) !== text(after[name])).map((name) => `${name} ${text(before[name])} → ${text(after[name])}`);
}
