/**
 * A run's accuracy on its test images against the minutes it had trained, as an SVG.
 *
 *     tsx bench/curve.ts RUN > docs/resnet20-cifar.svg
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawPanels } from './drawing.ts';

const run = process.argv[2];
const [head, ...lines] = readFileSync(join(run, 'metrics.csv'), 'utf8').trim().split('\n').map((line) => line.split(','));
const column = (name: string): number[] => lines.map((line) => Number(line[head.indexOf(name)]));
const accuracies = column('test/accuracy');
const labelEvery = Math.max(1, Math.round(lines.length / 8));
const points = column('seconds').map((seconds, i) => ({
  x: seconds / 60, y: 100 * accuracies[i], ...(i === lines.length - 1 || (i + 1) % labelEvery === 0 ? { label: (seconds / 60).toFixed(0) } : {}),
}));
process.stdout.write(drawPanels([{ title: 'test accuracy in %, by minutes of training', scale: 'linear', from: 40, points }]));
