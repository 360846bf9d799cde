/**
 * Grouped convolutions as products of blocks. A block of 16 outputs reads the inputs of the groups it belongs to: a window of
 * channels, cut at multiples of 16. Where a block spans several groups, the weights between unlike groups are stored as
 * zeros and stay zero (their gradients are cleared). With one group the window is the whole map.
 *
 * The gradient to the data reads the output's channels in the same way: `windowsOf` serves both directions.
 */

export interface Windows {
  /** Channels that every block reads. */
  reach: number;
  /** By block of 16: the first channel that it reads. */
  starts: readonly number[];
}

/** Consecutive blocks that read the same window. */
export interface Span {
  block: number;
  blocks: number;
  start: number;
}

/** `channels`: logical ones of the map that is written; `read`: of the map that is read, logical and in memory. */
export function windowsOf(groups: number, channels: number, read: { channels: number; physical: number }): Windows {
  const written = channels / groups, seen = read.channels / groups;
  const ranges = Array.from({ length: Math.ceil(channels / 16) }, (_, block) => {
    const first = Math.floor((16 * block) / written), last = Math.floor((Math.min(16 * block + 16, channels) - 1) / written);
    const from = Math.floor((first * seen) / 16) * 16, to = Math.min(Math.ceil(((last + 1) * seen) / 16) * 16, read.physical);
    return groups === 1 ? { from: 0, to: read.physical } : { from, to };
  });
  const reach = Math.max(...ranges.map(({ from, to }) => to - from));
  return { reach, starts: ranges.map(({ from }) => Math.min(from, read.physical - reach)) };
}

export function spansOf({ starts }: Windows): Span[] {
  const spans: Span[] = [];
  starts.forEach((start, block) => {
    const last = spans.at(-1);
    if (last?.start === start) last.blocks++;
    else spans.push({ block, blocks: 1, start });
  });
  return spans;
}

/** By row of a block's window: the outputs [from, to) of the block that belong to the row's group. */
export type Lanes = readonly (readonly [from: number, to: number])[];

/** Undefined where every output of the block sees every channel of the window. */
export function lanesOf(groups: number, block: number, outputs: number, channels: number, { reach, starts }: Windows): Lanes | undefined {
  const written = outputs / groups, seen = channels / groups;
  const lanes = Array.from({ length: reach }, (_, row): [number, number] => {
    const group = Math.floor((starts[block] + row) / seen);
    return [Math.max(0, group * written - 16 * block), Math.max(0, Math.min(16, (group + 1) * written - 16 * block))];
  });
  const present = Math.min(16, outputs - 16 * block);
  return lanes.every(([from, to], row) => starts[block] + row >= channels || (from === 0 && to >= present)) ? undefined : lanes;
}

/**
 * Whether every channel has one filter of its own: these have a kernel and a layout of their own,
 * [tap row][tap column][channel].
 */
export const isDepthwise = (groups: number, outputs: number, read: { channels: number; physical: number }): boolean =>
  groups > 1 && groups === outputs && groups === read.channels && read.physical % 16 === 0;
