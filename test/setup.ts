/** Before every test file: V8's features as in `exp` itself. After every test: nothing may have been printed or warned of that the test did not expect. */
import { afterEach, beforeEach } from 'vitest';
import { enableWasmFeatures } from '../src/engines/wasm/flags.ts';

enableWasmFeatures();

const methods = ['log', 'info', 'warn', 'error', 'debug'] as const;
const originals = { ...console };
let unexpected: string[] = [];

process.on('warning', (warning) => unexpected.push(`${warning.name}: ${warning.message}`));

beforeEach(() => {
  unexpected = [];
  for (const method of methods) console[method] = (...words: unknown[]) => void unexpected.push(`console.${method}: ${words.join(' ')}`);
});

afterEach(() => {
  for (const method of methods) console[method] = originals[method];
  if (unexpected.length > 0) throw new Error(`unexpected output:\n${unexpected.join('\n')}`);
});
