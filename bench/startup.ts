/**
 * How long a person waits, and how much memory is taken: whole processes, started as the compiled `bin`.
 *
 *     npm run bench:startup -- [--runs 10] [--config configs/deepconvnet.yaml] [--json]
 *
 * Start-up times are from the start of the process to its end; the time to the first step is from the start of the
 * process until the display in a terminal (script(1) of util-linux) shows a step done; memory is VmHWM of the process.
 */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine, systemNode } from './machine.ts';
import { median } from './summary.ts';

const { values: options } = parseArgs({
  options: { runs: { type: 'string', default: '10' }, config: { type: 'string', default: 'configs/deepconvnet.yaml' }, json: { type: 'boolean', default: false } },
});
const runs = Number(options.runs);
const launcher = 'dist/bin/exp.js';
const trainingSeconds = 15;

interface Way {
  name: string;
  node: string;
  environment: NodeJS.ProcessEnv;
}

const ways: Way[] = [{ name: `Node ${process.versions.node}`, node: process.execPath, environment: process.env }];
const older = systemNode();
if (older !== undefined && realpathSync(older) !== realpathSync(process.execPath)) {
  const version = spawnSync(older, ['--version'], { encoding: 'utf8' }).stdout.trim().slice(1);
  ways.push({ name: `Node ${version}, handing over`, node: older, environment: process.env });
  ways.push({ name: `Node ${version} alone`, node: older, environment: { ...process.env, EXP_NODE: 'system' } });
}

interface Times {
  best: number;
  median: number;
}
const results: { way: string; versionSeconds: Times; validateSeconds: Times; firstStepSeconds?: Times; peakMebibytes?: number }[] = [];
for (const way of ways) {
  results.push({
    way: way.name,
    versionSeconds: wholeProcess(way, '--version'),
    validateSeconds: wholeProcess(way, 'validate', options.config),
    firstStepSeconds: await firstStepSeconds(way),
    peakMebibytes: way.name.includes('handing') ? undefined : await peakMebibytes(way),
  });
}
report();

function wholeProcess(way: Way, ...argv: string[]): Times {
  const seconds = Array.from({ length: runs }, () => {
    const start = performance.now();
    const done = spawnSync(way.node, [launcher, ...argv], { env: way.environment, encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`exp ${argv.join(' ')} failed: ${done.stderr}`);
    return (performance.now() - start) / 1000;
  });
  return { best: Math.min(...seconds), median: median(seconds) };
}

/** Trains in a folder of its own, to be stopped; `script` gives it a terminal, so that it shows every step. */
async function training<T>(way: Way, terminal: boolean, use: (child: ChildProcess, start: number) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'exp-bench-'));
  const argv = [launcher, 'run', options.config, '--out', folder];
  const start = performance.now();
  const child = terminal
    ? spawn('script', ['-qec', [way.node, ...argv].join(' '), '/dev/null'], { env: { ...way.environment, COLUMNS: '160' }, stdio: ['pipe', 'pipe', 'ignore'] })
    : spawn(way.node, argv, { env: way.environment, stdio: 'ignore' });
  const exit = once(child, 'exit');
  try {
    return await use(child, start);
  } finally {
    if (terminal) child.stdin!.write('\u0003');
    else child.kill('SIGINT');
    await exit;
    rmSync(folder, { recursive: true });
  }
}

async function firstStepSeconds(way: Way): Promise<Times | undefined> {
  if (spawnSync('script', ['--version']).error) return undefined;
  const seconds: number[] = [];
  for (let run = 0; run < Math.min(runs, 5); run++) {
    seconds.push(await training(way, true, async (child, start) => {
      let text = '';
      while (!/step [1-9]\d*\//.test(text)) text += String((await once(child.stdout!, 'data'))[0]);
      return (performance.now() - start) / 1000;
    }));
  }
  return { best: Math.min(...seconds), median: median(seconds) };
}

/** Highest resident memory of the process, data and threads included, some seconds into training. */
async function peakMebibytes(way: Way): Promise<number> {
  return training(way, false, async (child) => {
    await new Promise((resolve) => setTimeout(resolve, trainingSeconds * 1000));
    const kibibytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))![1];
    return Math.round(Number(kibibytes) / 1024);
  });
}

function pair(times: Times | undefined): string {
  return times ? `${times.best.toFixed(3)} / ${times.median.toFixed(3)}` : '-';
}

function report(): void {
  if (options.json) return console.log(JSON.stringify({ machine: describeMachine(), config: options.config, runs, results }, undefined, 2));
  console.log(`${options.config}, ${runs} runs each, best / median seconds\n${describeMachine()}`);
  for (const { way, versionSeconds, validateSeconds, firstStepSeconds: first, peakMebibytes: peak } of results) {
    console.log(`${way.padEnd(28)}  --version ${pair(versionSeconds)}   validate ${pair(validateSeconds)}   first step ${pair(first)}   peak memory ${peak ?? '-'} MiB`);
  }
}
