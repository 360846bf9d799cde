/** A problem as text: the place, what is wrong, the line with a caret, how to mend it. */
import type { Place, Problem } from './problem.ts';
import type { Terminal } from './terminal.ts';

type Styler = Pick<Terminal, 'style'>;

/**
 *     configs/cifar.yaml:14:15  model.layers[3].conv.kernel: 3×3 does not fit its 2×2 input
 *       14 |     - conv: { filters: 64, kernel: 3 }
 *          |                            ^^^^^^
 *       the 28×28 input was halved by the pools at lines 8 and 10; drop one, or set padding: same
 */
export function describeProblem(problem: Problem, styler: Styler): string {
  const { where, path, message, fix, related = [] } = problem;
  const place = where ? `${styler.style('bold', describePlace(where))}  ` : '';
  const subject = path ? `${path}: ` : '';
  const lines = [`${place}${styler.style('red', `${subject}${message}`)}`];
  if (where) lines.push(...describeExcerpt(where, styler));
  for (const each of related) {
    lines.push(`  ${each.where ? `${describePlace(each.where)}  ` : ''}${each.message}`);
    if (each.where) lines.push(...describeExcerpt(each.where, styler));
  }
  if (fix) lines.push(`  ${fix}`);
  return `${lines.join('\n')}\n`;
}

function describePlace({ file, line, column }: Place): string {
  return line > 0 ? `${file}:${line}:${column}` : file;
}

/** The widest line that is shown whole; from longer ones a stretch around the mark is cut. */
const excerptColumns = 160;

function describeExcerpt({ line, column, endColumn, excerpt }: Place, styler: Styler): string[] {
  if (excerpt === undefined) return [];
  const cut = Math.max(0, Math.min(column - 1 - excerptColumns / 2, excerpt.length - excerptColumns));
  const shown = printable(excerpt.slice(cut, cut + excerptColumns));
  const start = column - 1 - cut;
  const length = Math.max(1, Math.min((endColumn ?? column + 1) - column, excerptColumns - start, shown.length - start));
  const margin = ' '.repeat(`${line}`.length);
  const mark = styler.style('red', '^'.repeat(length));
  return [`  ${line} | ${shown}`, `  ${margin} | ${' '.repeat(start)}${mark}`];
}

/** Tabs as one blank, so that the caret stays below; no control characters reach the terminal. */
function printable(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/\t/g, ' ').replace(/[\u0000-\u001f\u007f-\u009f]/g, '\ufffd');
}
