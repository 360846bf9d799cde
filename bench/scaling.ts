/**
 * How the training speed of `exp` grows: with threads, with the batch, with the size of the images; and what it costs that results are
 * the same for every number of threads. Each series is measured in interleaved rounds; prints Markdown, and draws docs/performance.svg.
 *
 *     npm run bench:scaling -- [--rounds 7] [--series threads,bits,batch,size,large] [--svg FILE]
 */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { Engine } from '../src/engines/engine.ts';
import { compiled } from './compiled.ts';
import { drawPanels, type Panel } from './drawing.ts';
import { describeMachine } from './machine.ts';
import { ratioByRound, spread } from './summary.ts';

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '7' }, series: { type: 'string', default: 'threads,bits,batch,size,large' }, svg: { type: 'string' } },
});

const { loadExperiment } = await compiled<typeof import('../src/config/index.ts')>('config/index.js');
const { buildNetwork, initialWeights } = await compiled<typeof import('../src/network/index.ts')>('network/index.js');
const { multiplyAdds } = await compiled<typeof import('../src/network/network.ts')>('network/network.js');
const { datasetFacts } = await compiled<typeof import('../src/datasets/index.ts')>('datasets/index.js');
const { createWasmEngine } = await compiled<typeof import('../src/engines/wasm/engine.ts')>('engines/wasm/engine.js');

/** One point of a series. */
interface Case {
  label: string;
  /** Along the axis of the drawing. */
  x: number;
  file: string;
  batch: number;
  threads: number;
  overrides?: string[];
  shards?: number;
}

interface Session extends Case {
  engine: Engine;
  multiplyAdds: number;
  steps: number;
  done: number;
}

interface Measured { label: string; x: number; best: number; median: number; gigaflops: number; mebibytes: number; /** Absent where cases were not measured in turn. */ toFirst: number | undefined }

const processors = availableParallelism();
const deepconvnet = 'configs/deepconvnet.yaml';
const resnet18 = 'configs/resnet18.yaml';
const sized = (size: number): string[] => [`dataset.random.shape=[3, ${size}, ${size}]`];

const series: Record<string, { title: string; column: string; cases: Case[] }> = {
  threads: {
    title: 'Threads: DeepConvNet, batch 100', column: 'threads',
    cases: Array.from({ length: processors }, (_, i) => ({ label: String(i + 1), x: i + 1, file: deepconvnet, batch: 100, threads: i + 1 })),
  },
  bits: {
    title: 'The same bits for any number of threads: DeepConvNet, batch 100', column: 'gradients are summed by',
    cases: [
      { label: 'shards that do not depend on threads', x: 0, file: deepconvnet, batch: 100, threads: processors },
      { label: 'threads', x: 1, file: deepconvnet, batch: 100, threads: processors, shards: processors },
    ],
  },
  batch: {
    title: `Batch: DeepConvNet, ${processors} threads`, column: 'images of a batch',
    cases: [8, 16, 32, 64, 100, 128, 256, 512].map((batch) => ({ label: String(batch), x: batch, file: deepconvnet, batch, threads: processors })),
  },
  size: {
    title: `Image size: ResNet-18, batch 16, ${processors} threads`, column: 'size',
    cases: [32, 64, 96, 128, 160, 224].map((size) => ({ label: `3×${size}×${size}`, x: size, file: resnet18, batch: 16, threads: processors, overrides: sized(size) })),
  },
  large: {
    title: `Networks for ImageNet: 3×224×224, batch 8, ${processors} threads`, column: 'network',
    cases: ['alexnet', 'vgg16', 'googlenet', 'resnet18', 'resnet50', 'mobilenet-v2'].map((name, x) => ({ label: name, x, file: `configs/${name}.yaml`, batch: 8, threads: processors })),
  },
};

console.log(`${describeMachine()}; ${options.rounds} interleaved rounds\n`);
/** Of the series that are drawn. */
const drawnTitles: Record<string, string | undefined> = { batch: 'DeepConvNet, images/s by batch', size: 'ResNet-18, images/s by image size' };
const drawn: Panel[] = [];
for (const name of options.series.split(',')) {
  const { title, column, cases } = series[name];
  // Large networks one after the other: together they would not fit.
  const measured = name === 'size' || name === 'large' ? await oneByOne(cases) : await together(cases);
  console.log(describe(title, column, measured));
  const drawnTitle = drawnTitles[name];
  if (drawnTitle === undefined) continue;
  drawn.push({ title: drawnTitle, scale: 'logarithmic', points: measured.map(({ label, x, median: y }) => ({ label: label.replace(/^3×\d+×/, ''), x, y })) });
}
if (options.svg !== undefined) writeFileSync(options.svg, drawPanels(drawn));

