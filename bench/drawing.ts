/** Series of measurements as one SVG: a panel each, logarithmic along x, from zero along y. Points are labelled, colours suit light and dark pages. */
export interface Point { label: string; x: number; y: number }

const panel = { width: 380, height: 260, left: 58, right: 16, top: 34, bottom: 40 } as const;
const grey = '#7a7f87', blue = '#2f74c0';

export function drawSeries(series: readonly { title: string; points: readonly Point[] }[]): string {
  const panels = series.map(({ title, points }, i) => `<g transform="translate(${i * panel.width} 0)">${drawPanel(title, points)}</g>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${panel.width * series.length} ${panel.height}" font-family="system-ui, sans-serif" font-size="11">\n${panels.join('\n')}\n</svg>\n`;
}

function drawPanel(title: string, points: readonly Point[]): string {
  const logs = points.map(({ x }) => Math.log(x));
  const [first, last] = [Math.min(...logs), Math.max(...logs)];
  const step = niceStep(Math.max(...points.map(({ y }) => y)) / 4);
  const top = step * Math.ceil(Math.max(...points.map(({ y }) => y)) / step);
  const across = (x: number): number => panel.left + ((Math.log(x) - first) / (last - first || 1)) * (panel.width - panel.left - panel.right);
  const up = (y: number): number => panel.height - panel.bottom - (y / top) * (panel.height - panel.top - panel.bottom);
  const lines = Array.from({ length: Math.round(top / step) + 1 }, (_, i) => {
    const y = up(i * step).toFixed(1);
    const rule = `<path d="M${panel.left} ${y}H${panel.width - panel.right}" stroke="${grey}" stroke-opacity=".25"/>`;
    return `${rule}<text x="${panel.left - 6}" y="${y}" dy=".35em" text-anchor="end" fill="${grey}">${(i * step).toLocaleString('en')}</text>`;
  });
  const path = points.map(({ x, y }, i) => `${i === 0 ? 'M' : 'L'}${across(x).toFixed(1)} ${up(y).toFixed(1)}`).join('');
  const dots = points.map(({ label, x, y }) => {
    const place = across(x).toFixed(1);
    const name = `<text x="${place}" y="${panel.height - panel.bottom + 16}" text-anchor="middle" fill="${grey}">${label.replace(/^3×\d+×/, '')}</text>`;
    return `<circle cx="${place}" cy="${up(y).toFixed(1)}" r="3.5" fill="${blue}"/>${name}`;
  });
  return [
    `<text x="${panel.left}" y="18" font-weight="600" fill="${grey}">${title}, images/s</text>`, ...lines, `<path d="${path}" fill="none" stroke="${blue}" stroke-width="2"/>`, ...dots,
  ].join('');
}

/** 1, 2 or 5 times a power of ten, not below. */
function niceStep(size: number): number {
  const power = 10 ** Math.floor(Math.log10(size));
  return power * ([1, 2, 5, 10].find((each) => each * power >= size) ?? 10);
}
