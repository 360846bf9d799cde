/** Kernels with one number per channel, for normalisation. Sums end in float64, so that a variance does not lose its digits to a large mean. */
import { f32x4, f64x2, floatLanes, i32, memoryFill, v128, type Code, type FunctionBuilder, type Local, type ModuleBuilder } from '../emitter.ts';
import { multiplyAdd, type Numerics } from './numerics.ts';

export interface ChannelSteps { row: number; column: number; image: number }

export interface ChannelsSpec {
  rows: number;
  columns: number;
  /** Blocks of 16 channels. */
  blocks: number;
  /** Where every image has vectors of its own: floats from one image's to the next one's. */
  vectorStep?: number;
}

/** Every block of channels, `block` for all images; where images have vectors of their own, image by image. */
function overBlocks(f: FunctionBuilder, spec: ChannelsSpec, images: Local, maps: readonly { base: Local; steps: ChannelSteps }[], vectors: Local, block: (images: Local) => Code): Code {
  const blocks = (count: Local): Code => f.times(spec.blocks, [block(count), maps.map(({ base }) => base.advance(64)), vectors.advance(64)]);
  if (spec.vectorStep === undefined) return blocks(images);
  const one = f.local('i32');
  const next = [maps.map(({ base, steps }) => base.advance(4 * steps.image - 64 * spec.blocks)), vectors.advance(4 * spec.vectorStep - 64 * spec.blocks)];
  return [one.set(i32.const(1)), f.timesOf(images.get(), [blocks(one), next])];
}

/** Runs `pixel` over all pixels of one block of channels, `rowEnd` after each row; the maps' locals move along. */
export function walkPixels(
  f: FunctionBuilder, spec: Pick<ChannelsSpec, 'rows' | 'columns'>, images: Local, maps: readonly { at: Local; steps: ChannelSteps }[], pixel: Code, rowEnd: Code = [],
): Code {
  return f.timesOf(images.get(), [
    f.times(spec.rows, [
      f.times(spec.columns, [pixel, maps.map(({ at, steps }) => at.advance(4 * steps.column))]),
      rowEnd,
      maps.map(({ at, steps }) => at.advance(4 * (steps.row - spec.columns * steps.column))),
    ]),
    maps.map(({ at, steps }) => at.advance(4 * (steps.image - spec.rows * steps.row))),
  ]);
}

/** Pixels whose sums are float32 before they are added to doubles: few enough to round less than the values themselves. */
const runPixels = 64;

export interface CenteredSteps { x: ChannelSteps; gradient?: ChannelSteps }

/**
 * Adds Σ d and Σ d² per channel to doubles, d = x - center: sums[block][2][16]. Near the mean a variance does not lose its digits,
 * so runs of pixels can be summed in float32. Parameters: x (at the first pixel), center (one a channel), sums, temporary (128 bytes), images.
 * With a gradient g, Σ g and Σ g·d instead: parameters x, g, center, sums, temporary, images.
 */
export function emitCenteredSums(module: ModuleBuilder, name: string, numerics: Numerics, spec: ChannelsSpec, steps: CenteredSteps): number {
  const flush = emitFlush(module, `${name}.flush`);
  const rowsOfRun = Math.max(1, Math.min(spec.rows, Math.floor(runPixels / spec.columns)));
  const count = steps.gradient ? 6 : 5;
  return module.function(name, Array.from({ length: count }, () => 'i32' as const), [], (f) => {
    const x = { base: f.parameter(0), at: f.local('i32'), steps: steps.x };
    const g = steps.gradient && { base: f.parameter(1), at: f.local('i32'), steps: steps.gradient };
    const maps = [x, ...(g ? [g] : [])];
    const [center, sums, temporary, images] = [count - 4, count - 3, count - 2, count - 1].map((i) => f.parameter(i)) as [Local, Local, Local, Local];
    const first = f.localsOf('v128', 4), second = f.localsOf('v128', 4), middle = f.localsOf('v128', 4), d = f.localsOf('v128', 4), factor = f.localsOf('v128', 4);
    const pixel: Code = [
      d.map((local, v) => local.set(f32x4.sub(v128.load(x.at.get(), 16 * v), middle[v].get()))),
      factor.map((local, v) => local.set(g ? v128.load(g.at.get(), 16 * v) : d[v].get())),
      first.map((sum, v) => sum.set(f32x4.add(sum.get(), factor[v].get()))),
      second.map((sum, v) => sum.set(multiplyAdd(numerics, factor[v].get(), d[v].get(), sum.get()))),
      maps.map(({ at, steps: { column } }) => at.advance(4 * column)),
    ];
    const row: Code = [f.times(spec.columns, pixel), maps.map(({ at, steps: { row: next, column } }) => at.advance(4 * (next - spec.columns * column)))];
    const run = (rows: number): Code => [
      [first, second].map((locals) => locals.map((sum) => sum.set(v128.zero))),
      f.times(rows, row),
      [first, second].map((locals, i) => [1, 0, 3, 2].map((v) => v128.store(temporary.get(), locals[v].get(), 64 * i + 16 * v))),
      module.call(flush, temporary.get(), sums.get()),
    ];
    const runs = Math.floor(spec.rows / rowsOfRun), rest = spec.rows % rowsOfRun;
    return f.times(spec.blocks, [
      middle.map((local, v) => local.set(v128.load(center.get(), 16 * v))),
      maps.map(({ base, at }) => at.set(base.get())),
      f.timesOf(images.get(), [
        f.times(runs, run(rowsOfRun)), rest > 0 ? run(rest) : [],
        maps.map(({ at, steps: { image, row: next } }) => at.advance(4 * (image - spec.rows * next))),
      ]),
      maps.map(({ base }) => base.advance(64)), center.advance(64), sums.advance(256),
    ]);
  });
}

