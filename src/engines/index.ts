/** The engines by name. `wasm` is embedded and the default. */
import type { Engine, EngineSpec } from './engine.ts';

export type EngineName = 'wasm';

/** Starts an engine for a network: kernels compiled, threads waiting. Close it. */
export async function createEngine(spec: EngineSpec & { name?: EngineName }): Promise<Engine> {
  const { createWasmEngine } = await import('./wasm/engine.ts');
  return createWasmEngine(spec);
}

/** Bytes that the engine would take to train the network, images not counted; cheap, nothing is compiled. */
export async function plannedTrainingBytes({ network, training, threads }: Pick<EngineSpec, 'network' | 'training' | 'threads'>): Promise<number> {
  const { plannedBytes } = await import('./wasm/plan.ts');
  return plannedBytes(network, training, threads);
}
