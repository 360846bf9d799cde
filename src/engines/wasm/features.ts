/** What this process's WebAssembly can do: found by trying, never by version. */
import { UserError } from '../../common/problem.ts';
import { kernelVariants, type KernelVariant } from '../engine.ts';
import { ModuleBuilder, f32x4, v128, type Code } from './emitter.ts';
import { emitGather, type GatherSpec } from './kernels/gather.ts';
import { variants, type Numerics } from './kernels/numerics.ts';

/** Names a variant for every engine of a process: for tests, and for going on with a run that began elsewhere. */
export const kernelsVariable = 'EXP_KERNELS';

/**
 * The kernels that are wanted, else the fastest here: fused multiply-add where relaxed SIMD is there and fuses, and of these
 * the wider tile where it is faster (V8's re-vectoriser makes one 256-bit operation of two).
 */
export function chooseKernels(wanted?: string, environment: Readonly<Record<string, string | undefined>> = process.env): KernelVariant {
  const fused = fuses();
  const named = wanted ?? (environment[kernelsVariable] || undefined);
  if (named !== undefined) return checkKernels(named, fused, wanted === undefined);
  if (!fused) return 'plain';
  return bestSeconds(variants.wide) < bestSeconds(variants.narrow) ? 'wide' : 'narrow';
}

function checkKernels(named: string, fused: boolean, byVariable: boolean): KernelVariant {
  const variant = kernelVariants.find((each) => each === named);
  const [setting, unset] = byVariable ? [kernelsVariable, `unset ${kernelsVariable}`] : ['kernels', 'leave it out'];
  const otherwise = `or ${unset}: the fastest that run here are taken`;
  if (!variant) {
    throw new UserError({ code: 'unknown-kernels', message: `${setting} is "${named}": there are no such kernels`, fix: `choose one of ${kernelVariants.join(', ')}, ${otherwise}` });
  }
  if (variants[variant].fused && !fused) {
    throw new UserError({
      code: 'kernels-unavailable', fix: `choose plain, ${otherwise}`,
      message: `${setting} is "${named}": these kernels need fused multiply-add, which Node ${process.versions.node} does not offer on this processor`,
    });
  }
  return variant;
}

/** (1 + 2^-12)² - (1 + 2^-11) is 2^-24 with one rounding and 0 with two. */
function fuses(): boolean {
  const module = new ModuleBuilder();
  const a = f32x4.constant(1 + 2 ** -12);
  module.function('probe', ['i32'], [], (f): Code => [v128.store(f.parameter(0).get(), f32x4.relaxedMadd(a, a, f32x4.constant(-(1 + 2 ** -11))))]);
  const bytes = module.bytes(1);
  if (!WebAssembly.validate(bytes)) return false;
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const probe = new WebAssembly.Instance(new WebAssembly.Module(bytes), { host: { memory } }).exports['probe'] as (address: number) => void;
  probe(1024);
  return new Float32Array(memory.buffer)[256] !== 0;
}

/** Best of a few runs of a small convolution: 16 to 16 channels at 14×14. */
function bestSeconds(numerics: Numerics): number {
  const row = 16 * 16, image = 16 * row;
  const map = { row, column: 16, image };
  const spec: GatherSpec = {
    rows: 14, columns: 14, input: map, output: map, taps: { rows: 3, rowStep: row, columns: 1, columnStep: 0, run: 48 }, blocks: 1, bias: false, relu: false,
  };
  const module = new ModuleBuilder();
  emitGather(module, 'probe', numerics, spec);
  const memory = new WebAssembly.Memory({ initial: 8, maximum: 8, shared: true });
  const probe = new WebAssembly.Instance(new WebAssembly.Module(module.bytes(8)), { host: { memory } }).exports['probe'] as (...operands: number[]) => void;
  const once = (): number => {
    const start = performance.now();
    probe(131072, 1024, 0, 262144, 0, 0, 2);
    return performance.now() - start;
  };
  // The first runs may still be in slow code.
  for (let i = 0; i < 4; i++) once();
  return Math.min(...Array.from({ length: 8 }, once));
}
