/**
 * V8's WebAssembly features that are behind flags. They hold for the whole process, threads included, and only for
 * what is compiled afterwards: call this before anything touches WebAssembly. Which kernels are then used is decided
 * by what V8 accepts (`WebAssembly.validate`), never by the version.
 */
import v8 from 'node:v8';

let enabled = false;

/** Asks V8 for all that this version knows; a second call does nothing. */
export function enableWasmFeatures(): void {
  if (enabled) return;
  enabled = true;
  for (const flag of wasmFlags(process.versions.node, process.arch)) v8.setFlagsFromString(flag);
}

/** The newest Node whose flags were looked at. */
const newest = 26;

/**
 * V8 complains on stderr of flags that it does not know, and has no way to ask: so the versions that were looked at. A later
 * Node gets none: its code is slow for the first moments and 128 bits wide, and computes the same.
 */
export function wasmFlags(version: string, architecture: string): string[] {
  const major = Number.parseInt(version, 10);
  if (!(major <= newest)) return [];
  // The optimizing compiler at once: code of the baseline one runs at a quarter of the speed and is not replaced while it runs.
  const always = ['--no-liftoff'];
  // Fused multiply-add (relaxed SIMD) has no flag any more from Node 21 on.
  if (major === 20) return [...always, '--experimental-wasm-relaxed-simd'];
  // Pairs of 128-bit operations become 256-bit ones; built into x64 only. Node 22 has an older one that is not trusted.
  if (major >= 24 && architecture === 'x64') return [...always, revectorize];
  return always;
}

const revectorize = '--experimental-wasm-revectorize';

/** Whether 256-bit instructions can be had: twice as fast. */
export function hasWideInstructions(version: string, architecture: string): boolean {
  return wasmFlags(version, architecture).includes(revectorize);
}
