/** The engines by name. `wasm` is embedded and the default. */
import type { Engine, EngineSpec } from './engine.ts';

export type EngineName = 'wasm';

/** Starts an engine for a network: kernels compiled, threads waiting. Close it. */
export async function createEngine(spec: EngineSpec & { name?: EngineName }): Promise<Engine> {
  const { createWasmEngine } = await import('./wasm/engine.ts');
  return createWasmEngine(spec);
}
