/**
 * What documents tell people to type works: every command, every configuration, every link.
 * `exp run` and `npx exp run` are given `--dry-run` here; bench/two-commands.sh runs the README's commands as they are.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseOptions } from '../../bench/options.ts';
import { loadExperiment } from '../../src/config/index.ts';
import { projectFiles } from './sources.ts';

const documents = projectFiles().filter((file) => file.endsWith('.md') && !file.startsWith('docs/reference/'));
const scripts: Record<string, string> = JSON.parse(readFileSync('package.json', 'utf8')).scripts;

interface Block {
  document: string;
  language: string;
  line: number;
  text: string;
}

const blocks: Block[] = documents.flatMap((document) => {
  const text = readFileSync(document, 'utf8');
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map((match) => ({
    document, language: match[1], text: match[2], line: text.slice(0, match.index).split('\n').length,
  }));
});

const inLanguage = (language: string): Block[] => blocks.filter((block) => block.language === language);
const whole = /^dataset:/m;

/** A folder with the project's configurations and one finished run, as a user would have it. */
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'exp-documents-'));
  cpSync('configs', join(folder, 'configs'), { recursive: true });
  cpSync('runs/README.md', join(folder, 'runs/README.md'));
  const tiny = ['dataset={ synthetic-digits: { train_count: 200, test_count: 100 } }', 'train.epochs=1'];
  const done = exp('run', 'configs/deepconvnet.yaml', '--quiet', ...tiny);
  if (done.status !== 0) throw new Error(done.stderr);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function exp(...argv: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [resolve('dist/bin/exp.js'), ...argv], { cwd: folder, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } });
}

/** `runs/*` becomes everything in `runs/`, the README that is there too. */
function asShellsDo(word: string): string[] {
  return word.endsWith('/*') ? readdirSync(join(folder, word.slice(0, -2))).map((name) => word.replace('*', name)) : [word];
}

describe('configurations', () => {
  const base = inLanguage('yaml').find((block) => block.document === 'docs/language.md' && whole.test(block.text))!;

  test.each(inLanguage('yaml'))('$document:$line', ({ text }) => {
    writeFileSync(join(folder, 'base.yaml'), base.text);
    const file = join(folder, 'documented.yaml');
    writeFileSync(file, whole.test(text) ? text : `extends: base.yaml\n${text}`);
    expect(loadExperiment({ file, environment: {} }).experiment.model.layers.length).toBeGreaterThan(0);
  });
});

describe('commands', () => {
  const lines = inLanguage('sh').flatMap(({ document, line, text }) =>
    text.split('\n').flatMap((row, i) => row.replace(/\s+#.*$/, '').split(/ && | \| /).map((command) => ({ where: `${document}:${line + 1 + i}`, command: command.trim() }))));

  test.each(lines.filter(({ command }) => /^(npx )?exp /.test(command)))('$where $command', ({ command }) => {
    const argv = command.replace(/^(npx )?exp /, '').split(/\s+/).flatMap(asShellsDo);
    const done = exp(...argv, ...(argv[0] === 'run' ? ['--dry-run'] : []));
    expect(done.status === 0 ? 'done' : done.stderr).toBe('done');
  });

  test.each(lines.filter(({ command }) => command.startsWith('npm ')))('$where $command', ({ command }) => {
    const [script, argv] = command.split(' -- ');
    expect(['npm ci', 'npm test', ...Object.keys(scripts).map((name) => `npm run ${name}`)]).toContain(script);
    if (argv !== undefined) expect(script === 'npm run bench' && parseOptions(argv.split(/\s+/))).toBeTruthy();
  });

  test('there are some', () => {
    expect(lines.length).toBeGreaterThan(10);
  });
});

describe('links', () => {
  test.each(documents)('%s', (document) => {
    const targets = [...readFileSync(document, 'utf8').matchAll(/\]\(([^)#\s]+)(#[^)]*)?\)/g)].map((match) => match[1]).filter((target) => !/^https?:/.test(target));
    expect(targets.filter((target) => !existsSync(join(dirname(document), target)))).toEqual([]);
  });
});

test('the program of docs/api.md runs in a project that has the package installed', () => {
  const { text } = inLanguage('ts').find((block) => block.document === 'docs/api.md')!;
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(process.cwd(), join(folder, 'node_modules', 'exp-convnet'));
  writeFileSync(join(folder, 'program.mjs'), text);
  const done = spawnSync(process.execPath, ['program.mjs'], { cwd: folder, encoding: 'utf8' });
  expect(done.stderr).toBe('');
  expect(done.stdout).toContain('[ 2, 10 ]');
  expect(done.stdout).toContain('[ 2, 16, 14, 14 ]');
  expect(done.stdout).toMatch(/train\.epoch\b/);
  expect(existsSync(join(folder, 'digits.safetensors'))).toBe(true);
});
