/**
 * A picture of a terminal, from what a real one showed: text with colour codes on stdin, SVG on stdout.
 *
 *     tmux new-session -d -s shot -x 100 -y 40 'npx exp run configs/quickstart.yaml; sleep 5'   # and when it is done:
 *     tmux capture-pane -e -p -t shot | npx tsx docs/scripts/terminal-picture.ts '$ npx exp run ...' > docs/run.svg
 *
 * An argument is shown as a first line: the command.
 */
import { readFileSync } from 'node:fs';

interface Style {
  bold: boolean;
  dim: boolean;
  colour: string | undefined;
}
interface Run extends Style {
  column: number;
  text: string;
}

const cell = { width: 8.4, height: 18 };
const margin = 16;
const font = 14;
const background = '#15181e';
const foreground = '#d5d9e0';
/** SGR 30 to 37 and 90 to 97. */
const palette = ['#5c6370', '#e06c75', '#98c379', '#e5c07b', '#61afef', '#c678dd', '#56b6c2', '#d5d9e0'];
const plain: Style = { bold: false, dim: false, colour: undefined };

const command = process.argv[2];
const screen = readFileSync(0, 'utf8').trimEnd().split('\n');
process.stdout.write(picture([...(command === undefined ? [] : [`\u001b[1m${command}\u001b[0m`]), ...screen]));

function picture(lines: readonly string[]): string {
  let style = plain;
  const parsed = lines.map((line) => {
    const result = parseLine(line, style);
    style = result.style;
    return result.runs;
  });
  const columns = Math.max(...parsed.map((runs) => Math.max(0, ...runs.map((run) => run.column + run.text.length))));
  const width = Math.ceil(columns * cell.width + 2 * margin);
  const height = lines.length * cell.height + 2 * margin;
  const body = parsed.flatMap((runs, row) => runs.filter(({ text }) => text.trim() !== '').map((run) => describeRun(run, row)));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="a terminal">`,
    `<rect width="100%" height="100%" rx="8" fill="${background}"/>`,
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${font}" fill="${foreground}" xml:space="preserve">`,
    ...body,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

/** Pieces of one style each; the style at the end goes on in the next line. */
function parseLine(line: string, before: Style): { runs: Run[]; style: Style } {
  const runs: Run[] = [];
  let style = before;
  let column = 0;
  // eslint-disable-next-line no-control-regex
  for (const [i, part] of line.split(/\u001b\[([\d;]*)m/).entries()) {
    if (i % 2 === 1) style = applyCodes(style, part);
    else if (part !== '') {
      runs.push({ ...style, column, text: part });
      column += part.length;
    }
  }
  return { runs, style };
}

function applyCodes(before: Style, codes: string): Style {
  let style = before;
  for (const code of codes.split(';').map(Number)) {
    if (code === 0) style = plain;
    else if (code === 1) style = { ...style, bold: true };
    else if (code === 2) style = { ...style, dim: true };
    else if (code === 22) style = { ...style, bold: false, dim: false };
    else if (code === 39) style = { ...style, colour: undefined };
    else if (code >= 30 && code <= 37) style = { ...style, colour: palette[code - 30] };
    else if (code >= 90 && code <= 97) style = { ...style, colour: palette[code - 90] };
  }
  return style;
}

function describeRun({ bold, dim, colour, column, text }: Run, row: number): string {
  const x = (margin + column * cell.width).toFixed(1);
  const y = margin + row * cell.height + font;
  const length = (text.length * cell.width).toFixed(1);
  const attributes = [bold ? ' font-weight="bold"' : '', dim ? ' opacity="0.6"' : '', colour === undefined ? '' : ` fill="${colour}"`].join('');
  return `<text x="${x}" y="${y}" textLength="${length}"${attributes}>${escape(text)}</text>`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
