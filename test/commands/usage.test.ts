/** Wrong input to every command: one clear message, the right exit code, never a stack trace. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { execute } from '../../src/cli.ts';
import { memoryTerminal } from '../../src/common/terminal.ts';
import { makeRun, temporaryDirectory } from '../runs/sample.ts';
import { run } from './execute.ts';
import { tiny } from './process.ts';

const root = join(temporaryDirectory(), 'runs');
makeRun(root, 'tiny-001');
mkdirSync(join(root, '..', 'empty'));
const empty = join(root, '..', 'empty');
writeFileSync(join(root, '..', 'bad.yaml'), 'name: bad\ndataset: mnist\nmodel:\n  layers:\n    - con: 3\n');

describe('usage', () => {
  test.each<[string[], RegExp]>([
    [['rnu'], /^unknown command 'rnu'\n {2}Did you mean run\?\n {2}exp --help shows/],
    [['--verbos'], /^unknown option '--verbos'/],
    [['run'], /^missing required argument 'file'\n {2}exp run --help shows what can be given\n$/],
    [['run', tiny, '--epoch', '3'], /^unknown option '--epoch'\n {2}Did you mean --epochs\?/],
    [['run', tiny, '--epochs', 'three'], /'--epochs <number>' argument 'three' is invalid\. It must be a whole number of at least 1\./],
    [['run', tiny, '--epochs', '0'], /argument '0' is invalid/],
    [['run', tiny, '--threads', '1e9'], /It must be a whole number from 1 to 256\./],
    [['run', tiny, '--seed', '-1'], /argument '-1' is invalid/],
    [['run', tiny, 'train.epoch=3', '--dry-run'], /train\.epoch\b.*\n[^]*epochs/],
    [['run', tiny, '--name', '../evil', '--dry-run'], /name/],
    [['run', join(root, '..', 'absent.yaml')], /absent\.yaml/],
    [['run', root], /runs/],
    [['run', join(root, '..', 'bad.yaml')], /bad\.yaml:5:\d+ .*con\b[^]*\n {4}\| +\^+\n/],
    [['resume'], /^missing required argument 'run'/],
    [['resume', 'tiny-009', '--out', root], /^"tiny-009" is no run\n {2}did you mean tiny-001\?\n$/],
    [['resume', 'latest', '--out', empty], /^"latest" is no run, and .*empty holds none\n {2}exp run /],
    [['resume', 'tiny-001', '--out', root], /^tiny-001 is completed/],
    [['eval', 'tiny-001', '--out', root], /^tiny-001 has no weights yet: there is no .*last\.safetensors/],
    [['eval', 'tiny-001', '--out', root, '--checkpoint', 'first'], /argument 'first' is invalid\. Allowed choices are best, last\./],
    [['eval', 'a', 'b'], /too many arguments/],
    [['predict', 'tiny-001'], /^missing required argument 'images'/],
    [['predict', 'nothing', 'x.png', '--out', root], /^"nothing" is no run/],
    [['compare', 'none*', '--out', root], /^"none\*" selects no run/],
    [['compare', root, '--sort-order', 'up'], /Allowed choices are asc, desc\./],
    [['compare', root, '--md', '--csv'], /cannot be used with/],
  ])('exp %j', async (argv, message) => {
    const { code, stdout, stderr } = await run(argv);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^ +at |internal error/m);
  });

  test('problems as JSON with --json', async () => {
    const { code, stdout, stderr } = await run(['compare', 'none*', '--out', root, '--json']);
    expect({ code, stderr }).toEqual({ code: 2, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({ problems: [{ code: 'no-run', message: '"none*" selects no run', fix: 'exp ls shows the runs that there are' }] });
    expect(JSON.parse((await run(['compare', '--jsn', '--json'])).stdout).problems).toMatchObject([{ code: 'usage', message: "unknown option '--jsn'" }]);
  });

  test.each([[[]], [['--help']], [['help']], [['help', 'run']], [['run', '--help']], [['--version']]])('exp %j is help, on stdout, exit 0', async (argv) => {
    const { code, stdout, stderr } = await run(argv);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(argv.includes('run') ? /exp run configs\/quickstart\.yaml/ : argv[0] === '--version' ? /^\d+\.\d+\.\d+\n$/ : /compare .*Show runs side by side/);
  });
});

describe('a mistake of ours', () => {
  const broken = async (environment: Record<string, string>): Promise<{ code: number; stderr: string }> => {
    const stderr = memoryTerminal();
    const stdout = { ...memoryTerminal(), write: () => { throw new TypeError('the printer is on fire'); } };
    const code = await execute(['ls', root], { argv: ['ls', root], environment, stdout, stderr, exitCode: 0 });
    return { code, stderr: stderr.text };
  };

  test('is said to be one, with where to report it; exit 1', async () => {
    const { code, stderr } = await broken({});
    expect(code).toBe(1);
    expect(stderr).toMatch(/^internal error: the printer is on fire\n {2}this is a mistake in exp, please report it: .*\n {2}EXP_DEBUG=1 shows where it happened\n$/);
  });

  test('shows its stack with EXP_DEBUG', async () => {
    expect((await broken({ EXP_DEBUG: '1' })).stderr).toMatch(/\n +at .*usage\.test\.ts/);
  });
});
