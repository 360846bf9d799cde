import { expect, test } from 'vitest';
import { emitGather, tileHeights, type GatherSpec } from '../../../src/engines/wasm/kernels/gather.ts';
import { variants, type Numerics } from '../../../src/engines/wasm/kernels/numerics.ts';
import { emitBiasGradient, emitWeightGradient } from '../../../src/engines/wasm/kernels/weightGradient.ts';
import { createKernel, randomFloats, relativeError, type Kernel } from './kernel.ts';

const { wide, narrow, plain } = variants;
const at = { input: 65536, weights: 131072, bias: 4096, output: 327680, gradient: 524288 };
const images = 2;

/** 3×3 (or as given) over a 7×9 map of 16 channels, physical border 1, to 32 channels. */
function spec(change: Partial<GatherSpec> = {}): GatherSpec {
  const map = (channels: number, width: number, height: number): GatherSpec['input'] => ({ row: (width + 2) * channels, column: channels, image: (width + 2) * (height + 2) * channels });
  const input = map(16, 9, 7);
  return {
    rows: 7, columns: 9, input, output: map(32, 9, 7), taps: { rows: 3, rowStep: input.row, columns: 1, columnStep: 0, run: 48 },
    blocks: 2, bias: true, relu: false, ...change,
  };
}

function load(kernel: Kernel): void {
  kernel.floats.set(randomFloats(16000, 1), at.input / 4);
  kernel.floats.set(randomFloats(40000, 2), at.weights / 4);
  kernel.floats.set(randomFloats(64, 3), at.bias / 4);
}

/** The formula of gather.ts in float64. */
function expectedOutput({ floats }: Kernel, { rows, columns, input, taps, blocks, bias }: GatherSpec): number[] {
  const result: number[] = [];
  const depth = taps.rows * taps.columns * taps.run;
  for (let i = 0; i < images; i++) for (let y = 0; y < rows; y++) for (let x = 0; x < (columns as number); x++) for (let n = 0; n < 16 * blocks; n++) {
    let sum = bias ? floats[at.bias / 4 + n] : 0;
    let w = at.weights / 4 + Math.floor(n / 16) * depth * 16 + (n % 16);
    for (let r = 0; r < taps.rows; r++) for (let c = 0; c < taps.columns; c++) for (let k = 0; k < taps.run; k++, w += 16) {
      sum += floats[at.input / 4 + i * input.image + y * input.row + x * input.column + r * taps.rowStep + c * taps.columnStep + k] * floats[w];
    }
    result.push(sum);
  }
  return result;
}

function outputOf({ floats }: Kernel, { rows, columns, output, blocks }: GatherSpec): number[] {
  const result: number[] = [];
  for (let i = 0; i < images; i++) for (let y = 0; y < rows; y++) for (let x = 0; x < (columns as number); x++) for (let n = 0; n < 16 * blocks; n++) {
    result.push(floats[at.output / 4 + i * output.image + y * output.row + x * output.column + n]);
  }
  return result;
}

function run(numerics: Numerics, of: GatherSpec): Kernel {
  const kernel = createKernel((module) => emitGather(module, 'gather', numerics, of));
  load(kernel);
  kernel.run(at.input, at.weights, at.bias, at.output, 0, 0, images);
  return kernel;
}

const row = spec().input.row;
const cases: [string, GatherSpec][] = [
  ['3×3', spec()],
  ['1×1 without bias', spec({ taps: { rows: 1, rowStep: 0, columns: 1, columnStep: 0, run: 16 }, bias: false })],
  ['stride 2', spec({ rows: 3, columns: 4, input: { ...spec().input, row: 2 * row, column: 32 } })],
  ['dilation 2', spec({ rows: 5, columns: 7, taps: { rows: 3, rowStep: 2 * row, columns: 3, columnStep: 32, run: 16 } })],
  ['no taps at all', spec({ taps: { rows: 0, rowStep: 0, columns: 1, columnStep: 0, run: 16 } })],
];

test.each(cases)('gather product %s equals the formula', (_, of) => {
  for (const numerics of [wide, narrow, plain]) {
    const kernel = run(numerics, of);
    // A sum of up to 144 products in float32: a few units of 2^-24 of the largest value.
    expect(relativeError(outputOf(kernel, of), expectedOutput(kernel, of))).toBeLessThan(2e-6);
  }
});

test.each(cases)('gather product %s has the same bits for every tile', (_, of) => {
  expect(outputOf(run(wide, of), of)).toEqual(outputOf(run(narrow, of), of));
  expect(outputOf(run({ ...plain, tileWidth: 16, tileHeight: 6 }, of), of)).toEqual(outputOf(run(plain, of), of));
});

test('addend, ReLU and mask are applied in this order', () => {
  const of = spec({ relu: true, addend: spec().output, mask: spec().output });
  const kernel = createKernel((module) => emitGather(module, 'gather', wide, of));
  load(kernel);
  const before = expectedOutput(kernel, of);
  kernel.floats.set(randomFloats(10000, 4), at.gradient / 4);
  kernel.run(at.input, at.weights, at.bias, at.output, at.gradient, at.gradient, images);
  const other = outputOf({ ...kernel, floats: kernel.floats.subarray((at.gradient - at.output) / 4) }, of);
  const expected = before.map((value, i) => (other[i] > 0 ? Math.max(0, value + other[i]) : 0));
  expect(relativeError(outputOf(kernel, of), expected)).toBeLessThan(2e-6);
});

test.each(Object.entries(variants))('the gradient to weights and bias is added to what is there: %s', (_, numerics) => {
  const of = spec();
  const expected = new Float64Array(2 * 144 * 16).fill(0.5), bias = new Float64Array(32).fill(0.25);
  const kernel = createKernel((module) => emitWeightGradient(module, 'weights', numerics, of));
  const biasKernel = createKernel((module) => emitBiasGradient(module, 'bias', of));
  for (const each of [kernel, biasKernel]) {
    load(each);
    each.floats.set(randomFloats(9000, 5), at.output / 4);
    each.floats.fill(0.5, at.gradient / 4, at.gradient / 4 + expected.length);
    each.floats.fill(0.25, at.bias / 4, at.bias / 4 + 32);
  }
  const { floats } = kernel;
  for (let i = 0; i < images; i++) for (let y = 0; y < 7; y++) for (let x = 0; x < 9; x++) for (let n = 0; n < 32; n++) {
    const g = floats[at.output / 4 + i * of.output.image + y * of.output.row + x * of.output.column + n];
    bias[n] += g;
    for (let r = 0; r < 3; r++) for (let k = 0; k < 48; k++) {
      expected[(Math.floor(n / 16) * 144 + r * 48 + k) * 16 + (n % 16)] += g * floats[at.input / 4 + i * of.input.image + (y + r) * of.input.row + x * of.input.column + k];
    }
  }
  kernel.run(at.input, at.output, at.gradient, images);
  biasKernel.run(at.output, at.bias, images);
  expect(relativeError(floats.subarray(at.gradient / 4, at.gradient / 4 + expected.length), expected)).toBeLessThan(3e-6);
  expect(relativeError(biasKernel.floats.subarray(at.bias / 4, at.bias / 4 + 32), bias)).toBeLessThan(3e-6);
});

test('a row is cut into tiles of nearly equal height', () => {
  expect(tileHeights(14, 6)).toEqual([{ height: 5, count: 2 }, { height: 4, count: 1 }]);
  expect(tileHeights(28, 4)).toEqual([{ height: 4, count: 7 }]);
  expect(tileHeights(1, 6)).toEqual([{ height: 1, count: 1 }]);
});
