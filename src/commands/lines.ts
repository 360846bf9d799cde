/** What `exp run` says about a run: its beginning, every epoch, its end. Text for people, on stderr and in log.txt. */
import { describeBytes, describeCount, describeDuration, describeLoss, describeMagnitude, describeNumberOf, describePercent } from '../common/describe.ts';
import type { Terminal } from '../common/terminal.ts';
import type { LoadedDataset } from '../datasets/dataset.ts';
import type { Engine } from '../engines/engine.ts';
import { multiplyAdds, parameterCount } from '../network/network.ts';
import type { Network } from '../network/network.ts';
import type { EpochMetrics } from '../training/state.ts';
import { describeMemory } from './planned-memory.ts';
import type { TrainingMemory } from './planned-memory.ts';

type Styler = Pick<Terminal, 'style'>;

export function describeNetwork(name: string, network: Network, styler: Styler): string {
  const weighted = network.layers.filter((layer) => layer.multiplyAdds > 0).length;
  const facts = `${describeNumberOf(weighted, 'layer')} with weights, ${describeCount(parameterCount(network))} parameters, ${describeMagnitude(multiplyAdds(network))} multiply-adds an image`;
  return `${label('network', styler)}${styler.style('bold', name)}: ${facts}`;
}

export function describeData(dataset: LoadedDataset, styler: Styler): string {
  const { actual, train, test, validation, classes } = dataset;
  const rest = validation ? `, ${describeCount(validation.count)} for validation` : '';
  return `${label('data', styler)}${actual}: ${describeCount(train.count)} training and ${describeCount(test.count)} test images${rest}, ${classes} classes`;
}

/** Loud: the figures of this run are not those of the data that was asked for. */
export function describeSubstitution(substitution: string, styler: Styler): string {
  const lines = ['NOT THE CONFIGURED DATA', substitution, 'the figures below say nothing about it; run.json and exp compare keep saying so'];
  return lines.map((line) => styler.style(['bold', 'yellow'], `!! ${line}`)).join('\n');
}

export function describeEngine({ record, memoryBytes }: Engine, threads: number, styler: Styler): string {
  return `${label('engine', styler)}${record.name} (${record.numerics}), ${describeNumberOf(threads, 'thread')}, ${describeBytes(memoryBytes)}`;
}

export function describePlace(directory: string, styler: Styler): string {
  return `${label('run', styler)}${directory}`;
}

/** What the first steps of a training predict. */
export function describePrediction({ epochSeconds, seconds, epochs }: { epochSeconds: number; seconds: number; epochs: number }, styler: Styler): string {
  return `${label('time', styler)}about ${describeDuration(epochSeconds)} an epoch, ${describeDuration(seconds)} for ${describeNumberOf(epochs, 'epoch')}, by the speed of the first steps`;
}

export function describePlannedMemory(memory: TrainingMemory, styler: Styler): string {
  return `${label('memory', styler)}${describeMemory(memory)}`;
}

/** What is known before anything runs. `counts`: undefined where only the data tells. */
export function describeWork(network: Network, counts: { train: number | undefined; evaluated: number | undefined }, epochs: number, styler: Styler): string {
  const perImage = multiplyAdds(network);
  const trained = `${describeMagnitude(trainedPasses * perImage)} multiply-adds for each image that is trained on`;
  if (counts.train === undefined) return `${label('work', styler)}${trained}`;
  const epoch = perImage * (trainedPasses * counts.train + (counts.evaluated ?? 0));
  return `${label('work', styler)}${trained}, ${describeMagnitude(epoch)} an epoch, ${describeMagnitude(epochs * epoch)} for ${describeNumberOf(epochs, 'epoch')}`;
}

/** Forward, gradients to the data, gradients to the weights: each as many multiply-adds as forward alone. */
const trainedPasses = 3;

