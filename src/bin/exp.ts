#!/usr/bin/env node
/** The `exp` that npm links: picks the Node to run on, prepares it and runs the command line. */
import module from 'node:module';
import { fileURLToPath } from 'node:url';
import { enableWasmFeatures } from '../engines/wasm/flags.ts';
import { betterNode, followLauncher, handOver } from './hand-over.ts';

const argv = process.argv.slice(2);
const node = betterNode(process.env);
if (node !== undefined) await handOver(node, fileURLToPath(import.meta.url), argv);

followLauncher(process.env);
enableWasmFeatures();
// Compiled code of our modules is kept between starts (Node >= 22.8; the types are those of Node 20).
if ('enableCompileCache' in module && typeof module.enableCompileCache === 'function') module.enableCompileCache();

const { main } = await import('../cli.ts');
process.exitCode = await main(argv);
