/** What the samples say: best, median, worst, and ratios between samples of the same round. Numbers in, numbers out. */

export interface Spread {
  best: number;
  median: number;
  worst: number;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Of speeds: the best is the highest. */
export function spread(speeds: readonly number[]): Spread {
  return { best: Math.max(...speeds), median: median(speeds), worst: Math.min(...speeds) };
}

/**
 * Speed divided by the fastest of `rivals` in the same round, over the rounds that all of them have. Undefined without
 * rivals or such rounds. `speeds`, and each of `rivals`: by round.
 */
export function ratioByRound(speeds: readonly number[], rivals: readonly (readonly number[])[]): Spread | undefined {
  const rounds = Math.min(speeds.length, ...rivals.map((each) => each.length));
  if (rivals.length === 0 || rounds === 0) return undefined;
  return spread(speeds.slice(0, rounds).map((speed, round) => speed / Math.max(...rivals.map((each) => each[round]))));
}
