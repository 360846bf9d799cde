/** Series of measurements as one SVG: a panel each. Labelled points stand out; colours suit light and dark pages. */
export interface Point { label?: string; x: number; y: number }

export interface Panel {
  title: string;
  points: readonly Point[];
  /** Along x; along y panels are linear. */
  scale: 'linear' | 'logarithmic';
  /** Where y begins. */
  from?: number;
}

const size = { width: 380, height: 260, left: 58, right: 16, top: 34, bottom: 40 } as const;
/** Labels closer to the one before are left out. */
const labelRoom = 24;
const grey = '#7a7f87', blue = '#2f74c0';

export function drawPanels(panels: readonly Panel[]): string {
  const drawn = panels.map((panel, i) => `<g transform="translate(${i * size.width} 0)">${drawPanel(panel)}</g>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width * panels.length} ${size.height}" font-family="system-ui, sans-serif" font-size="11">\n${drawn.join('\n')}\n</svg>\n`;
}

function drawPanel({ title, points, scale, from = 0 }: Panel): string {
  const along = (x: number): number => (scale === 'linear' ? x : Math.log(x));
  const places = points.map(({ x }) => along(x));
  const [first, last] = [Math.min(...places), Math.max(...places)];
  const highest = Math.max(...points.map(({ y }) => y));
  const step = niceStep((highest - from) / 4);
  const top = from + step * Math.ceil((highest - from) / step);
  const across = (x: number): string => (size.left + ((along(x) - first) / (last - first || 1)) * (size.width - size.left - size.right)).toFixed(1);
  const up = (y: number): string => (size.height - size.bottom - ((y - from) / (top - from)) * (size.height - size.top - size.bottom)).toFixed(1);
  const rules = Array.from({ length: Math.round((top - from) / step) + 1 }, (_, i) => {
    const y = up(from + i * step);
    const rule = `<path d="M${size.left} ${y}H${size.width - size.right}" stroke="${grey}" stroke-opacity=".25"/>`;
    return `${rule}<text x="${size.left - 6}" y="${y}" dy=".35em" text-anchor="end" fill="${grey}">${(from + i * step).toLocaleString('en')}</text>`;
  });
  const path = points.map(({ x, y }, i) => `${i === 0 ? 'M' : 'L'}${across(x)} ${up(y)}`).join('');
  let written = -Infinity;
  const labels = points.filter(({ label }) => label !== undefined).map(({ label, x, y }) => {
    const crowded = Number(across(x)) - written < labelRoom;
    if (!crowded) written = Number(across(x));
    const name = crowded ? '' : `<text x="${across(x)}" y="${size.height - size.bottom + 16}" text-anchor="middle" fill="${grey}">${label}</text>`;
    return `<circle cx="${across(x)}" cy="${up(y)}" r="3.5" fill="${blue}"/>${name}`;
  });
  return [
    `<text x="${size.left}" y="18" font-weight="600" fill="${grey}">${title}</text>`, ...rules, `<path d="${path}" fill="none" stroke="${blue}" stroke-width="2"/>`, ...labels,
  ].join('');
}

/** 1, 2 or 5 times a power of ten, not below. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5, 10].find((each) => each * power >= least) ?? 10);
}
