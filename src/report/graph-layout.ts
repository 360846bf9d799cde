/**
 * Where the nodes of a directed acyclic graph stand, from top to bottom: rows by longest path, long edges led through the rows
 * between, order by barycentres, positions by least squares. Sugiyama, Tagawa and Toda, "Methods for visual understanding of
 * hierarchical system structures", IEEE Transactions on Systems, Man and Cybernetics 1981.
 */

export interface Layout {
  width: number;
  height: number;
  /** Middle of each node. */
  nodes: readonly Point[];
  /** From the middle of the node it leaves to that of the node it reaches, by way of the rows between. */
  edges: readonly { from: number; to: number; points: readonly Point[] }[];
}

export interface Point {
  x: number;
  y: number;
}

export interface Sizes {
  nodeWidth: number;
  /** Width of an edge that passes a row. */
  edgeWidth: number;
  rowHeight: number;
}

/** What stands in a row: a node, or an edge on its way. */
interface Cell {
  row: number;
  width: number;
  x: number;
  above: Cell[];
  below: Cell[];
}

/** `inputs[i]` are the nodes that node i reads; all of them come before it. */
export function layOut(inputs: readonly (readonly number[])[], sizes: Sizes): Layout {
  const rows: Cell[][] = [];
  const place = (row: number, width: number): Cell => {
    const cell: Cell = { row, width, x: 0, above: [], below: [] };
    (rows[row] ??= []).push(cell);
    return cell;
  };
  const nodes: Cell[] = [];
  const paths: { from: number; to: number; cells: Cell[] }[] = [];
  inputs.forEach((sources, index) => {
    const row = sources.length === 0 ? 0 : Math.max(...sources.map((each) => nodes[each].row)) + 1;
    const cells = sources.map((each) => passRows(nodes[each], row, sizes.edgeWidth, place));
    nodes.push(place(row, sizes.nodeWidth));
    sources.forEach((from, at) => {
      join(cells[at].at(-1)!, nodes[index]);
      paths.push({ from, to: index, cells: [...cells[at], nodes[index]] });
    });
  });
  arrange(rows);
  return measure(rows, nodes, paths, sizes);
}

/** The cells of an edge, from the node it leaves to the last row above the one it reaches. */
function passRows(from: Cell, row: number, width: number, place: (row: number, width: number) => Cell): Cell[] {
  const cells = [from];
  for (let between = from.row + 1; between < row; between++) {
    const cell = place(between, width);
    join(cells.at(-1)!, cell);
    cells.push(cell);
  }
  return cells;
}

function join(above: Cell, below: Cell): void {
  above.below.push(below);
  below.above.push(above);
}

/** Enough for the small graphs that networks are; more sweeps change nothing that can be seen. */
const sweeps = 12;

/** Down and up in turn: every row is ordered, then placed, by the middles of its neighbours. */
function arrange(rows: readonly Cell[][]): void {
  for (const row of rows) spread(row, row.map((_, index) => index));
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const isDown = sweep % 2 === 0;
    for (const row of isDown ? rows : rows.toReversed()) {
      const wanted = new Map(row.map((cell) => [cell, barycentre(isDown ? cell.above : cell.below, cell.x)]));
      row.sort((a, b) => wanted.get(a)! - wanted.get(b)!);
      spread(row, row.map((cell) => wanted.get(cell)!));
    }
  }
}

function barycentre(neighbours: readonly Cell[], otherwise: number): number {
  return neighbours.length === 0 ? otherwise : neighbours.reduce((sum, each) => sum + each.x, 0) / neighbours.length;
}

/** As near to the wanted positions as their widths allow: with the widths taken off, a regression that never falls (pool adjacent violators). */
function spread(row: readonly Cell[], wanted: readonly number[]): void {
  let offset = 0;
  const offsets = row.map((cell, index) => (offset += index === 0 ? 0 : (row[index - 1].width + cell.width) / 2));
  const blocks: { sum: number; count: number }[] = [];
  wanted.forEach((each, index) => {
    blocks.push({ sum: each - offsets[index], count: 1 });
    while (blocks.length > 1 && mean(blocks.at(-2)!) > mean(blocks.at(-1)!)) {
      const { sum, count } = blocks.pop()!;
      blocks[blocks.length - 1] = { sum: blocks.at(-1)!.sum + sum, count: blocks.at(-1)!.count + count };
    }
  });
  const positions = blocks.flatMap((block) => Array.from({ length: block.count }, () => mean(block)));
  row.forEach((cell, index) => { cell.x = positions[index] + offsets[index]; });
}

function mean({ sum, count }: { sum: number; count: number }): number {
  return sum / count;
}

function measure(rows: readonly Cell[][], nodes: readonly Cell[], paths: readonly { from: number; to: number; cells: Cell[] }[], { rowHeight }: Sizes): Layout {
  const cells = rows.flat();
  const left = Math.min(...cells.map(({ x, width }) => x - width / 2));
  const right = Math.max(...cells.map(({ x, width }) => x + width / 2));
  const pointOf = ({ x, row }: Cell): Point => ({ x: x - left, y: (row + 0.5) * rowHeight });
  return {
    width: right - left,
    height: rows.length * rowHeight,
    nodes: nodes.map(pointOf),
    edges: paths.map(({ from, to, cells: through }) => ({ from, to, points: through.map(pointOf) })),
  };
}
