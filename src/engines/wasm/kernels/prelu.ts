/** A rectifier whose slope for negative values is trained: one for each channel, or one for all. */
import { f32x4, floatLanes, v128, type Code, type FunctionBuilder, type Local, type ModuleBuilder } from '../emitter.ts';
import { walkPixels, type ChannelsSpec, type ChannelSteps } from './channels.ts';

export interface RectifierSpec extends ChannelsSpec { shared: boolean }

interface Walked { base: Local; at: Local; steps: ChannelSteps }

const walked = (f: FunctionBuilder, parameter: number, steps: ChannelSteps): Walked => ({ base: f.parameter(parameter), at: f.local('i32'), steps });

/** `pixel` for all pixels of each block of 16 channels, `start` before and `end` after a block. */
function overBlocks(
  f: FunctionBuilder, spec: RectifierSpec, images: Local, weight: Local, maps: readonly Walked[],
  { start = [], pixel, rowEnd = [], end = [] }: { start?: Code; pixel: Code; rowEnd?: Code; end?: Code },
): Code {
  return f.times(spec.blocks, [
    start,
    maps.map(({ base, at }) => at.set(base.get())),
    walkPixels(f, spec, images, maps, pixel, rowEnd),
    end,
    maps.map(({ base }) => base.advance(64)),
    spec.shared ? [] : weight.advance(64),
  ]);
}

/**
 * result = value where x > 0, else weight · value: forward with x as the value, backward with the gradient. Parameters: value, x,
 * weight, result (maps at the first pixel), images.
 */
export function emitRectifier(module: ModuleBuilder, name: string, spec: RectifierSpec, steps: { value: ChannelSteps; x: ChannelSteps; result: ChannelSteps }): number {
  return module.function(name, ['i32', 'i32', 'i32', 'i32', 'i32'], [], (f) => {
    const weight = f.parameter(2), images = f.parameter(4);
    const value = walked(f, 0, steps.value), x = walked(f, 1, steps.x), result = walked(f, 3, steps.result);
    const slopes = f.localsOf('v128', 4), results = f.localsOf('v128', 4), values = f.localsOf('v128', 4);
    const pixel: Code = [
      results.map((local, v) => [
        values[v].set(v128.load(value.at.get(), 16 * v)),
        local.set(v128.select(values[v].get(), f32x4.mul(values[v].get(), slopes[v].get()), f32x4.gt(v128.load(x.at.get(), 16 * v), v128.zero))),
      ]),
      [1, 0, 3, 2].map((v) => v128.store(result.at.get(), results[v].get(), 16 * v)),
    ];
    const start = slopes.map((local, v) => local.set(spec.shared ? v128.load32Splat(weight.get()) : v128.load(weight.get(), 16 * v)));
    return overBlocks(f, spec, images, weight, [value, x, result], { start, pixel });
  });
}

/** dweight += Σ g x where x <= 0, a row of pixels at a time. Parameters: g, x (at the first pixel), dweight, images. */
export function emitSlopeGradient(module: ModuleBuilder, name: string, spec: RectifierSpec, steps: { gradient: ChannelSteps; x: ChannelSteps }): number {
  return module.function(name, ['i32', 'i32', 'i32', 'i32'], [], (f) => {
    const weight = f.parameter(2), images = f.parameter(3);
    const g = walked(f, 0, steps.gradient), x = walked(f, 1, steps.x);
    const rows = f.localsOf('v128', 4), totals = f.localsOf('v128', 4), value = f.local('v128');
    const pixel: Code = rows.map((row, v) => [
      value.set(v128.load(x.at.get(), 16 * v)),
      row.set(f32x4.add(row.get(), v128.andNot(f32x4.mul(v128.load(g.at.get(), 16 * v), value.get()), f32x4.gt(value.get(), v128.zero)))),
    ]);
    const rowEnd: Code = rows.map((row, v) => [totals[v].set(f32x4.add(totals[v].get(), row.get())), row.set(v128.zero)]);
    const addTo = (sum: Code, offset: number): Code => v128.store(weight.get(), f32x4.add(v128.load(weight.get(), offset), sum), offset);
    const end: Code = totals.map((total, v) => [addTo(total.get(), 16 * v), total.set(v128.zero)]);
    const walk = overBlocks(f, spec, images, weight, [g, x], { pixel, rowEnd, ...(spec.shared ? {} : { end }) });
    return spec.shared ? [walk, sumOfLanes(totals), addTo(v128.and(totals[0].get(), v128.constant([-1, 0, 0, 0])), 0)] : walk;
  });
}

/** The first of the locals becomes the sum of all lanes of all of them. */
function sumOfLanes(locals: readonly Local[]): Code {
  const [first, ...others] = locals as [Local, ...Local[]];
  const turned = (lanes: readonly number[]): Code => v128.shuffle(first.get(), first.get(), floatLanes(...lanes));
  return [
    others.map((other) => first.set(f32x4.add(first.get(), other.get()))),
    [[2, 3, 0, 1], [1, 0, 3, 2]].map((lanes) => first.set(f32x4.add(first.get(), turned(lanes)))),
  ];
}
