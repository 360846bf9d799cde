/** What `exp profile` shows, as tables that keep to a terminal's width and as data. Times are microseconds an image, all threads at work. */
import { describeBytes, describeCount, describeDuration, describeNumberOf } from '../common/describe.ts';
import type { Terminal } from '../common/terminal.ts';
import type { WorkTime } from '../engines/engine.ts';
import type { Fold } from '../network/folding.ts';
import { sumOf } from '../network/summary.ts';
import { describeFoldName, describeNamedTable, describeTitled, narrowestName } from './folded-table.ts';
import { layerTimes, threadSeconds } from './profiling.ts';
import type { Profile } from './profiling.ts';
import type { Subject } from './subject.ts';
import { breakAtDots, describeTable } from './table.ts';
import type { Column } from './table.ts';

export interface ProfileView {
  folds: readonly Fold[];
  /** Single kernel calls as well. */
  kernels: boolean;
}

export function describeProfile(subject: Subject, profile: Profile, { folds, kernels }: ProfileView, terminal: Terminal): string {
  const parts = [
    `${terminal.style('dim', `microseconds an image, in ${describeNumberOf(profile.steps, 'step')} of ${describeNumberOf(profile.batchSize, 'image')} on ${describeNumberOf(profile.threads, 'thread')}`)}\n${describeLayers(profile, folds, terminal)}`,
    describeSurroundings(profile, terminal),
    ...(kernels ? [describeKernels(profile, terminal)] : []),
    describeTotals(subject, profile, terminal),
  ];
  return parts.join('\n');
}

/** Time and arithmetic of some work. */
interface Figures {
  microseconds: number;
  /** Of all time of the threads. */
  share: number;
  methods: readonly string[];
  /** For one image: those of the definition, and those that the method makes. */
  multiplyAdds: number;
  executed: number;
  /** Billions of operations a second (a multiply-add is two), of the definition and as executed; undefined where there are none. */
  gflops?: number;
  gflopsExecuted?: number;
}

function figuresOf(times: readonly WorkTime[], { timedImages, threads, times: all }: Profile): Figures {
  const seconds = threadSeconds(times);
  const [multiplyAdds, executed] = [sumOf(times, (each) => each.multiplyAdds ?? 0), sumOf(times, (each) => each.executed ?? 0)];
  const perSecond = (count: number): number => (2 * count * timedImages * threads) / seconds / 1e9;
  return {
    microseconds: (1e6 * seconds) / threads / timedImages, share: seconds / threadSeconds(trainingTimes(all)), multiplyAdds, executed,
    methods: [...new Set(times.flatMap(({ method }) => method ?? []))],
    ...(multiplyAdds > 0 && seconds > 0 ? { gflops: perSecond(multiplyAdds), gflopsExecuted: perSecond(executed) } : {}),
  };
}

/** All that a step of training consists of. */
function trainingTimes(times: readonly WorkTime[]): WorkTime[] {
  return times.filter(({ program }) => program !== 'infer');
}

const layerColumns: readonly Column[] = [
  { title: 'layer' },
  { title: 'method', breakAt: 10 },
  { title: 'forward', right: true },
  { title: 'data', right: true },
  { title: 'weights', right: true },
  { title: 'share', right: true },
  { title: 'GFLOP/s', right: true },
  { title: 'executed', right: true },
];

function describeLayers(profile: Profile, folds: readonly Fold[], terminal: Terminal): string {
  const times = layerTimes(profile.times);
  const named = folds.map((fold) => ({ name: describeFoldName(fold), of: new Set(fold.layers.map((layer) => layer.name)) }));
  const rows = [
    ...named.map(({ name, of }) => [name, ...describeWork(times.filter(({ layer }) => of.has(layer)), profile)]),
    ['all layers', ...describeWork(times, profile).with(0, '')],
  ];
  return describeNamedTable(layerColumns, rows, terminal);
}

/** All cells but the name. */
function describeWork(times: readonly WorkTime[], profile: Profile): string[] {
  const { methods, share, gflops, gflopsExecuted } = figuresOf(times, profile);
  const passes = (['forward', 'data', 'weights'] as const).map((pass) => figuresOf(times.filter((each) => each.pass === pass), profile).microseconds);
  return [methods.join(', '), ...passes.map(describeMicroseconds), describeShare(share), describeRate(gflops), describeRate(gflopsExecuted)];
}

