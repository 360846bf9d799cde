import { expect, test } from 'vitest';
import { erf, evaluate, exp, input, log, tanh, type Expression } from '../../../src/common/expression.ts';
import { purpose, RandomStream } from '../../../src/common/random.ts';
import { emitDropoutMask } from '../../../src/engines/wasm/kernels/dropout.ts';
import { compileExpression } from '../../../src/engines/wasm/kernels/expression.ts';
import { emitMaps } from '../../../src/engines/wasm/kernels/maps.ts';
import { emitTransposeBlocks } from '../../../src/engines/wasm/kernels/transpose.ts';
import { emitReduce } from '../../../src/engines/wasm/kernels/update.ts';
import { createKernel, randomFloats } from './kernel.ts';

/** Error in units of the last place of a float32 result. */
function worstUlps(expression: Expression, from: number, to: number): number {
  const count = 4096;
  const spec = { rows: 1, rowLength: count, maps: [{ row: count, image: count }, { row: count, image: count }] };
  const kernel = createKernel((module) => emitMaps(module, 'map', spec, (f, [x]) => compileExpression(f, expression, { x: x })));
  const x = Float32Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1));
  kernel.floats.set(x, 4096);
  kernel.run(16384, 65536, 1);
  let worst = 0;
  x.forEach((value, i) => {
    const exact = evaluate(expression, { x: value });
    const unit = 2 ** (Math.max(-126, Math.floor(Math.log2(Math.abs(exact) || 1e-38))) - 23);
    worst = Math.max(worst, Math.abs(kernel.floats[16384 + i] - exact) / unit);
  });
  return worst;
}

test.each([
  ['exp', exp(input('x')), -87, 88],
  ['log', log(input('x')), 1e-3, 1000],
  ['tanh', tanh(input('x')), -10, 10],
  ['erf', erf(input('x')), -6, 6],
] as const)('%s is right to two units of the last place', (_, expression, from, to) => {
  expect(worstUlps(expression, from, to)).toBeLessThan(2);
});

test('dropout masks follow the random streams that the reference uses', () => {
  const rate = 0.3;
  const kernel = createKernel((module) => emitDropoutMask(module, 'mask', { vectors: 5, pixelVectors: 5, unit: 'element', imageStep: 32, rate, layer: 77 }));
  const [image, step, seed] = [6, 12, 42];
  kernel.run(16384, image, step, seed, 2);
  for (let i = 0; i < 2; i++) {
    const stream = new RandomStream(seed, purpose.dropout, image + i, step, 77);
    for (let e = 0; e < 20; e++) {
      const kept = stream.word() >= Math.ceil(rate * 2 ** 32);
      expect(kernel.floats[4096 + 32 * i + e]).toBe(kept ? Math.fround(1 / (1 - rate)) : 0);
    }
  }
});

test.each([
  ['channel', (element: number) => element % 32],
  ['sample', () => 0],
] as const)('where a whole %s is dropped, all its elements follow the first', (unit, first) => {
  const rate = 0.4;
  const kernel = createKernel((module) => emitDropoutMask(module, 'mask', { vectors: 24, pixelVectors: 8, unit, imageStep: 96, rate, layer: 5 }));
  const [image, step, seed] = [3, 9, 42];
  kernel.run(16384, image, step, seed, 4);
  for (let i = 0; i < 4; i++) {
    const stream = new RandomStream(seed, purpose.dropout, image + i, step, 5);
    const draws = Array.from({ length: 32 }, () => (stream.word() >= Math.ceil(rate * 2 ** 32) ? Math.fround(1 / (1 - rate)) : 0));
    for (let element = 0; element < 96; element++) expect(kernel.floats[4096 + 96 * i + element]).toBe(draws[first(element)]);
  }
});

test('blocks of weights are turned', () => {
  const kernel = createKernel((module) => emitTransposeBlocks(module, 'turn'));
  kernel.floats.set(Float32Array.from({ length: 512 }, (_, i) => i), 4096);
  kernel.words.set([16384, 32768, 17408, 34816], 1024);
  kernel.run(4096, 2);
  for (let r = 0; r < 16; r++) for (let c = 0; c < 16; c++) {
    expect(kernel.floats[8192 + 16 * c + r]).toBe(16 * r + c);
    expect(kernel.floats[8704 + 16 * c + r]).toBe(256 + 16 * r + c);
  }
});

test.each([1, 2, 3, 5, 8])('%i copies of a gradient are summed as a fixed tree', (shards) => {
  const kernel = createKernel((module) => emitReduce(module, 'reduce', shards, 4096));
  const values = randomFloats(1024 * shards);
  kernel.floats.set(values, 4096);
  const squares = kernel.run(16384, 2);
  const tree = (from: number, to: number, i: number): number => {
    if (to - from === 1) return values[1024 * from + i];
    const middle = from + 2 ** (Math.ceil(Math.log2(to - from)) - 1);
    return Math.fround(tree(from, middle, i) + tree(middle, to, i));
  };
  const sums = Array.from({ length: 32 }, (_, i) => tree(0, shards, i));
  expect([...kernel.floats.subarray(4096, 4128)]).toEqual(sums);
  expect(squares).toBeCloseTo(sums.reduce((total, value) => total + value * value, 0), 10);
});