/** The head of the lines that `describeEpoch` gives. */
export function describeEpochHead(hasValidation: boolean, styler: Styler): string {
  const split = (name: string): string => `${`${name} loss`.padStart(lossCells)}${'accuracy'.padStart(accuracyCells)}`;
  const line = `${'epoch'.padEnd(epochCells)}${split('train')}${hasValidation ? split('valid.') : ''}${split('test')}  ${'images/s'.padStart(rateCells)}${'time'.padStart(timeCells)}`;
  return styler.style('dim', line);
}

/** `  3/20       0.0812   97.42 %      0.0301   99.01 % *     8,120     7.4 s`; the star marks the best so far. */
export function describeEpoch(metrics: EpochMetrics, how: { epochs: number; isBest: boolean; imagesPerSecond: number; seconds: number }, styler: Styler): string {
  const split = (name: 'train' | 'test' | 'validation'): string =>
    `${describeLoss(metrics[`${name}/loss`] ?? NaN).padStart(lossCells)}${describePercent(metrics[`${name}/accuracy`] ?? NaN).padStart(accuracyCells)}`;
  const epoch = `${String(metrics.epoch).padStart(String(how.epochs).length)}/${how.epochs}`.padEnd(epochCells);
  const validation = metrics['validation/loss'] === undefined ? '' : split('validation');
  const best = how.isBest ? styler.style('green', ' *') : '  ';
  return `${epoch}${split('train')}${validation}${split('test')}${best}${describeCount(how.imagesPerSecond).padStart(rateCells)}${describeDuration(how.seconds).padStart(timeCells)}`;
}

const epochCells = 9;
const lossCells = 12;
const accuracyCells = 10;
const rateCells = 10;
const timeCells = 10;

export interface Ending {
  directory: string;
  last: EpochMetrics;
  best: EpochMetrics;
  testCount: number;
  chosenOn: 'validation' | 'test';
  seconds: number;
  substitution?: string;
}

export function describeEnding(ending: Ending, styler: Styler): string {
  const { last, best, chosenOn } = ending;
  const result = `test accuracy ${describePercent(last['test/accuracy'])} on all ${describeCount(ending.testCount)} images, loss ${describeLoss(last['test/loss'])}, after epoch ${last.epoch}`;
  const caution = chosenOn === 'test' ? '; chosen on the test images, so a little too good' : `; chosen on validation, ${describePercent(best['validation/accuracy'])}`;
  return [
    '',
    styler.style('bold', result),
    `best epoch ${best.epoch}: ${describePercent(best['test/accuracy'])} (*${caution})`,
    ...(ending.substitution === undefined ? [] : [describeSubstitution(ending.substitution, styler)]),
    '',
    `${label('run', styler)}${ending.directory} (${describeDuration(ending.seconds)})`,
    `${label('next', styler)}exp compare ${ending.directory.replace(/[^/]*$/, '*')}`,
    `${label('', styler)}exp predict ${runName(ending.directory)} IMAGE.png`,
  ].join('\n');
}

export function describeStop(directory: string, where: { epoch: number; epochs: number; step: number; stepInEpoch: number }, best: EpochMetrics | undefined, styler: Styler): string {
  const position = where.stepInEpoch > 0 ? `in epoch ${where.epoch + 1} of ${where.epochs}, at step ${describeCount(where.step)}` : `after epoch ${where.epoch} of ${where.epochs}`;
  const reached = best ? `; best test accuracy so far ${describePercent(best['test/accuracy'])}, epoch ${best.epoch}` : '';
  return [`stopped ${position}${reached}`, `${label('run', styler)}${directory}`, `${label('next', styler)}exp resume ${runName(directory)}`].join('\n');
}

/** The directory's name where the run lies where `exp` looks, else the path. */
function runName(directory: string): string {
  return directory.startsWith('runs/') ? directory.slice('runs/'.length) : directory;
}

function label(text: string, styler: Styler): string {
  return styler.style('dim', text.padEnd(9));
}
