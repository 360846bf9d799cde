/**
 * Pooling. Windows are cut at the image's edge at run time; the border of zeros is never read. In the gradient of a maximum
 * the first cell that equals it takes all, so an exact tie sends its gradient to one place.
 */
import { choose, f32, f32x4, i32, v128, type Code, type FunctionBuilder, type Local, type ModuleBuilder } from '../emitter.ts';
import type { Padding, Pair } from '../../../common/shape.ts';
import type { ChannelSteps } from './channels.ts';

export interface PoolSpec {
  kind: 'max' | 'average';
  /** Of the image and of the result. */
  input: { height: number; width: number; steps: ChannelSteps };
  output: { height: number; width: number; steps: ChannelSteps };
  kernel: Pair;
  stride: Pair;
  padding: Padding;
  /** Averages: padding counts as cells (but never rows and columns that only `ceil` added). */
  countPadding: boolean;
  ceilOverhang: Pair;
  /** Blocks of 16 channels. */
  blocks: number;
}

interface Window { top: Local; left: Local; rows: Local; columns: Local; cells: Local; at: Local }

/** Parameters: input, output (both at the first pixel), images. */
export function emitPool(module: ModuleBuilder, name: string, spec: PoolSpec): number {
  return module.function(name, ['i32', 'i32', 'i32'], [], (f) => {
    const input = f.parameter(0), output = f.parameter(1), images = f.parameter(2);
    const sums = f.localsOf('v128', 4);
    return overWindows(f, spec, images, input, [{ at: output, steps: spec.output.steps }], (window) => {
      const cell = sums.map((sum, v) => {
        const value = v128.load(window.at.get(), 16 * v);
        return sum.set(spec.kind === 'max' ? f32x4.pmax(sum.get(), value) : f32x4.add(sum.get(), value));
      });
      return [
        sums.map((sum) => sum.set(spec.kind === 'max' ? f32x4.constant(-Infinity) : v128.zero)),
        overCells(f, spec, window, cell),
        spec.kind === 'average' ? sums.map((sum) => sum.set(f32x4.div(sum.get(), f32x4.splat(f32.convertI32(window.cells.get()))))) : [],
        [1, 0, 3, 2].map((v) => v128.store(output.get(), sums[v].get(), 16 * v)),
      ];
    });
  });
}

/** Parameters: gradient of the output, output, input, gradient of the input (overwritten), images. `masked`: the input is a ReLU's result. */
export function emitPoolGradient(
  module: ModuleBuilder, name: string, spec: PoolSpec,
  { gradient: gradientSteps, target, masked }: { gradient: ChannelSteps; target: ChannelSteps; masked: boolean },
): number {
  return module.function(name, ['i32', 'i32', 'i32', 'i32', 'i32'], [], (f) => {
    const [gradient, output, input, result, images] = [0, 1, 2, 3, 4].map((i) => f.parameter(i)) as [Local, Local, Local, Local, Local];
    const y = f.localsOf('v128', 4), g = f.localsOf('v128', 4), open = f.localsOf('v128', 4), value = f.local('v128');
    const at = f.local('i32');
    return overWindows(f, spec, images, input, [{ at: gradient, steps: gradientSteps }, { at: output, steps: spec.output.steps }], (window) => {
      const share = (v: number): Code => {
        if (spec.kind === 'average') return masked ? v128.and(g[v].get(), f32x4.gt(v128.load(window.at.get(), 16 * v), v128.zero)) : g[v].get();
        return [
          value.set(v128.and(f32x4.eq(v128.load(window.at.get(), 16 * v), y[v].get()), open[v].get())),
          open[v].set(v128.andNot(open[v].get(), value.get())),
          v128.and(g[v].get(), value.get()),
        ];
      };
      const cell = g.map((_, v) => v128.store(at.get(), f32x4.add(v128.load(at.get(), 16 * v), share(v)), 16 * v));
      return [
        // The same cell in the gradient of the input, whose border may differ.
        at.set(i32.add(result.get(), i32.add(i32.mul(window.top.get(), i32.const(4 * target.row)), i32.mul(window.left.get(), i32.const(4 * target.column))))),
        g.map((local, v) => local.set(v128.load(gradient.get(), 16 * v))),
        spec.kind === 'average'
          ? g.map((local) => local.set(f32x4.div(local.get(), f32x4.splat(f32.convertI32(window.cells.get())))))
          : y.map((local, v) => [
              local.set(v128.load(output.get(), 16 * v)),
              open[v].set(masked ? f32x4.gt(local.get(), v128.zero) : f32x4.eq(local.get(), local.get())),
            ]),
        overCells(f, spec, window, cell, { at, steps: target }),
      ];
    }, { at: result, steps: target, clear: clearImage(f, spec, result, target) });
  });
}

