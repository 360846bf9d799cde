/**
 * Group normalisation: from an image's sums per channel to the factors that every channel is scaled and shifted by, and to
 * those of its gradient. In float64; the walks over pixels are those of batch normalisation (channels.ts), image by image.
 */
import { f32, f64, i32, type Code, type FunctionBuilder, type Local, type ModuleBuilder } from '../emitter.ts';
import { sumChannels, type ChannelSteps, type ChannelsSpec } from './channels.ts';

export interface GroupsSpec extends ChannelsSpec {
  channels: number;
  groups: number;
  /** Floats from an image's vectors to the next one's. */
  vectorStep: number;
}

/** Channel of the image, and the address of its float64 sums[block][2][16]: Σ of the first kind, and of the second 128 bytes on. */
interface Walk { channel: Local; sums: Code }

/** Runs `body` for `count` channels from the current one on. */
function overChannels(f: FunctionBuilder, channel: Local, sums: Local, count: number, body: (walk: Walk) => Code): Code {
  const at = f.local('i32');
  const block = i32.shl(i32.shrU(channel.get(), i32.const(4)), i32.const(8)), lane = i32.shl(i32.and(channel.get(), i32.const(15)), i32.const(3));
  return f.times(count, [at.set(i32.add(sums.get(), i32.add(block, lane))), body({ channel, sums: at.get() }), channel.advance(1)]);
}

const floatAt = (base: Local, channel: Local): Code => i32.add(base.get(), i32.shl(channel.get(), i32.const(2)));

/**
 * With n values in a group: mean = Σx / n, variance = Σx² / n - mean², inverse = 1 / √(variance + ε). Per image and channel
 * vectors[4][physical]: scale = weight · inverse, shift = bias - mean · scale, mean, inverse.
 * Parameters: x (at the first pixel), weight, bias, vectors, workspace (256 bytes a block), images.
 */
export function emitGroupStatistics(module: ModuleBuilder, name: string, spec: GroupsSpec, x: ChannelSteps, epsilon: number): number {
  const { channels, groups, blocks } = spec;
  const bytes = 64 * blocks;
  const size = (channels / groups) * spec.rows * spec.columns;
  return module.function(name, ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], [], (f) => {
    const [input, weight, bias, vectors, sums, images] = [0, 1, 2, 3, 4, 5].map((i) => f.parameter(i)) as [Local, Local, Local, Local, Local, Local];
    const channel = f.local('i32'), at = f.local('i32'), mean = f.local('f64'), inverse = f.local('f64'), scale = f.local('f64');
    const put = (vector: number, value: Code): Code => f32.store(at.get(), f32.demote(value), vector * bytes);
    const count = channels / groups;
    const group: Code = [
      mean.set(f64.const(0)), inverse.set(f64.const(0)),
      overChannels(f, channel, sums, count, (walk) => [mean.set(f64.add(mean.get(), f64.load(walk.sums))), inverse.set(f64.add(inverse.get(), f64.load(walk.sums, 128)))]),
      mean.set(f64.div(mean.get(), f64.const(size))),
      inverse.set(f64.max(f64.const(0), f64.sub(f64.div(inverse.get(), f64.const(size)), f64.mul(mean.get(), mean.get())))),
      inverse.set(f64.div(f64.const(1), f64.sqrt(f64.add(inverse.get(), f64.const(epsilon))))),
      channel.advance(-count),
      overChannels(f, channel, sums, count, () => [
        at.set(floatAt(vectors, channel)),
        scale.set(f64.mul(f64.promote(f32.load(floatAt(weight, channel))), inverse.get())),
        put(0, scale.get()), put(1, f64.sub(f64.promote(f32.load(floatAt(bias, channel))), f64.mul(mean.get(), scale.get()))), put(2, mean.get()), put(3, inverse.get()),
      ]),
    ];
    return f.timesOf(images.get(), [
      sumChannels(f, spec, { x }, { x: input, sums }),
      channel.set(i32.const(0)),
      f.times(groups, group),
      clearRest(f, channel, vectors, spec, 4),
      vectors.advance(4 * spec.vectorStep),
    ]);
  });
}

