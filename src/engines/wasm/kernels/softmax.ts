/** Softmax over the channels of every pixel, and its gradient. Channels that only pad take no part and stay zero. */
import { f32x4, floatLanes, v128, type Code, type FunctionBuilder, type Local, type ModuleBuilder } from '../emitter.ts';
import { walkPixels, type ChannelSteps } from './channels.ts';
import { emitExponential } from './transcendental.ts';

export interface SoftmaxSpec { rows: number; columns: number; channels: number }

/** Calls `vector` for every four channels of a pixel while `locals` move along; `rest`: how many of the last four count, where that is not all. */
function overChannels(f: FunctionBuilder, channels: number, locals: readonly Local[], vector: (rest?: number) => Code): Code {
  const vectors = Math.floor(channels / 4), rest = channels % 4;
  return [f.times(vectors, [vector(), locals.map((local) => local.advance(16))]), rest > 0 ? vector(rest) : [], locals.map((local) => local.advance(-16 * vectors))];
}

/** Ones in the first lanes. */
const firstLanes = (count: number): Code => v128.constant([0, 1, 2, 3].map((lane) => (lane < count ? -1 : 0)));

/** All lanes become the result of combining them. */
function acrossLanes(local: Local, combine: (a: Code, b: Code) => Code): Code {
  return [[2, 3, 0, 1], [1, 0, 3, 2]].map((lanes) => local.set(combine(local.get(), v128.shuffle(local.get(), local.get(), floatLanes(...lanes)))));
}

/** y = exp(x - largest) / Σ exp(x - largest). Parameters: x, y (at the first pixel), images. */
export function emitSoftmax(module: ModuleBuilder, name: string, spec: SoftmaxSpec, steps: { x: ChannelSteps; y: ChannelSteps }): number {
  return module.function(name, ['i32', 'i32', 'i32'], [], (f) => {
    const x = f.parameter(0), y = f.parameter(1), images = f.parameter(2);
    const largest = f.local('v128'), sum = f.local('v128'), value = f.local('v128');
    const lowest = f32x4.constant(-3.4028234663852886e38);
    const among = (rest?: number): Code => (rest === undefined ? v128.load(x.get()) : v128.select(v128.load(x.get()), lowest, firstLanes(rest)));
    const exponential = (rest?: number): Code => {
      const { before, value: power } = emitExponential(f, f32x4.sub(v128.load(x.get()), largest.get()));
      return [
        before, value.set(rest === undefined ? power : v128.and(power, firstLanes(rest))),
        sum.set(f32x4.add(sum.get(), value.get())), v128.store(y.get(), value.get()),
      ];
    };
    const pixel: Code = [
      largest.set(lowest), sum.set(v128.zero),
      overChannels(f, spec.channels, [x], (rest) => largest.set(f32x4.pmax(largest.get(), among(rest)))),
      acrossLanes(largest, f32x4.pmax),
      overChannels(f, spec.channels, [x, y], exponential),
      acrossLanes(sum, f32x4.add),
      overChannels(f, spec.channels, [y], () => v128.store(y.get(), f32x4.div(v128.load(y.get()), sum.get()))),
    ];
    return walkPixels(f, spec, images, [{ at: x, steps: steps.x }, { at: y, steps: steps.y }], pixel);
  });
}

/** dx = y (g - Σ g y). Parameters: g, y, dx (at the first pixel), images. */
export function emitSoftmaxGradient(module: ModuleBuilder, name: string, spec: SoftmaxSpec, steps: { gradient: ChannelSteps; y: ChannelSteps; dx: ChannelSteps }): number {
  return module.function(name, ['i32', 'i32', 'i32', 'i32'], [], (f) => {
    const g = f.parameter(0), y = f.parameter(1), dx = f.parameter(2), images = f.parameter(3);
    const sum = f.local('v128');
    // Where channels only pad, y is zero.
    const pixel: Code = [
      sum.set(v128.zero),
      overChannels(f, spec.channels, [g, y], () => sum.set(f32x4.add(sum.get(), f32x4.mul(v128.load(g.get()), v128.load(y.get()))))),
      acrossLanes(sum, f32x4.add),
      overChannels(f, spec.channels, [g, y, dx], () => v128.store(dx.get(), f32x4.mul(v128.load(y.get()), f32x4.sub(v128.load(g.get()), sum.get())))),
    ];
    const maps = [{ at: g, steps: steps.gradient }, { at: y, steps: steps.y }, { at: dx, steps: steps.dx }];
    return walkPixels(f, spec, images, maps, pixel);
  });
}
