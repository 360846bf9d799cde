/** Variants of the kernels (a sample; all of it in test/long/kernels.test.ts): which one is taken, and what they compute. */
import { isDeepStrictEqual } from 'node:util';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { chooseKernels } from '../../src/engines/wasm/features.ts';
import { createWasmEngine } from '../../src/engines/wasm/engine.ts';
import type { KernelVariant } from '../../src/engines/engine.ts';
import { classes, drawnWeights, whole } from './conformance/networks.ts';
import { testConformance } from './conformance/suite.ts';
import { drawBatch, wasm } from './conformance/targets.ts';

afterEach(() => { vi.unstubAllEnvs(); });

const { network } = whole.find(({ name }) => name === 'residual blocks with normalisation')!;
const trained = new Map<string, Promise<unknown>>();

/** The gradients of a step. */
async function train(kernels: KernelVariant): Promise<unknown> {
  const target = await wasm(2, false, kernels).open(network, 7);
  try {
    return await target.forwardBackward(drawnWeights(network), drawBatch(7, network.input, classes), 3);
  } finally {
    await target.close();
  }
}
const gradients = (kernels: KernelVariant): Promise<unknown> => trained.get(kernels) ?? trained.set(kernels, train(kernels)).get(kernels)!;

test('wide and narrow kernels give equal bits, plain ones others', async () => {
  const wide = await gradients('wide');
  expect(isDeepStrictEqual(await gradients('narrow'), wide)).toBe(true);
  expect(isDeepStrictEqual(await gradients('plain'), wide)).toBe(false);
});

describe('plain kernels, two threads', () => { testConformance([wasm(2, true, 'plain')], whole.slice(0, 1)); });
describe('narrow kernels, bits of the wide ones', () => { testConformance([wasm(1, true, 'narrow'), wasm(1, false, 'wide')], whole.slice(3, 5)); });

test.each([
  ['wide', '6×16', 'float32, fused multiply-add'],
  ['narrow', '4×8', 'float32, fused multiply-add'],
  ['plain', '4×8', 'float32, separate multiply and add'],
] as const)('%s kernels are recorded, and in the numerics where bits differ', async (kernels, tile, numerics) => {
  const engine = await createWasmEngine({ network, threads: 1, kernels });
  expect(engine.record).toMatchObject({ numerics, details: { kernels, tile } });
  await engine.close();
});

describe('which kernels', () => {
  test('those that are asked for, by the specification before the environment', () => {
    expect(chooseKernels(undefined, { EXP_KERNELS: 'narrow' })).toBe('narrow');
    expect(chooseKernels('plain', { EXP_KERNELS: 'narrow' })).toBe('plain');
    vi.stubEnv('EXP_KERNELS', 'plain');
    expect(chooseKernels()).toBe('plain');
  });

  test('else the fastest, and of equal bits on every Node', () => {
    expect(chooseKernels(undefined, {})).toBeOneOf(['wide', 'narrow']);
    expect(chooseKernels(undefined, { EXP_KERNELS: '' })).toBeOneOf(['wide', 'narrow']);
  });

  test('an unknown word is refused, with those there are', () => {
    const problem = (how: () => unknown): unknown => {
      try {
        return how();
      } catch (error) {
        return error;
      }
    };
    expect(problem(() => chooseKernels(undefined, { EXP_KERNELS: 'fast' }))).toMatchObject({
      problems: [{ code: 'unknown-kernels', message: 'EXP_KERNELS is "fast": there are no such kernels', fix: expect.stringContaining('wide, narrow, plain, or unset EXP_KERNELS') }],
    });
    expect(problem(() => chooseKernels('avx', {}))).toMatchObject({ problems: [{ message: 'kernels is "avx": there are no such kernels' }] });
  });

  test('without relaxed SIMD plain ones; others are refused', () => {
    vi.spyOn(WebAssembly, 'validate').mockReturnValue(false);
    expect(chooseKernels(undefined, {})).toBe('plain');
    expect(chooseKernels('plain', {})).toBe('plain');
    expect(() => chooseKernels('wide', {})).toThrow(/kernels is "wide": these kernels need fused multiply-add, which Node [\d.]+ does not offer/);
  });
});
