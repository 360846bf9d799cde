/** The contract of a piece of design advice: one rule a file, listed in `index.ts`. Advice is about networks that work; what cannot work is a Problem. */
import type { Place } from '../../common/problem.ts';
import type { Experiment } from '../../config/experiment.ts';
import type { Network, NetworkLayer } from '../network.ts';
import type { LayerSummary, NetworkSummary } from '../summary.ts';

/** What rules look at. */
export interface Subject {
  experiment: Pick<Experiment, 'dataset' | 'model' | 'augmentation' | 'train'>;
  network: Network;
  summary: NetworkSummary;
  /** Images that are trained on in an epoch. */
  trainCount?: number;
}

export interface Finding {
  /** What was found, with numbers for this network; one sentence without a full stop. */
  message: string;
  /** What to write instead. */
  fix: string;
  /** Names of the layers it is about. */
  layers: readonly string[];
  where?: Place;
  /** The numbers of the message, for scripts. */
  figures: Readonly<Record<string, number>>;
}

export interface Rule {
  /** As written in `lint: { allow: [...] }`. */
  name: string;
  summary: string;
  source?: string;
  check(subject: Subject): Finding[];
}

/** The layers that read a layer. */
export function readersOf({ summary }: Subject, { name }: LayerSummary): LayerSummary[] {
  return summary.layers.filter((each) => each.inputs.includes(name));
}

export function hasPrimitive({ layer }: LayerSummary, op: NetworkLayer['primitives'][number]['op']): boolean {
  return layer.primitives.some((primitive) => primitive.op === op);
}

/** Layers that were written in one place (a line of a block used several times) are one finding. */
export function groupByPlace<T extends { layer: LayerSummary }>(found: readonly T[]): T[][] {
  const groups = new Map<string, T[]>();
  for (const each of found) {
    const { place } = each.layer.layer;
    const key = place === undefined ? each.layer.name : `${place.file}:${place.line}:${place.column}`;
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return [...groups.values()];
}

/** `conv3`, `conv3 and conv5`, `conv3, conv5 and 7 more` */
export function nameSome(names: readonly string[]): string {
  if (names.length <= 1) return names.join('');
  if (names.length === 2) return names.join(' and ');
  return `${names.slice(0, 2).join(', ')} and ${names.length - 2} more`;
}

/** The place of the first layer, where there is one. */
export function placeOf(layer: LayerSummary): Pick<Finding, 'where'> {
  return layer.layer.place === undefined ? {} : { where: layer.layer.place };
}
