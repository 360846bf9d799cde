/** A run's status as a coloured word. Failed ones are marked with `!`, for eyes and for colour-blind ones. */
import type { Terminal } from '../common/terminal.ts';
import type { Style } from '../common/terminal.ts';
import type { Status } from '../runs/runs.ts';

const looks: Readonly<Record<Status, { style: Style; text: string }>> = {
  running: { style: 'cyan', text: 'running' },
  completed: { style: 'green', text: 'completed' },
  interrupted: { style: 'yellow', text: 'interrupted' },
  failed: { style: 'red', text: '! failed' },
  diverged: { style: 'red', text: '! diverged' },
  damaged: { style: 'red', text: '! damaged' },
};

export function statusCell(status: Status, terminal: Pick<Terminal, 'style'>): string {
  return terminal.style(looks[status].style, looks[status].text);
}
