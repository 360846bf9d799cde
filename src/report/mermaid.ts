/** The graph of a network for Mermaid, which GitHub and many editors draw inside Markdown. */
import { describeShape } from '../common/shape.ts';
import type { Shape } from '../common/shape.ts';
import type { Fold } from '../network/folding.ts';

export function describeMermaid(folds: readonly Fold[], input: Shape): string {
  const nodes = [describeNode('input', 'input', input), ...folds.map((fold, index) => describeNode(nameOf(index), fold.name, fold.shape))];
  const edges = folds.flatMap((fold, index) => fold.inputs.map((from) => `  ${nameOf(from)} --> ${nameOf(index)}\n`));
  return `flowchart TD\n${nodes.join('')}${edges.join('')}`;
}

/** -1 is the input. */
function nameOf(index: number): string {
  return index < 0 ? 'input' : `n${index + 1}`;
}

/** Quoted labels may hold all but quotes. */
function describeNode(id: string, name: string, shape: Shape): string {
  return `  ${id}["${name.replaceAll('"', '#quot;')}<br/>${describeShape(shape)}"]\n`;
}
