/** The graph of a network for Graphviz: `exp inspect FILE --dot | dot -Tpdf -o network.pdf`. */
import { describeShape } from '../common/shape.ts';
import type { Shape } from '../common/shape.ts';
import type { Fold } from '../network/folding.ts';

export function describeDot(folds: readonly Fold[], input: Shape): string {
  const nodes = [describeNode(-1, 'input', input), ...folds.map((fold, index) => describeNode(index, fold.name, fold.shape))];
  const edges = folds.flatMap((fold, index) => fold.inputs.map((from) => `  n${from + 1} -> n${index + 1};\n`));
  return `digraph network {\n  node [shape=box, style=rounded, fontname="Helvetica", fontsize=10];\n${nodes.join('')}${edges.join('')}}\n`;
}

/** Node 0 is the input. */
function describeNode(index: number, name: string, shape: Shape): string {
  return `  n${index + 1} [label="${name.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}\\n${describeShape(shape)}"];\n`;
}
