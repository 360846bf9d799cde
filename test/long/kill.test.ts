/** SIGKILL at random moments and inside saves; every run resumes to the bits of the undisturbed one. */
import { expect, test } from 'vitest';
import { runThroughKills } from '../commands/kill.ts';
import type { Kill } from '../commands/kill.ts';

/** About two seconds of training. */
const overrides = ['train.epochs=15', 'dataset.synthetic-digits.train_count=1500'];
const seconds = 2;
/** Kills of each kind; EXP_KILLS=200 for the full figure. */
const wanted = Number(process.env['EXP_KILLS'] ?? 20);
/** How often one run is killed before it may finish. */
const killsPerRun = 4;

test.each<[string, () => Kill]>([
  ['at random moments', () => ({ afterMilliseconds: Math.random() * 1000 * seconds })],
  ['inside a save', () => 'inside a save'],
])('killed %s', async (_name, draw) => {
  const { fingerprint: expected } = await runThroughKills(overrides, []);
  let struck = 0;
  while (struck < wanted) {
    const kills = Array.from({ length: killsPerRun }, draw);
    const result = await runThroughKills(overrides, kills);
    expect(result.fingerprint, `killed ${JSON.stringify(kills)}`).toEqual(expected);
    struck += result.struck;
  }
});