/** Zeros in all pixels (all blocks) of one image of the gradient. */
function clearImage(f: FunctionBuilder, spec: PoolSpec, result: Local, target: ChannelSteps): Code {
  const at = f.local('i32');
  const sixteen: Code = [[1, 0, 3, 2].map((v) => v128.store(at.get(), v128.zero, 16 * v)), at.advance(64)];
  const rowFloats = spec.input.width * target.column;
  return [at.set(result.get()), f.times(spec.input.height, [f.times(rowFloats / 16, sixteen), at.advance(4 * (target.row - rowFloats))])];
}

/** Every image, block and window; `maps` (result-shaped) move along; `body` runs with the window cut at the image's edge. */
function overWindows(
  f: FunctionBuilder, spec: PoolSpec, images: Local, input: Local,
  maps: readonly { at: Local; steps: ChannelSteps }[],
  body: (window: Window) => Code,
  target?: { at: Local; steps: ChannelSteps; clear: Code },
): Code {
  const local = (): Local => f.local('i32');
  const window: Window = { top: local(), left: local(), rows: local(), columns: local(), cells: local(), at: local() };
  const oy = local(), ox = local(), padded = local();
  const { kernel, stride, padding, output, input: image } = spec;
  const cut = (start: Local, length: Local, index: Local, axis: 0 | 1, size: number, before: number): Code => [
    start.set(i32.sub(i32.mul(index.get(), i32.const(stride[axis])), i32.const(before))),
    length.set(minimum(i32.sub(i32.const(size), start.get()), i32.const(kernel[axis]), f)),
    length.set(i32.add(length.get(), minimum(start.get(), i32.const(0), f))),
    start.set(maximum(start.get(), i32.const(0), f)),
  ];
  /** Cells of the window inside the padded image, along one axis. */
  const counted = (index: Local, axis: 0 | 1, size: number, before: number, after: number): Code =>
    minimum(i32.sub(i32.const(size + before + after - spec.ceilOverhang[axis]), i32.mul(index.get(), i32.const(stride[axis]))), i32.const(kernel[axis]), f);
  const columnsCut: Code = [
    cut(window.left, window.columns, ox, 1, image.width, padding.left),
    spec.kind === 'max' ? [] : window.cells.set(spec.countPadding
      ? i32.mul(padded.get(), counted(ox, 1, image.width, padding.left, padding.right))
      : i32.mul(window.rows.get(), window.columns.get())),
    window.at.set(i32.add(input.get(), i32.add(i32.mul(window.top.get(), i32.const(4 * image.steps.row)), i32.mul(window.left.get(), i32.const(4 * image.steps.column))))),
  ];
  const moveAll = (bytes: (steps: ChannelSteps) => number): Code => maps.map(({ at, steps }) => at.advance(bytes(steps)));
  const row: Code = [
    cut(window.top, window.rows, oy, 0, image.height, padding.top),
    spec.kind === 'average' && spec.countPadding ? padded.set(counted(oy, 0, image.height, padding.top, padding.bottom)) : [],
    f.upTo(ox, i32.const(0), i32.const(output.width), 1, [columnsCut, body(window), moveAll((steps) => 4 * steps.column)]),
    moveAll((steps) => 4 * (steps.row - output.width * steps.column)),
  ];
  const block: Code = [
    f.upTo(oy, i32.const(0), i32.const(output.height), 1, row),
    moveAll((steps) => 64 - 4 * output.height * steps.row),
    input.advance(64),
    target ? target.at.advance(64) : [],
  ];
  return f.timesOf(images.get(), [
    target ? target.clear : [],
    f.times(spec.blocks, block),
    moveAll((steps) => 4 * steps.image - 64 * spec.blocks),
    input.advance(4 * image.steps.image - 64 * spec.blocks),
    target ? target.at.advance(4 * target.steps.image - 64 * spec.blocks) : [],
  ]);
}

/** Every cell of a cut window; `window.at` (and `other`) end behind the last row. */
function overCells(f: FunctionBuilder, spec: PoolSpec, window: Window, cell: Code, other?: { at: Local; steps: ChannelSteps }): Code {
  const places = [{ at: window.at, steps: spec.input.steps }, ...(other ? [other] : [])];
  const back = (steps: ChannelSteps): Code => i32.sub(i32.const(4 * steps.row), i32.mul(window.columns.get(), i32.const(4 * steps.column)));
  return f.timesOf(window.rows.get(), [
    f.timesOf(window.columns.get(), [cell, places.map(({ at, steps }) => at.advance(4 * steps.column))]),
    places.map(({ at, steps }) => at.set(i32.add(at.get(), back(steps)))),
  ]);
}

function minimum(a: Code, b: Code, f: FunctionBuilder): Code {
  const x = f.local('i32'), y = f.local('i32');
  return [x.set(a), y.set(b), choose(i32.ltS(x.get(), y.get()), x.get(), y.get())];
}

function maximum(a: Code, b: Code, f: FunctionBuilder): Code {
  const x = f.local('i32'), y = f.local('i32');
  return [x.set(a), y.set(b), choose(i32.gtS(x.get(), y.get()), x.get(), y.get())];
}
