import { execFileSync, spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { wasmFlags } from '../../../src/engines/wasm/flags.ts';

test('each version gets only flags that it knows', () => {
  const feature = (version: string, architecture: string): string[] => wasmFlags(version, architecture).filter((flag) => flag !== '--no-liftoff');
  expect(feature('20.19.0', 'x64')).toEqual(['--experimental-wasm-relaxed-simd']);
  expect(feature('20.20.2', 'arm64')).toEqual(['--experimental-wasm-relaxed-simd']);
  expect(feature('22.23.3', 'x64')).toEqual([]);
  expect(feature('24.21.0', 'x64')).toEqual(['--experimental-wasm-revectorize']);
  expect(feature('24.21.0', 'arm64')).toEqual([]);
});

test('a Node that was not looked at gets none, for it would complain', () => {
  expect(wasmFlags('27.0.0', 'x64')).toEqual([]);
  expect(wasmFlags('unknown', 'x64')).toEqual([]);
});

test('the flags for this Node exist in its V8', () => {
  const known = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' });
  for (const flag of wasmFlags(process.versions.node, process.arch)) expect(known).toContain(flag.replace('--no-', '--'));
});

test('relaxed SIMD can be compiled afterwards, and V8 complains of nothing', () => {
  // (module (func (param v128 v128 v128) (result v128) local.get 0 local.get 1 local.get 2 f32x4.relaxed_madd))
  const body = [0, 0x20, 0, 0x20, 1, 0x20, 2, 0xfd, 0x85, 0x02, 0x0b];
  const bytes = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 8, 1, 0x60, 3, 0x7b, 0x7b, 0x7b, 1, 0x7b, 3, 2, 1, 0, 10, body.length + 2, 1, body.length, ...body];
  const script = `
    const { enableWasmFeatures } = await import('./dist/engines/wasm/flags.js');
    enableWasmFeatures();
    enableWasmFeatures();
    console.log(WebAssembly.validate(new Uint8Array(${JSON.stringify(bytes)})));`;
  const done = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect(done.stderr).toBe('');
  expect(done.stdout).toBe('true\n');
});