/** Adds 32 floats to 32 doubles; a function of its own, because its code does not become 256 bits wide. Parameters: floats, doubles. */
function emitFlush(module: ModuleBuilder, name: string): number {
  return module.function(name, ['i32', 'i32'], [], (f) => {
    const from = f.parameter(0), to = f.parameter(1), four = f.local('v128');
    return Array.from({ length: 8 }, (_, v) => [
      four.set(v128.load(from.get(), 16 * v)),
      [four.get(), v128.shuffle(four.get(), four.get(), floatLanes(2, 3, 2, 3))].map((two, half) =>
        v128.store(to.get(), f64x2.add(v128.load(to.get(), 32 * v + 16 * half), f64x2.promoteLow(two)), 32 * v + 16 * half)),
    ]);
  });
}

interface SummedPlaces { x: Local; gradient?: Local; sums: Local }
interface SummedSteps { x: ChannelSteps; gradient?: ChannelSteps }

/** The sums of one image alone, in place of what is there. The maps' locals move on to the next image. */
export function sumChannels(f: FunctionBuilder, spec: ChannelsSpec, steps: SummedSteps, places: SummedPlaces): Code {
  const one = f.local('i32');
  return [
    one.set(i32.const(1)),
    memoryFill(places.sums.get(), i32.const(256 * spec.blocks)),
    addChannels(f, spec, steps, places, one),
    places.x.advance(4 * steps.x.image - 64 * spec.blocks),
    places.gradient && steps.gradient ? places.gradient.advance(4 * steps.gradient.image - 64 * spec.blocks) : [],
    places.sums.advance(-256 * spec.blocks),
  ];
}

function addChannels(f: FunctionBuilder, spec: ChannelsSpec, steps: SummedSteps, { x, gradient, sums }: SummedPlaces, images: Local): Code {
  const maps = [
    { base: x, at: f.local('i32'), steps: steps.x },
    ...(gradient && steps.gradient ? [{ base: gradient, at: f.local('i32'), steps: steps.gradient }] : []),
  ];
  // Eight channels at a time: sixteen would need more registers than there are.
  const first = f.localsOf('v128', 4), second = f.localsOf('v128', 4);
  const factor = f.local('v128'), value = f.local('v128'), factorPair = f.local('v128'), pair = f.local('v128');
  const pairOf = (local: Local, high: boolean): Code =>
    f64x2.promoteLow(high ? v128.shuffle(local.get(), local.get(), floatLanes(2, 3, 2, 3)) : local.get());
  const pixel = [0, 1].map((v) => [
    factor.set(v128.load(maps[0].at.get(), 16 * v)),
    value.set(gradient ? v128.load(maps[1].at.get(), 16 * v) : factor.get()),
    [0, 1].map((high) => [
      factorPair.set(pairOf(factor, high === 1)),
      pair.set(gradient ? pairOf(value, high === 1) : factorPair.get()),
      first[2 * v + high].set(f64x2.add(first[2 * v + high].get(), pair.get())),
      second[2 * v + high].set(f64x2.add(second[2 * v + high].get(), f64x2.mul(pair.get(), factorPair.get()))),
    ]),
  ]);
  const half: Code = [
    first.map((sum, i) => sum.set(v128.load(sums.get(), 16 * i))),
    second.map((sum, i) => sum.set(v128.load(sums.get(), 128 + 16 * i))),
    maps.map(({ base, at }) => at.set(base.get())),
    walkPixels(f, spec, images, maps, pixel),
    first.map((sum, i) => v128.store(sums.get(), sum.get(), 16 * i)),
    second.map((sum, i) => v128.store(sums.get(), sum.get(), 128 + 16 * i)),
    maps.map(({ base }) => base.advance(32)),
    sums.advance(64),
  ];
  return f.times(spec.blocks, [f.times(2, half), sums.advance(128)]);
}

