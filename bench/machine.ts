/** The machine a measurement was made on, and how fast it happens to be at this moment: shared machines vary by the minute. */
import { existsSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { delimiter, join } from 'node:path';

export function describeMachine(): string {
  const processors = cpus();
  return `${processors.length} × ${processors[0]?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
}

const calibrationRuns = 5;
const calibrationSteps = 4_000_000;

/** Million multiply-adds a second of a dependent chain in plain JavaScript, best of a few: nothing but the clock of one core. */
export function calibrate(): number {
  let best = 0;
  for (let run = 0; run < calibrationRuns; run++) {
    const start = performance.now();
    let x = 0.5;
    for (let i = 0; i < calibrationSteps; i++) x = x * 0.9999999 + 1e-7;
    const seconds = (performance.now() - start) / 1000;
    // `x` stays near 0.5; the comparison keeps the loop from being removed.
    if (x > 0) best = Math.max(best, calibrationSteps / seconds / 1e6);
  }
  return best;
}

/** A warning where others are at work too. */
export function describeLoad(): string | undefined {
  const load = loadavg()[0];
  if (load <= 0.5) return undefined;
  return `the machine is busy (load ${load.toFixed(1)}): contenders that wait for all their threads suffer most; measure on a quiet one`;
}

/** The Node that is found outside of node_modules, where npm's scripts put the one that came with the install first. */
export function systemNode(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'));
  return folders.map((folder) => join(folder, 'node')).find((path) => existsSync(path));
}