/** Zeros for the channels that only pad. */
function clearRest(f: FunctionBuilder, channel: Local, vectors: Local, { channels, blocks }: GroupsSpec, count: number): Code {
  const zeros = Array.from({ length: count }, (_, vector) => f32.store(floatAt(vectors, channel), f32.const(0), vector * 64 * blocks));
  return f.times(16 * blocks - channels, [zeros, channel.advance(1)]);
}

/**
 * With x̂ = (x - mean) · inverse, g the gradient to the result, h = weight · g and n values in a group: dbias = Σg, dweight = Σ g x̂,
 * dx = inverse · (h - Σh / n - x̂ Σ(h x̂) / n) = a g + b x + c. Per image coefficients[3][physical]: a, b, c.
 * Parameters: x, g, vectors of the statistics, weight, gradients of weight and bias (added to), coefficients, workspace, images.
 */
export function emitGroupGradient(module: ModuleBuilder, name: string, spec: GroupsSpec & { coefficientStep: number }, steps: { x: ChannelSteps; gradient: ChannelSteps }): number {
  const { channels, groups, blocks } = spec;
  const bytes = 64 * blocks;
  const size = (channels / groups) * spec.rows * spec.columns;
  return module.function(name, Array.from({ length: 9 }, () => 'i32' as const), [], (f) => {
    const [x, gradient, vectors, weight, toWeight, toBias, coefficients, sums, images] =
      [0, 1, 2, 3, 4, 5, 6, 7, 8].map((i) => f.parameter(i)) as [Local, Local, Local, Local, Local, Local, Local, Local, Local];
    const channel = f.local('i32'), at = f.local('i32');
    const [sum, product, mine, inverse, slope] = [0, 1, 2, 3, 4].map(() => f.local('f64')) as [Local, Local, Local, Local, Local];
    const vector = (index: number): Code => f64.promote(f32.load(floatAt(vectors, channel), index * bytes));
    const own = (): Code => f64.promote(f32.load(floatAt(weight, channel)));
    const addTo = (place: Local, value: Code): Code => [at.set(floatAt(place, channel)), f32.store(at.get(), f32.add(f32.load(at.get()), f32.demote(value)))];
    const put = (index: number, value: Code): Code => f32.store(at.get(), f32.demote(value), index * bytes);
    const count = channels / groups;
    const group: Code = [
      sum.set(f64.const(0)), product.set(f64.const(0)),
      overChannels(f, channel, sums, count, (walk) => [
        mine.set(f64.mul(f64.sub(f64.load(walk.sums, 128), f64.mul(vector(2), f64.load(walk.sums))), vector(3))),
        addTo(toWeight, mine.get()), addTo(toBias, f64.load(walk.sums)),
        sum.set(f64.add(sum.get(), f64.mul(own(), f64.load(walk.sums)))), product.set(f64.add(product.get(), f64.mul(own(), mine.get()))),
      ]),
      channel.advance(-count),
      inverse.set(vector(3)),
      slope.set(f64.neg(f64.div(f64.mul(f64.mul(inverse.get(), inverse.get()), product.get()), f64.const(size)))),
      sum.set(f64.neg(f64.add(f64.div(f64.mul(inverse.get(), sum.get()), f64.const(size)), f64.mul(slope.get(), vector(2))))),
      overChannels(f, channel, sums, count, () => [
        at.set(floatAt(coefficients, channel)),
        put(0, f64.mul(own(), inverse.get())), put(1, slope.get()), put(2, sum.get()),
      ]),
    ];
    return f.timesOf(images.get(), [
      sumChannels(f, spec, steps, { x, gradient, sums }),
      channel.set(i32.const(0)),
      f.times(groups, group),
      clearRest(f, channel, coefficients, spec, 3),
      vectors.advance(4 * spec.vectorStep), coefficients.advance(4 * spec.coefficientStep),
    ]);
  });
}
