/**
 * A network with its blocks folded: layers whose names agree in the first parts (`stage2.1` of `stage2.1.residual1.body.conv1`)
 * become one row of a table, or one node of a drawing.
 */
import type { Shape } from '../common/shape.ts';
import { sumOf } from './summary.ts';
import type { LayerSummary, NetworkSummary } from './summary.ts';

export interface Fold {
  /** `stage2.1`, or the name of its only layer. */
  name: string;
  /** At least one; the last one gives the output. */
  layers: readonly LayerSummary[];
  shape: Shape;
  parameters: number;
  multiplyAdds: number;
  share: number;
  activationBytes: number;
  /** Indices of the folds it reads, without itself; -1 is the input. */
  inputs: readonly number[];
}

/** `depth`: how many parts of a name are kept. */
export function foldNetwork({ layers }: NetworkSummary, depth: number): Fold[] {
  const groups: LayerSummary[][] = [];
  let open = '';
  for (const layer of layers) {
    const key = partsOf(layer.name, depth);
    if (key !== open || groups.length === 0) groups.push([]);
    groups.at(-1)!.push(layer);
    open = key;
  }
  const owners = new Map(groups.flatMap((group, index) => group.map((layer) => [layer.name, index] as const)));
  return groups.map((group, index) => createFold(group, depth, index, (name) => owners.get(name) ?? -1));
}

function createFold(layers: readonly LayerSummary[], depth: number, index: number, ownerOf: (name: string) => number): Fold {
  const inputs = new Set(layers.flatMap((layer) => layer.inputs).map(ownerOf));
  inputs.delete(index);
  return {
    name: layers.length === 1 ? layers[0].name : partsOf(layers[0].name, depth),
    layers,
    shape: layers.at(-1)!.shape,
    parameters: sumOf(layers, (each) => each.parameters),
    multiplyAdds: sumOf(layers, (each) => each.multiplyAdds),
    share: sumOf(layers, (each) => each.share),
    activationBytes: sumOf(layers, (each) => each.activationBytes),
    inputs: [...inputs].sort((a, b) => a - b),
  };
}

/** The deepest depth that gives no more rows than that, a fold taking one or as many as `rowsOf` says; 1 where none does. */
export function depthForRows(summary: NetworkSummary, rows: number, rowsOf: (fold: Fold) => number = () => 1): number {
  const deepest = Math.max(1, ...summary.layers.map(({ name }) => name.split('.').length));
  let depth = deepest;
  while (depth > 1 && sumOf(foldNetwork(summary, depth), rowsOf) > rows) depth--;
  return depth;
}

function partsOf(name: string, depth: number): string {
  return name.split('.').slice(0, depth).join('.');
}