async function together(cases: readonly Case[]): Promise<Measured[]> {
  const sessions = await Promise.all(cases.map(start));
  const speeds = sessions.map((): number[] => []);
  for (let round = -1; round < Number(options.rounds); round++) {
    for (const [i, session] of sessions.entries()) {
      const speed = await measure(session);
      if (round >= 0) speeds[i].push(speed);
    }
  }
  await Promise.all(sessions.map(({ engine }) => engine.close()));
  return sessions.map((session, i) => summary(session, speeds[i], speeds[0]));
}

async function oneByOne(cases: readonly Case[]): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const each of cases) {
    const session = await start(each);
    await measure(session);
    const speeds: number[] = [];
    for (let round = 0; round < Number(options.rounds); round++) speeds.push(await measure(session));
    await session.engine.close();
    measured.push(summary(session, speeds));
  }
  return measured;
}

function summary({ label, x, engine, multiplyAdds: work }: Session, speeds: readonly number[], first?: readonly number[]): Measured {
  const { best, median } = spread(speeds);
  // Forward, and twice as much backward.
  return { label, x, best, median, gigaflops: (6 * work * median) / 1e9, mebibytes: engine.memoryBytes / 2 ** 20, toFirst: first && ratioByRound(speeds, [first])?.median };
}

async function start(each: Case): Promise<Session> {
  const { experiment } = loadExperiment({ file: each.file, overrides: [`train.batch_size=${each.batch}`, ...(each.overrides ?? [])] });
  const { model, train, dataset, seed } = experiment;
  const network = buildNetwork(model, train.loss, datasetFacts(dataset));
  const engine = await createWasmEngine({ network, threads: each.threads, training: { batchSize: each.batch, optimizer: train.optimizer, seed } }, { shards: each.shards });
  await engine.load(initialWeights(network, model.initializer, seed));
  const work = multiplyAdds(network);
  // About a third of a second on two threads.
  const steps = Math.max(1, Math.round(5e10 / (work * each.batch)));
  const { channels, height, width } = network.input;
  const count = steps * each.batch;
  const pixels = new Uint8Array(new SharedArrayBuffer(count * channels * height * width));
  for (let i = 0; i < pixels.length; i++) pixels[i] = Math.imul(i, 2654435761) >>> 24;
  const labels = new Int32Array(new SharedArrayBuffer(4 * count));
  labels.forEach((_, i) => { labels[i] = i % network.classes; });
  const mean = Array.from({ length: channels }, () => 0), deviation = mean.map(() => 1);
  await engine.attach('train', { pixels, labels, count, channels, height, width, mean, deviation, augmentation: [], shuffle: false, seed });
  return { ...each, engine, multiplyAdds: work, steps, done: 0 };
}

/** Images a second over a few steps. */
async function measure(session: Session): Promise<number> {
  const { engine, steps, done, batch } = session;
  const begin = performance.now();
  await engine.train('train', { epoch: done, fromStep: 0, toStep: steps, stepsBefore: done * steps, learningRates: new Float64Array(steps).fill(1e-6) });
  session.done++;
  return (1000 * steps * batch) / (performance.now() - begin);
}

function describe(title: string, column: string, measured: readonly Measured[]): string {
  const compared = measured.some(({ toFirst }) => toFirst !== undefined);
  const rows = measured.map(({ label, best, median, gigaflops, mebibytes, toFirst }) =>
    `| ${label} | ${figure(best)} | ${figure(median)} | ${gigaflops.toFixed(0)} | ${mebibytes.toFixed(0)} |${compared ? ` ${toFirst!.toFixed(2)} |` : ''}`);
  const head = `| ${column} | images/s, best | median | GFLOP/s | MiB planned |${compared ? ' of the first, median by round |' : ''}`;
  return [`**${title}**`, '', head, `|---|---:|---:|---:|---:|${compared ? '---:|' : ''}`, ...rows, ''].join('\n');
}

function figure(speed: number): string {
  return speed < 100 ? speed.toFixed(1) : Math.round(speed).toLocaleString('en');
}
