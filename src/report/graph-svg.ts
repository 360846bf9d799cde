/** The graph of a network as a picture of its own: SVG 1.1, no scripts, no fonts to load. Darker boxes cost more. */
import { describeMagnitude } from '../common/describe.ts';
import { describeShape } from '../common/shape.ts';
import type { Shape } from '../common/shape.ts';
import type { Fold } from '../network/folding.ts';
import { layOut } from './graph-layout.ts';
import type { Point } from './graph-layout.ts';

/** In pixels; a letter takes about 7. */
const box = { width: 168, height: 36, gap: 12 };
const rowHeight = 60;
const margin = 16;
const longestName = 22;

export function drawGraph(folds: readonly Fold[], input: Shape): string {
  const layout = layOut([[], ...folds.map(({ inputs }) => inputs.map((each) => each + 1))], { nodeWidth: box.width + box.gap, edgeWidth: box.gap, rowHeight });
  const [width, height] = [layout.width + 2 * margin, layout.height + 2 * margin];
  const boxes = [
    drawBox('input', describeShape(input), 'input', 0, layout.nodes[0]),
    ...folds.map((fold, index) => drawBox(fold.name, describeShape(fold.shape), describeCosts(fold), fold.share, layout.nodes[index + 1])),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${round(width)}" height="${round(height)}" viewBox="${-margin} ${-margin} ${round(width)} ${round(height)}" font-family="Helvetica, Arial, sans-serif" font-size="11" text-anchor="middle">`,
    `<rect x="${-margin}" y="${-margin}" width="100%" height="100%" fill="#ffffff"/>`,
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="#666666"/></marker></defs>',
    ...layout.edges.map(({ points }) => drawEdge(points)),
    ...boxes,
    '</svg>',
    '',
  ].join('\n');
}

function describeCosts({ name, layers, parameters, multiplyAdds }: Fold): string {
  return `${name}: ${layers.length === 1 ? layers[0].type : `${layers.length} layers`}, ${describeMagnitude(parameters)} parameters, ${describeMagnitude(multiplyAdds)} multiply-adds`;
}

function drawBox(name: string, shape: string, about: string, share: number, { x, y }: Point): string {
  // The square root, so that small shares can be told from none.
  const lightness = 97 - 35 * Math.sqrt(share);
  const [left, top] = [round(x - box.width / 2), round(y - box.height / 2)];
  return `<g><title>${escapeText(about)}</title><rect x="${left}" y="${top}" width="${box.width}" height="${box.height}" rx="5" fill="hsl(30, 85%, ${round(lightness)}%)" stroke="#666666"/>`
    + `<text x="${round(x)}" y="${round(y - 3)}" font-weight="bold">${escapeText(shorten(name))}</text><text x="${round(x)}" y="${round(y + 12)}">${escapeText(shape)}</text></g>`;
}

/** Its last parts, as many as there is room for: `…body.conv1`. */
function shorten(name: string): string {
  if (name.length <= longestName) return name;
  const parts = name.split('.');
  while (parts.length > 1 && parts.join('.').length >= longestName) parts.shift();
  return `…${parts.join('.').slice(1 - longestName)}`;
}

/** From the lower side of a box to the upper side of another; between rows it bends, through rows it goes straight. */
function drawEdge(points: readonly Point[]): string {
  const half = box.height / 2;
  const [first] = points;
  const last = points.length - 1;
  let path = `M${round(first.x)} ${round(first.y + half)}`;
  for (let at = 1; at <= last; at++) {
    const [from, to] = [points[at - 1], points[at]];
    const [start, end] = [from.y + half, to.y - half];
    const middle = (start + end) / 2;
    path += `C${round(from.x)} ${round(middle)} ${round(to.x)} ${round(middle)} ${round(to.x)} ${round(end)}`;
    if (at < last) path += `L${round(to.x)} ${round(to.y + half)}`;
  }
  return `<path d="${path}" fill="none" stroke="#666666" marker-end="url(#tip)"/>`;
}

function round(value: number): string {
  return value.toFixed(1).replace(/\.0$/, '');
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
