/** What `exp inspect` shows, as a table that keeps to a terminal's width and as data. */
import { describeBytes, describeCount, describeMagnitude } from '../common/describe.ts';
import { describeShape } from '../common/shape.ts';
import type { Pair, Shape } from '../common/shape.ts';
import type { Terminal } from '../common/terminal.ts';
import type { Advice } from '../network/advice/index.ts';
import type { Fold } from '../network/folding.ts';
import { sumOf } from '../network/summary.ts';
import type { LayerSummary } from '../network/summary.ts';
import { describeAdvice } from './advice.ts';
import { describeFoldName, describeNamedTable, describeTitled } from './folded-table.ts';
import { describeMemory } from './planned-memory.ts';
import type { TrainingMemory } from './planned-memory.ts';
import type { Subject } from './subject.ts';
import type { Column } from './table.ts';

const columns: readonly Column[] = [
  { title: 'layer' },
  { title: 'output' },
  { title: 'parameters', right: true },
  { title: 'multiply-adds', right: true },
  { title: 'memory', right: true },
  { title: 'field', right: true },
  { title: 'jump', right: true },
];

/** Of the totals below the table. */
const titleCells = 14;

export function describeInspection(subject: Subject, memory: TrainingMemory, folds: readonly Fold[], notes: readonly Advice[], terminal: Terminal): string {
  const table = describeNamedTable(columns, folds.map((fold) => [describeFoldName(fold), ...describeFold(fold)]), terminal);
  const advice = notes.length > 0 ? `\n${describeAdvice(notes, terminal)}` : '';
  return `${table}\n${describeTotals(subject, memory, terminal)}${advice}`;
}

/** All cells but the name. */
function describeFold(fold: Fold): string[] {
  const last = fold.layers.at(-1)!;
  const { size, jump } = last.receptiveField;
  return [
    describeShape(fold.shape),
    fold.parameters > 0 ? describeCount(fold.parameters) : '',
    fold.multiplyAdds > 0 ? `${describeMagnitude(fold.multiplyAdds)} ${describeShare(fold.share)}` : '',
    describeBytes(fold.activationBytes),
    `${describePair(size)}${last.exceedsInput ? '!' : ''}`,
    describePair(jump),
  ];
}

function describeTotals(subject: Subject, memory: TrainingMemory, terminal: Terminal): string {
  const { summary } = subject;
  const heads = sumOf(headLayers(subject), (each) => each.multiplyAdds);
  const beyond = summary.layers.find((each) => each.exceedsInput);
  const lines: [string, string][] = [
    ['input', `${describeShape(summary.input)}, ${describeCount(summary.classes)} classes`],
    ['layers', describeCount(summary.layers.length)],
    ['parameters', `${describeCount(summary.parameters)} (${describeBytes(4 * summary.parameters)})`],
    ['multiply-adds', `${describeCount(summary.multiplyAdds)} an image, forward${heads > 0 ? `; ${describeCount(summary.multiplyAdds - heads)} without the auxiliary heads` : ''}`],
    ['memory', `${describeBytes(summary.activationBytes)} an image for all outputs`],
    ['training', describeMemory(memory)],
    ['field', beyond ? `cells see more than the image (!) from ${beyond.name} on` : 'no cell sees more than the image'],
  ];
  return describeTitled(lines, titleCells, terminal);
}

/** Layers that only heads need. */
function headLayers({ network, summary }: Subject): LayerSummary[] {
  const needed = new Set([network.output]);
  for (let index = network.layers.length - 1; index > 0; index--) if (needed.has(index)) for (const input of network.layers[index].inputs) needed.add(input);
  return summary.layers.filter((_, position) => !needed.has(position + 1));
}

/** Keys are stable: scripts rely on them. Shapes are [channels, height, width], pairs [height, width]. */
export function inspectionAsData({ summary, experiment }: Subject, memory: TrainingMemory, notes: readonly Advice[]): unknown {
  return {
    name: experiment.name,
    input: asList(summary.input),
    classes: summary.classes,
    parameters: summary.parameters,
    multiply_adds: summary.multiplyAdds,
    activation_bytes: summary.activationBytes,
    batch_size: memory.batchSize,
    threads: memory.threads,
    training_bytes: memory.bytes,
    layers: summary.layers.map((each) => ({
      name: each.name,
      type: each.type,
      inputs: each.inputs,
      shape: asList(each.shape),
      parameters: each.parameters,
      multiply_adds: each.multiplyAdds,
      share: each.share,
      activation_bytes: each.activationBytes,
      receptive_field: each.receptiveField.size,
      jump: each.receptiveField.jump,
      exceeds_input: each.exceedsInput,
    })),
    notes,
  };
}

function asList({ channels, height, width }: Shape): number[] {
  return [channels, height, width];
}

function describeShare(share: number): string {
  return `${(share * 100).toFixed(1).padStart(4)} %`;
}

/** `7`, or `1×7` where the axes differ. */
function describePair([height, width]: Pair): string {
  return height === width ? `${height}` : `${height}×${width}`;
}
