/**
 * Turns 16×16 blocks of weights, so that the gradient to the data reads them as a gather product does: what was
 * [in][16 out] becomes [out][16 in].
 */
import { floatLanes, i32, v128, type Code, type Local, type ModuleBuilder } from '../emitter.ts';

/** Parameters: list of (from, to) addresses of blocks, number of blocks (> 0). */
export function emitTransposeBlocks(module: ModuleBuilder, name: string): number {
  return module.function(name, ['i32', 'i32'], [], (f) => {
    const list = f.parameter(0), from = f.local('i32'), to = f.local('i32');
    const rows = f.localsOf('v128', 4), mixed = f.localsOf('v128', 4);
    const pair = (a: Local, b: Local, lanes: readonly number[]): Code => v128.shuffle(a.get(), b.get(), floatLanes(...lanes));
    /** The 4×4 floats at row r, column c go to row c, column r (in units of four). */
    const four = (r: number, c: number): Code => {
      const [a, b, d, e] = rows as [Local, Local, Local, Local], [p, q, s, t] = mixed as [Local, Local, Local, Local];
      return [
        rows.map((row, i) => row.set(v128.load(from.get(), 64 * (4 * r + i) + 16 * c))),
        p.set(pair(a, b, [0, 4, 1, 5])), q.set(pair(d, e, [0, 4, 1, 5])), s.set(pair(a, b, [2, 6, 3, 7])), t.set(pair(d, e, [2, 6, 3, 7])),
        [pair(p, q, [0, 1, 4, 5]), pair(p, q, [2, 3, 6, 7]), pair(s, t, [0, 1, 4, 5]), pair(s, t, [2, 3, 6, 7])].map((row, i) =>
          v128.store(to.get(), row, 64 * (4 * c + i) + 16 * r)),
      ];
    };
    const quarters = [0, 1, 2, 3];
    return f.timesOf(f.parameter(1).get(), [
      from.set(i32.load(list.get())),
      to.set(i32.load(list.get(), 4)),
      quarters.map((r) => quarters.map((c) => four(r, c))),
      list.advance(8),
    ]);
  });
}