/** What is not the work of a layer, in words; keys as in `WorkTime.pass`. */
const surroundings: readonly { title: string; passes: readonly string[] }[] = [
  { title: 'preparing batches', passes: ['batches'] },
  { title: 'loss', passes: ['loss'] },
  { title: 'clearing gradients', passes: ['clear'] },
  { title: 'sums of shards', passes: ['start', 'finish'] },
  { title: 'reducing gradients', passes: ['reduce'] },
  { title: 'updating weights', passes: ['update'] },
  { title: 'arranging weights', passes: ['derive'] },
  { title: 'waiting', passes: ['wait'] },
];

function describeSurroundings(profile: Profile, terminal: Terminal): string {
  const others = aroundTimes(profile);
  const columns = [{ title: 'around the layers' }, { title: 'time', right: true }, { title: 'share', right: true }, { title: 'of each thread', right: true }];
  const rows = surroundings.map(({ title, passes }) => {
    const times = others.filter(({ pass }) => passes.includes(pass));
    const { microseconds, share } = figuresOf(times, profile);
    return [title, describeMicroseconds(microseconds), describeShare(share), describeSpread(sharesByThread(times, profile))];
  });
  return describeTable(columns, rows, terminal);
}

function aroundTimes({ times }: Profile): WorkTime[] {
  return times.filter(({ program, pass }) => program === 'around' || (program === 'train' && pass === 'loss'));
}

/** Of the thread's own time. */
function sharesByThread(times: readonly WorkTime[], { times: all, threads }: Profile): number[] {
  const secondsOf = (of: readonly WorkTime[], thread: number): number => sumOf(of, ({ seconds }) => seconds[thread]);
  return Array.from({ length: threads }, (_, thread) => secondsOf(times, thread) / secondsOf(trainingTimes(all), thread));
}

/** More threads than these are told by the least and the most. */
const listedThreads = 4;

function describeSpread(shares: readonly number[]): string {
  if (shares.length <= listedThreads) return shares.map(describeShare).join('  ');
  return `${describeShare(Math.min(...shares))} to ${describeShare(Math.max(...shares))}`;
}

const kernelColumns: readonly Column[] = [{ title: 'kernel' }, { title: 'method' }, { title: 'time', right: true }, { title: 'share', right: true }];

function describeKernels(profile: Profile, terminal: Terminal): string {
  const rows = kernelCalls(profile).map(({ kernel, times }) => {
    const { methods, microseconds, share } = figuresOf(times, profile);
    return [kernel, methods.join(', '), describeMicroseconds(microseconds), describeShare(share)];
  });
  return describeNamedTable(kernelColumns, rows, terminal);
}

interface KernelCalls {
  kernel: string;
  layer: string;
  pass: string;
  times: WorkTime[];
}

/** Calls of one name together, the most expensive first. */
function kernelCalls({ times }: Profile): KernelCalls[] {
  const calls = new Map<string, KernelCalls>();
  for (const each of times.filter(({ program }) => program === 'train')) {
    // Kernels that inference has as well are numbered: `conv1.forward~1`.
    const kernel = each.pass === 'loss' ? `${each.layer}.loss` : each.kernel.replace(/~\d+$/, '');
    const known = calls.get(kernel);
    if (known) known.times.push(each);
    else calls.set(kernel, { kernel, layer: each.layer, pass: each.pass, times: [each] });
  }
  return [...calls.values()].toSorted((a, b) => threadSeconds(b.times) - threadSeconds(a.times));
}

/** All columns but the name, as wide as they usually are. */
const otherCells = 64;

/** In the table of layers on this terminal. */
export function linesOfName(fold: Fold, terminal: Terminal): number {
  return breakAtDots(describeFoldName(fold), Math.max(narrowestName, terminal.columns - otherCells)).split('\n').length;
}

const titleCells = 12;

function describeTotals({ summary }: Subject, profile: Profile, terminal: Terminal): string {
  const { imagesPerSecond, engine, prediction, plannedBytes, peakBytes, threads } = profile;
  const { multiplyAdds, executed } = figuresOf(layerTimes(profile.times), profile);
  const giga = (count: number): string => describeRate(2e-9 * count * imagesPerSecond.training);
  const within = summary.layers.length - new Set(layerTimes(profile.times).filter((each) => threadSeconds([each]) > 0).map(({ layer }) => layer)).size;
  const images = prediction ? `; the dataset's images take ${describeBytes(prediction.datasetBytes)} more` : '';
  const lines: [string, string][] = [
    ['training', `${describeRate(imagesPerSecond.training)} images/s on ${describeNumberOf(threads, 'thread')} (${describeRate(imagesPerSecond.timed)} with every call timed)`],
    ['evaluation', `${describeRate(imagesPerSecond.evaluation)} images/s`],
    ['arithmetic', `${giga(multiplyAdds)} GFLOP/s by the definition of the layers, ${giga(executed)} executed`],
    ...predictionLines(prediction),
    ['memory', `${describeBytes(plannedBytes)} planned, ${describeBytes(peakBytes)} the process at its peak${images}`],
    ['engine', `${engine.name}, ${describeKernelsOf(engine.details)}${engine.numerics}`],
    ...(within > 0 ? [['not shown', `${describeNumberOf(within, 'layer')} done within ${within === 1 ? 'its' : 'their'} neighbours`] satisfies [string, string]] : []),
  ];
  return describeTitled(lines, titleCells, terminal);
}

