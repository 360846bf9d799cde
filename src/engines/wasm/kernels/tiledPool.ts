/**
 * Pooling whose windows lie side by side, unpadded (the common 2×2): no window is cut, each cell belongs to one window at
 * most, so the gradient is written rather than added. Same meaning as pool.ts.
 */
import { f32x4, i32, v128, type Code, type FunctionBuilder, type Local, type ModuleBuilder } from '../emitter.ts';
import type { ChannelSteps } from './channels.ts';
import type { PoolSpec } from './pool.ts';

/** Unrolled cells beyond this would spill registers. */
const mostCells = 9;

export function isTiled({ kernel, stride, padding, ceilOverhang, input, output }: PoolSpec): boolean {
  return kernel[0] === stride[0] && kernel[1] === stride[1] && kernel[0] * kernel[1] <= mostCells && ceilOverhang[0] + ceilOverhang[1] === 0 &&
    padding.top + padding.left + padding.bottom + padding.right === 0 && output.height * kernel[0] <= input.height && output.width * kernel[1] <= input.width;
}

/** Parameters: input, output, images. */
export function emitTiledPool(module: ModuleBuilder, name: string, spec: PoolSpec): number {
  return module.function(name, ['i32', 'i32', 'i32'], [], (f) => {
    const input = f.parameter(0), output = f.parameter(1);
    const cells = cellsOf(spec, spec.input.steps);
    const results = [0, 1].map((part) => {
      const result = f.local('v128');
      const values = cells.map((cell) => v128.load(i32.add(input.get(), i32.const(cell)), 16 * part));
      const total = values.reduce((a, b) => (spec.kind === 'max' ? f32x4.pmax(a, b) : f32x4.add(a, b)));
      return { result, compute: result.set(spec.kind === 'max' ? total : f32x4.div(total, f32x4.constant(cells.length))) };
    });
    const eight: Code = [results.map(({ compute }) => compute), [1, 0].map((part) => v128.store(output.get(), results[part].result.get(), 16 * part))];
    return overTiles(f, spec, f.parameter(2), [{ at: input, steps: spec.input.steps, tiled: true }, { at: output, steps: spec.output.steps, tiled: false }], eight);
  });
}

/** Parameters: gradient of the output, output, input, gradient of the input (overwritten), images. `masked`: the input is a ReLU's result. */
export function emitTiledPoolGradient(
  module: ModuleBuilder, name: string, spec: PoolSpec,
  { gradient, target, masked }: { gradient: ChannelSteps; target: ChannelSteps; masked: boolean },
): number {
  return module.function(name, ['i32', 'i32', 'i32', 'i32', 'i32'], [], (f) => {
    const [g, y, x, dx] = [0, 1, 2, 3].map((i) => f.parameter(i)) as [Local, Local, Local, Local];
    const from = cellsOf(spec, spec.input.steps), to = cellsOf(spec, target);
    const halves = [0, 1].map((part) => {
      const slope = f.local('v128'), best = f.local('v128'), open = f.local('v128'), hit = f.local('v128');
      const shares = to.map(() => f.local('v128'));
      const cellValue = (i: number): Code => v128.load(i32.add(x.get(), i32.const(from[i])), 16 * part);
      const load = slope.set(v128.load(g.get(), 16 * part));
      if (spec.kind === 'average') {
        const share = (i: number): Code => (masked ? v128.and(slope.get(), f32x4.gt(cellValue(i), v128.zero)) : slope.get());
        return { shares, code: [load, slope.set(f32x4.div(slope.get(), f32x4.constant(to.length))), shares.map((local, i) => local.set(share(i)))] };
      }
      return {
        shares,
        code: [
          load,
          best.set(v128.load(y.get(), 16 * part)),
          open.set(masked ? f32x4.gt(best.get(), v128.zero) : f32x4.eq(best.get(), best.get())),
          shares.map((local, i) => [
            hit.set(v128.and(f32x4.eq(cellValue(i), best.get()), open.get())),
            local.set(v128.and(slope.get(), hit.get())),
            open.set(v128.andNot(open.get(), hit.get())),
          ]),
        ],
      };
    });
    const eight: Code = [
      halves.map(({ code }) => code),
      to.map((cell, i) => [1, 0].map((part) => v128.store(i32.add(dx.get(), i32.const(cell)), halves[part].shares[i].get(), 16 * part))),
    ];
    const maps = [
      { at: g, steps: gradient, tiled: false }, { at: y, steps: spec.output.steps, tiled: false },
      { at: x, steps: spec.input.steps, tiled: true }, { at: dx, steps: target, tiled: true },
    ];
    return overTiles(f, spec, f.parameter(4), maps, eight);
  });
}

/** Byte offsets of a window's cells, row by row. */
function cellsOf({ kernel }: PoolSpec, steps: ChannelSteps): number[] {
  return Array.from({ length: kernel[0] * kernel[1] }, (_, i) => 4 * (Math.floor(i / kernel[1]) * steps.row + (i % kernel[1]) * steps.column));
}

/** Every image, window and eight channels; tiled maps move by whole windows, the others by pixels. */
function overTiles(f: FunctionBuilder, spec: PoolSpec, images: Local, maps: readonly { at: Local; steps: ChannelSteps; tiled: boolean }[], eight: Code): Code {
  const { kernel, output, blocks } = spec;
  const move = (floats: (steps: ChannelSteps, tile: readonly [number, number]) => number): Code =>
    maps.map(({ at, steps, tiled }) => at.advance(4 * floats(steps, tiled ? kernel : [1, 1])));
  const channels = 16 * blocks;
  const window: Code = [f.times(channels / 8, [eight, move(() => 8)]), move((steps, tile) => tile[1] * steps.column - channels)];
  const row: Code = [f.times(output.width, window), move((steps, tile) => tile[0] * steps.row - output.width * tile[1] * steps.column)];
  return f.timesOf(images.get(), [f.times(output.height, row), move((steps, tile) => steps.image - output.height * tile[0] * steps.row)]);
}
