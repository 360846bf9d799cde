/**
 * Local response normalisation: y = x · s^-β, s = k + α / size · Σ x² over neighbouring channels. Pixel by pixel: squares go to a
 * strip with zeros on both sides, so that windows at the first and last channels need no code of their own. The code for a
 * pixel leaves the maps' locals as they were.
 */
import { f32x4, i32, memoryFill, v128, type Code, type FunctionBuilder, type Local, type ModuleBuilder } from '../emitter.ts';
import { walkPixels, type ChannelSteps, type ChannelsSpec } from './channels.ts';
import { emitExponential, emitLogarithm } from './transcendental.ts';

export interface LocalResponseSpec extends ChannelsSpec {
  size: number;
  alpha: number;
  beta: number;
  k: number;
}

/** Floats of zeros before and behind a strip. */
const marginOf = ({ size }: LocalResponseSpec): number => Math.ceil(size / 16) * 16;
const stripBytes = (spec: LocalResponseSpec): number => 4 * (2 * marginOf(spec) + 16 * spec.blocks);

/** Bytes of workspace: the strip of squares, and in the gradient one of ratios. */
export const localResponseWorkspace = (spec: LocalResponseSpec): number => 2 * stripBytes(spec);

/** Parameters: x, y (at the first pixel), workspace, images. */
export function emitLocalResponse(module: ModuleBuilder, name: string, spec: LocalResponseSpec, steps: { x: ChannelSteps; y: ChannelSteps }): number {
  return module.function(name, ['i32', 'i32', 'i32', 'i32'], [], (f) => {
    const x = f.parameter(0), y = f.parameter(1), workspace = f.parameter(2), images = f.parameter(3);
    const strip = f.local('i32'), scale = f.local('v128');
    const { before, value } = power(f, spec, scale);
    const pixel = [
      squares(f, spec, x, strip, workspace),
      strip.set(i32.add(workspace.get(), i32.const(4 * (marginOf(spec) - Math.floor(spec.size / 2))))),
      f.times(4 * spec.blocks, [
        scale.set(scaleOf(spec, strip)), before,
        v128.store(y.get(), f32x4.mul(v128.load(x.get()), value)),
        x.advance(16), y.advance(16), strip.advance(16),
      ]),
      x.advance(-64 * spec.blocks), y.advance(-64 * spec.blocks),
    ];
    return [memoryFill(workspace.get(), i32.const(stripBytes(spec))), walkPixels(f, spec, images, [{ at: x, steps: steps.x }, { at: y, steps: steps.y }], pixel)];
  });
}

/**
 * dx_i = g_i s_i^-β - 2 α β / size · x_i Σ g_c x_c s_c^(-β - 1), the sum over the channels c whose window holds i.
 * Parameters: g, x, dx (at the first pixel), workspace, images.
 */
export function emitLocalResponseGradient(module: ModuleBuilder, name: string, spec: LocalResponseSpec, steps: { gradient: ChannelSteps; x: ChannelSteps; dx: ChannelSteps }): number {
  const { size, alpha, beta, blocks } = spec;
  return module.function(name, ['i32', 'i32', 'i32', 'i32', 'i32'], [], (f) => {
    const [g, x, dx, workspace, images] = [0, 1, 2, 3, 4].map((i) => f.parameter(i)) as [Local, Local, Local, Local, Local];
    const strip = f.local('i32'), ratios = f.local('i32'), scale = f.local('v128'), scaled = f.local('v128');
    const { before, value } = power(f, spec, scale);
    const ratioStart = stripBytes(spec) + 4 * marginOf(spec);
    const back = [g, x, dx].map((at) => at.advance(-64 * blocks));
    const pixel = [
      squares(f, spec, x, strip, workspace),
      strip.set(i32.add(workspace.get(), i32.const(4 * (marginOf(spec) - Math.floor(size / 2))))),
      ratios.set(i32.add(workspace.get(), i32.const(ratioStart))),
      f.times(4 * blocks, [
        scale.set(scaleOf(spec, strip)), before,
        scaled.set(f32x4.mul(v128.load(g.get()), value)),
        v128.store(dx.get(), scaled.get()),
        v128.store(ratios.get(), f32x4.div(f32x4.mul(scaled.get(), v128.load(x.get())), scale.get())),
        [g, x, dx, strip, ratios].map((at) => at.advance(16)),
      ]),
      back,
      // Those whose window holds a channel lie the other way round it.
      ratios.set(i32.add(workspace.get(), i32.const(ratioStart - 4 * Math.floor((size - 1) / 2)))),
      f.times(4 * blocks, [
        scaled.set(f32x4.mul(f32x4.mul(windowSum(size, ratios), f32x4.constant((2 * alpha * beta) / size)), v128.load(x.get()))),
        v128.store(dx.get(), f32x4.sub(v128.load(dx.get()), scaled.get())),
        [g, x, dx, ratios].map((at) => at.advance(16)),
      ]),
      back,
    ];
    const maps = [{ at: g, steps: steps.gradient }, { at: x, steps: steps.x }, { at: dx, steps: steps.dx }];
    return [memoryFill(workspace.get(), i32.const(2 * stripBytes(spec))), walkPixels(f, spec, images, maps, pixel)];
  });
}

/** Squares of a pixel's channels into the strip. */
function squares(f: FunctionBuilder, spec: LocalResponseSpec, x: Local, strip: Local, workspace: Local): Code {
  const value = f.local('v128');
  return [
    strip.set(i32.add(workspace.get(), i32.const(4 * marginOf(spec)))),
    f.times(4 * spec.blocks, [value.set(v128.load(x.get())), v128.store(strip.get(), f32x4.mul(value.get(), value.get())), x.advance(16), strip.advance(16)]),
    x.advance(-64 * spec.blocks),
  ];
}

const scaleOf = ({ size, alpha, k }: LocalResponseSpec, strip: Local): Code => f32x4.add(f32x4.constant(k), f32x4.mul(windowSum(size, strip), f32x4.constant(alpha / size)));

/** Sum of `size` neighbours, for four channels. */
const windowSum = (size: number, from: Local): Code =>
  Array.from({ length: size }, (_, i) => v128.load(from.get(), 4 * i)).reduce((sum, each) => f32x4.add(sum, each));

/** s^-β = exp(-β log s); for the usual β = 3/4 by roots, in a quarter of the time: 1 / (√s · √√s). */
function power(f: FunctionBuilder, { beta }: LocalResponseSpec, scale: Local): { before: Code; value: Code } {
  if (beta === 0.75) {
    const root = f.local('v128');
    return { before: root.set(f32x4.sqrt(scale.get())), value: f32x4.div(f32x4.constant(1), f32x4.mul(root.get(), f32x4.sqrt(root.get()))) };
  }
  const logarithm = emitLogarithm(f, scale.get());
  const exponential = emitExponential(f, f32x4.mul(logarithm.value, f32x4.constant(-beta)));
  return { before: [logarithm.before, exponential.before], value: exponential.value };
}