/** y = x · scale + shift per channel (+ addend), then perhaps ReLU. Parameters: x, vectors (scale[channels], shift[channels]), y, addend, images. */
export function emitScaleShift(module: ModuleBuilder, name: string, spec: ChannelsSpec, steps: { x: ChannelSteps; y: ChannelSteps; addend?: ChannelSteps }, relu: boolean): number {
  return module.function(name, ['i32', 'i32', 'i32', 'i32', 'i32'], [], (f) => {
    const [x, vectors, y, addend, images] = [0, 1, 2, 3, 4].map((i) => f.parameter(i)) as [Local, Local, Local, Local, Local];
    const other = steps.addend && { base: addend, at: f.local('i32'), steps: steps.addend };
    const maps = [{ base: x, at: f.local('i32'), steps: steps.x }, { base: y, at: f.local('i32'), steps: steps.y }, ...(other ? [other] : [])];
    const scale = f.localsOf('v128', 4), shift = f.localsOf('v128', 4), result = f.localsOf('v128', 4);
    const pixel: Code = [
      result.map((local, v) => {
        const scaled = f32x4.add(f32x4.mul(v128.load(maps[0].at.get(), 16 * v), scale[v].get()), shift[v].get());
        const value = other ? f32x4.add(scaled, v128.load(other.at.get(), 16 * v)) : scaled;
        return local.set(relu ? f32x4.pmax(value, v128.zero) : value);
      }),
      [1, 0, 3, 2].map((v) => v128.store(maps[1].at.get(), result[v].get(), 16 * v)),
    ];
    return overBlocks(f, spec, images, maps, vectors, (count) => [
      scale.map((local, v) => local.set(v128.load(vectors.get(), 16 * v))),
      shift.map((local, v) => local.set(v128.load(vectors.get(), 64 * spec.blocks + 16 * v))),
      maps.map(({ base, at }) => at.set(base.get())),
      walkPixels(f, spec, count, maps, pixel),
    ]);
  });
}

/**
 * dx = g · a + x · b + c per channel: the gradient through batch normalisation. Parameters: g, x, vectors (a, b, c), dx, images.
 */
export function emitNormalizationGradient(module: ModuleBuilder, name: string, spec: ChannelsSpec, steps: { gradient: ChannelSteps; x: ChannelSteps; dx: ChannelSteps }): number {
  return module.function(name, ['i32', 'i32', 'i32', 'i32', 'i32'], [], (f) => {
    const vectors = f.parameter(2), images = f.parameter(4);
    const map = (parameter: number, of: ChannelSteps): { base: Local; at: Local; steps: ChannelSteps } => ({ base: f.parameter(parameter), at: f.local('i32'), steps: of });
    const g = map(0, steps.gradient), x = map(1, steps.x), dx = map(3, steps.dx);
    const maps = [g, x, dx];
    const [a, b, c, result] = [0, 1, 2, 3].map(() => f.localsOf('v128', 4)) as [Local[], Local[], Local[], Local[]];
    const pixel: Code = [
      result.map((local, v) => {
        const slope = f32x4.mul(v128.load(g.at.get(), 16 * v), a[v].get());
        return local.set(f32x4.add(f32x4.add(slope, f32x4.mul(v128.load(x.at.get(), 16 * v), b[v].get())), c[v].get()));
      }),
      [1, 0, 3, 2].map((v) => v128.store(dx.at.get(), result[v].get(), 16 * v)),
    ];
    return overBlocks(f, spec, images, maps, vectors, (count) => [
      [a, b, c].map((locals, i) => locals.map((local, v) => local.set(v128.load(vectors.get(), i * 64 * spec.blocks + 16 * v)))),
      maps.map(({ base, at }) => at.set(base.get())),
      walkPixels(f, spec, count, maps, pixel),
    ]);
  });
}