function predictionLines(prediction: Profile['prediction']): [string, string][] {
  if (!prediction) return [['epoch', 'only the data tells how many images there are: it is not here']];
  const { trainCount, testCount, validationCount, epochs, trainingSeconds, evaluationSeconds, totalSeconds } = prediction;
  const parts = `${describeCount(trainCount)} training images ${describeDuration(trainingSeconds)}, ${describeCount(testCount + validationCount)} to evaluate ${describeDuration(evaluationSeconds)}`;
  return [
    ['epoch', `about ${describeDuration(trainingSeconds + evaluationSeconds)}: ${parts}`],
    ['in all', `about ${describeDuration(totalSeconds)} for ${describeNumberOf(epochs, 'epoch')}`],
  ];
}

function describeKernelsOf(details: Profile['engine']['details']): string {
  return typeof details['kernels'] === 'string' ? `${details['kernels']} kernels, ` : '';
}

function describeMicroseconds(microseconds: number): string {
  if (microseconds === 0) return '';
  return microseconds < 99.95 ? microseconds.toFixed(1) : describeCount(microseconds);
}

function describeShare(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function describeRate(perSecond: number | undefined): string {
  if (perSecond === undefined) return '';
  return perSecond < 9.95 ? perSecond.toFixed(1) : describeCount(perSecond);
}

/** Keys are stable: scripts rely on them. Times are microseconds an image with all threads at work; shares are of all time of the threads. */
export function profileAsData({ experiment, summary }: Subject, profile: Profile, kernels: boolean): unknown {
  const { imagesPerSecond, engine, prediction } = profile;
  const times = layerTimes(profile.times);
  const all = figuresOf(times, profile);
  return {
    name: experiment.name,
    engine: { name: engine.name, numerics: engine.numerics, kernels: engine.details['kernels'] ?? null },
    threads: profile.threads,
    batch_size: profile.batchSize,
    steps: profile.steps,
    images_per_second: imagesPerSecond.training,
    images_per_second_timed: imagesPerSecond.timed,
    evaluation_images_per_second: imagesPerSecond.evaluation,
    multiply_adds: all.multiplyAdds,
    executed: all.executed,
    gflops: 2e-9 * all.multiplyAdds * imagesPerSecond.training,
    gflops_executed: 2e-9 * all.executed * imagesPerSecond.training,
    planned_bytes: profile.plannedBytes,
    peak_bytes: profile.peakBytes,
    prediction: prediction ? {
      train_count: prediction.trainCount,
      test_count: prediction.testCount,
      validation_count: prediction.validationCount,
      epochs: prediction.epochs,
      epoch_seconds: prediction.trainingSeconds + prediction.evaluationSeconds,
      total_seconds: prediction.totalSeconds,
    } : null,
    layers: summary.layers.map(({ name, type }) => {
      const ofLayer = times.filter(({ layer }) => layer === name);
      const inPass = (pass: string): number => figuresOf(ofLayer.filter((each) => each.pass === pass), profile).microseconds;
      return { name, type, forward: inPass('forward'), data: inPass('data'), weights: inPass('weights'), ...figuresAsData(figuresOf(ofLayer, profile)) };
    }),
    around: surroundings.flatMap(({ passes }) => passes).map((work) => {
      const ofWork = aroundTimes(profile).filter(({ pass }) => pass === work);
      const { microseconds, share } = figuresOf(ofWork, profile);
      return { work, microseconds, share, by_thread: sharesByThread(ofWork, profile) };
    }),
    ...(kernels ? { kernels: kernelCalls(profile).map(({ kernel, layer, pass, times: of }) => ({ kernel, layer, pass, ...figuresAsData(figuresOf(of, profile)) })) } : {}),
  };
}

function figuresAsData({ microseconds, share, methods, multiplyAdds, executed, gflops, gflopsExecuted }: Figures): object {
  return { microseconds, share, methods, multiply_adds: multiplyAdds, executed, gflops: gflops ?? null, gflops_executed: gflopsExecuted ?? null };
}
