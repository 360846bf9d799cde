/** Kernels over flat stretches of parameters: the sum of the shards' gradients and the optimizer's update. */
import type { Expression } from '../../../common/expression.ts';
import { f32x4, f64, f64x2, floatLanes, i32, v128, type Code, type Local, type ModuleBuilder } from '../emitter.ts';
import { compileExpression } from './expression.ts';

/**
 * Sums `shards` copies of a gradient as a fixed binary tree ((s0 + s1) + (s2 + s3)) + ..., writes the sum over the first
 * copy and returns Σ g² in float64. Parameters: first copy, count of 16-float blocks; result f64.
 */
export function emitReduce(module: ModuleBuilder, name: string, shards: number, shardBytes: number): number {
  return module.function(name, ['i32', 'i32'], ['f64'], (f) => {
    const at = f.parameter(0), blocks = f.parameter(1);
    const square = f.local('v128'), sums = f.localsOf('v128', 4);
    const tree = (from: number, to: number, vector: number): Code => {
      if (to - from === 1) return v128.load(from === 0 ? at.get() : i32.add(at.get(), i32.const(from * shardBytes)), 16 * vector);
      const middle = from + 2 ** (Math.ceil(Math.log2(to - from)) - 1);
      return f32x4.add(tree(from, middle, vector), tree(middle, to, vector));
    };
    const block: Code = [
      sums.map((sum, v) => sum.set(tree(0, shards, v))),
      [1, 0, 3, 2].map((v) => v128.store(at.get(), sums[v].get(), 16 * v)),
      sums.map((sum) => {
        const low = f64x2.promoteLow(sum.get()), high = f64x2.promoteLow(v128.shuffle(sum.get(), sum.get(), floatLanes(2, 3, 2, 3)));
        return [square.set(f64x2.add(square.get(), f64x2.mul(low, low))), square.set(f64x2.add(square.get(), f64x2.mul(high, high)))];
      }),
      at.advance(64),
    ];
    return [f.timesOf(blocks.get(), block), f64.add(f64x2.lane(square.get(), 0), f64x2.lane(square.get(), 1))];
  });
}

/**
 * New values of a stretch of parameters. Parameters: gradient, parameter, each state (addresses), the address of the step's
 * scalars (float32, in the order of `scalars`; the last is the gradient's factor), count of 16-float blocks.
 */
export function emitUpdate(module: ModuleBuilder, name: string, update: Readonly<Record<string, Expression>>, states: readonly string[], scalars: readonly string[]): number {
  return module.function(name, Array.from({ length: states.length + 4 }, () => 'i32' as const), [], (f) => {
    const gradient = f.parameter(0), parameter = f.parameter(1);
    const stateAt = states.map((_, i) => f.parameter(2 + i));
    const table = f.parameter(2 + states.length), blocks = f.parameter(3 + states.length);
    const scalarLocals = scalars.map(() => f.local('v128'));
    const factor = f.local('v128');
    const values: Record<string, Local> = { g: f.local('v128'), p: f.local('v128') };
    for (const state of states) values[state] = f.local('v128');
    scalars.forEach((scalar, i) => { values[scalar] = scalarLocals[i]!; });
    const targets = [{ name: 'p', at: parameter }, ...states.map((state, i) => ({ name: state, at: stateAt[i] }))];
    const vector = (v: number): Code => {
      const computed = targets.map(({ name: target, at }) => ({ at, ...compileExpression(f, update[target], values), result: f.local('v128') }));
      return [
        values['g'].set(f32x4.mul(v128.load(gradient.get(), 16 * v), factor.get())),
        targets.map(({ name: target, at }) => values[target].set(v128.load(at.get(), 16 * v))),
        computed.map(({ before, value, result }) => [before, result.set(value)]),
        computed.map(({ at, result }) => v128.store(at.get(), result.get(), 16 * v)),
      ];
    };
    return [
      scalarLocals.map((local, i) => local.set(v128.load32Splat(table.get(), 4 * i))),
      factor.set(v128.load32Splat(table.get(), 4 * scalars.length)),
      f.timesOf(blocks.get(), [[0, 1, 2, 3].map(vector), [gradient, parameter, ...stateAt].map((at) => at.advance(64))]),
    ];
  });
}
