/** Drawings of graphs: positions by hand for small ones, by property for drawn ones; Mermaid and Graphviz to the letter. */
import { array, assert, nat, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { foldNetwork } from '../../src/network/folding.ts';
import { summarizeNetwork } from '../../src/network/summary.ts';
import { describeDot } from '../../src/report/dot.ts';
import { layOut } from '../../src/report/graph-layout.ts';
import { drawGraph } from '../../src/report/graph-svg.ts';
import { describeMermaid } from '../../src/report/mermaid.ts';
import { network } from '../network/model.ts';

const sizes = { nodeWidth: 100, edgeWidth: 10, rowHeight: 50 };

describe('layout', () => {
  test('a chain stands straight', () => {
    expect(layOut([[], [0], [1]], sizes)).toMatchObject({ width: 100, height: 150, nodes: [{ x: 50, y: 25 }, { x: 50, y: 75 }, { x: 50, y: 125 }] });
  });

  test('branches stand side by side, the join in the middle', () => {
    const { nodes } = layOut([[], [0], [0], [1, 2]], sizes);
    expect(nodes).toEqual([{ x: 100, y: 25 }, { x: 50, y: 75 }, { x: 150, y: 75 }, { x: 100, y: 125 }]);
  });

  test('a shortcut passes its row beside the node', () => {
    const { edges, nodes } = layOut([[], [0], [1, 0]], sizes);
    const shortcut = edges.find(({ from, to }) => from === 0 && to === 2)!;
    expect(shortcut.points).toHaveLength(3);
    expect(Math.abs(shortcut.points[1].x - nodes[1].x)).toBe(55);
  });

  test('edges lead down, nodes never overlap', () => {
    const graph = array(array(nat(), { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 20 })
      .map((lists) => [[], ...lists.map((list, index) => [...new Set(list.map((each) => each % (index + 1)))])]);
    assert(property(graph, (inputs) => {
      const { nodes, edges, width, height } = layOut(inputs, sizes);
      for (const { from, to } of edges) expect(nodes[to].y).toBeGreaterThan(nodes[from].y);
      for (const [i, a] of nodes.entries()) {
        expect(a.x >= 49.999 && a.x <= width - 49.999 && a.y < height).toBe(true);
        for (const b of nodes.slice(i + 1)) if (a.y === b.y) expect(Math.abs(a.x - b.x)).toBeGreaterThan(99.999);
      }
    }));
  });
});

describe('formats', () => {
  const block = { residual: { body: [{ conv: { filters: 2, padding: 1 } }] }, name: 'block' };
  const summary = summarizeNetwork(network([block, 'global_avgpool', { dense: 'classes' }], { channels: 2, height: 4, width: 4 }, 3));
  const folds = foldNetwork(summary, 9);

  test('Mermaid', () => {
    expect(describeMermaid(folds, summary.input)).toBe([
      'flowchart TD',
      '  input["input<br/>2×4×4"]', '  n1["block.body.conv1<br/>2×4×4"]', '  n2["block<br/>2×4×4"]', '  n3["global_avgpool1<br/>2"]', '  n4["dense1<br/>3"]',
      '  input --> n1', '  input --> n2', '  n1 --> n2', '  n2 --> n3', '  n3 --> n4', '',
    ].join('\n'));
  });

  test('Graphviz', () => {
    expect(describeDot(folds, summary.input).split('\n').slice(2)).toEqual([
      '  n0 [label="input\\n2×4×4"];', '  n1 [label="block.body.conv1\\n2×4×4"];', '  n2 [label="block\\n2×4×4"];', '  n3 [label="global_avgpool1\\n2"];', '  n4 [label="dense1\\n3"];',
      '  n0 -> n1;', '  n0 -> n2;', '  n1 -> n2;', '  n2 -> n3;', '  n3 -> n4;', '}', '',
    ]);
  });

  test('SVG: a box for each node, an edge for each input, darker where it costs more', () => {
    const svg = drawGraph(folds, summary.input);
    expect(svg.match(/<g>/g)).toHaveLength(5);
    expect(svg.match(/marker-end/g)).toHaveLength(5);
    const lightness = [...svg.matchAll(/hsl\(30, 85%, ([\d.]+)%\)/g)].map((match) => Number(match[1]));
    expect(lightness[0]).toBe(97);
    expect(lightness[1]).toBeLessThan(63);
  });
});
