/** Clears what is no weight: in blocks that span several groups, the places between outputs and channels of unlike groups. */
import { v128, type Code, type ModuleBuilder } from '../emitter.ts';
import type { Lanes } from '../groups.ts';

/** Keeps in every row of [taps][row][16] the lanes given for the row. Parameters: first row of a block, blocks. */
export function emitKeepLanes(module: ModuleBuilder, name: string, taps: number, lanes: Lanes): number {
  return module.function(name, ['i32', 'i32'], [], (f) => {
    const at = f.parameter(0);
    const words = (v: number, [from, to]: Lanes[number]): number[] => [0, 1, 2, 3].map((lane) => (4 * v + lane >= from && 4 * v + lane < to ? -1 : 0));
    const row = (kept: Lanes[number]): Code => [0, 1, 2, 3].map((v) => v128.store(at.get(), v128.and(v128.load(at.get(), 16 * v), v128.constant(words(v, kept))), 16 * v));
    const tap = runs(lanes).map(({ kept, count }) => f.times(count, [row(kept), at.advance(64)]));
    return f.timesOf(f.parameter(1).get(), f.times(taps, tap));
  });
}

/** Neighbouring rows with the same lanes. */
function runs(lanes: Lanes): { kept: Lanes[number]; count: number }[] {
  const result: { kept: Lanes[number]; count: number }[] = [];
  for (const kept of lanes) {
    const last = result.at(-1);
    if (last && last.kept[0] === kept[0] && last.kept[1] === kept[1]) last.count++;
    else result.push({ kept, count: 1 });
  }
  return result;
}
