/** The reference page of the command line: what `exp VERB --help` prints. */
import { Command as Commander } from 'commander';
import type { Context } from '../../src/commands/command.ts';
import { verbs } from '../../src/commands/index.ts';
import { memoryTerminal } from '../../src/common/terminal.ts';

const helpWidth = 110;

export async function commandsPage(): Promise<string> {
  const sections = [];
  for (const { name, aliases = [], summary, load } of verbs) {
    const verb = new Commander(`exp ${name}`).aliases([...aliases]).description(`${summary}.`).configureHelp({ helpWidth });
    (await load()).command.configure(verb, helpContext());
    let help = '';
    verb.configureOutput({ writeOut: (text) => (help += text), getOutHelpWidth: () => helpWidth }).outputHelp();
    sections.push(`\n## exp ${name}\n\n\`\`\`text\n${help.trimEnd()}\n\`\`\`\n`);
  }
  const table = ['| | |', '|---|---|', ...verbs.map(({ name, summary }) => `| [\`exp ${name}\`](#exp-${name}) | ${summary} |`)].join('\n');
  const introduction = [
    'Data goes to stdout, progress and messages to stderr. `--json` wherever a script may read it, `-q` for less, `NO_COLOR=1` or `--no-color` for plain text.',
    '',
    'Exit codes: 0 done, 1 the run failed, 2 the configuration or the usage is wrong, 3 an expectation was not met, 130 and 143 stopped by a signal.',
  ].join('\n');
  return `# Commands\n\n${introduction}\n\n${table}\n${sections.join('')}`;
}

function helpContext(): Context {
  return { environment: {}, stdout: memoryTerminal(), stderr: memoryTerminal(), argv: [], exitCode: 0 };
}
