// @ts-check
/**
 * What one thread of this process can reach at best: the register tile that the engine's kernels are built around
 * (src/engines/wasm/kernels/tile.ts), alone, over operands that stay in the first-level cache. Plain JavaScript, as ours.mjs.
 */

/** 256 k-steps of the widest tile read 22 KiB: they fit every first-level cache of 32 KiB. */
const depth = 256;
const repetitions = 400;
const tries = 5;
const shapes = /** @type {const} */ ([[4, 8], [6, 8], [4, 16], [6, 16]]);

/** @typedef {() => number} Peak Measures again: thousand millions of floating-point operations a second. */

/**
 * Call after `enableWasmFeatures`.
 * @param {Record<'emitter' | 'tile', string>} modules paths of the compiled modules
 * @param {boolean} fused whether multiply-adds are fused here
 * @returns {Promise<Peak>}
 */
export async function createPeak(modules, fused) {
  /** @type {typeof import('../src/engines/wasm/emitter.ts')} */
  const { ModuleBuilder, v128 } = await import(modules.emitter);
  /** @type {typeof import('../src/engines/wasm/kernels/tile.ts')} */
  const { createTile, multiplyStep, setTile, storeTile } = await import(modules.tile);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  new Float32Array(memory.buffer).fill(2 ** -8);

  const kernels = shapes.map(([height, width]) => {
    const module = new ModuleBuilder();
    module.function('peak', ['i32', 'i32', 'i32'], [], (f) => {
      const [a, b, output] = [f.parameter(0), f.parameter(1), f.parameter(2)];
      const tile = createTile(f, height, width);
      const scalars = f.localsOf('v128', height), row = f.localsOf('v128', width / 4);
      const numerics = { fused, tileHeight: height, tileWidth: width };
      const turn = f.times(depth, [multiplyStep(numerics, tile, a, 4 * depth, b, scalars, row), a.advance(4), b.advance(4 * width)]);
      return [
        setTile(tile, () => v128.zero),
        f.times(repetitions, [turn, a.advance(-4 * depth), b.advance(-4 * width * depth)]),
        storeTile(tile, output.get(), 4 * width),
      ];
    });
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.bytes(1)), { host: { memory } });
    const run = /** @type {(...operands: number[]) => void} */ (exports['peak']);
    const operations = 2 * height * width * depth * repetitions;
    return () => {
      const start = performance.now();
      run(0, 8192, 32768);
      return operations / ((performance.now() - start) * 1e6);
    };
  });
  const best = (/** @type {() => number} */ kernel) => Math.max(...Array.from({ length: tries }, kernel));
  const speeds = kernels.map(best);
  const fastest = kernels[speeds.indexOf(Math.max(...speeds))];
  return () => best(fastest);
}
