/** `exp lint FILE...`: what could be better about networks that work, each with numbers. */
import { UserError, exitCode } from '../common/problem.ts';
import { looksLikeOverride } from '../config/index.ts';
import { advise, rules } from '../network/advice/index.ts';
import type { Advice } from '../network/advice/index.ts';
import { describeAdvice } from './advice.ts';
import { collect } from './command.ts';
import type { Command, Context } from './command.ts';
import { readSubject } from './subject.ts';

interface LintOptions {
  set: string[];
  strict?: boolean;
  json?: boolean;
  quiet?: boolean;
  out?: string;
}

export const command: Command = {
  configure(verb, context) {
    verb
      .argument('<file...>', 'experiments or runs; then overrides: train.batch_size=128, +a.b=v, ~a.b')
      .option('-s, --set <path=value>', 'an override; may be repeated', collect, [])
      .option('--strict', 'exit 3 where there is advice')
      .option('-q, --quiet', 'say nothing where there is none')
      .option('--json', 'print the advice as JSON')
      .option('-o, --out <directory>', 'where the runs are (default: runs)')
      .addHelpText('after', `\nRules:\n${rules.map(({ name, summary }) => `  ${name.padEnd(24)}${summary}`).join('\n')}\n\nA file silences them by name:\n  lint: { allow: [dropout-on-logits] }\n\nExamples:\n  exp lint configs/*.yaml\n  exp lint configs/vgg16.yaml --strict`)
      .action((words: string[], options: LintOptions) => lint(words, options, context));
  },
};

function lint(words: readonly string[], options: LintOptions, context: Context): void {
  const files = words.filter((word) => !looksLikeOverride(word));
  const overrides = [...words.filter(looksLikeOverride), ...options.set];
  if (files.length === 0) throw new UserError({ code: 'usage', message: 'no file is named', fix: 'exp lint configs/deepconvnet.yaml' });
  const outcomes = adviseAll(files, { overrides, out: options.out }, context);
  const found = outcomes.some(({ advice }) => advice.length > 0);
  if (options.json) context.stdout.write(`${JSON.stringify(outcomes, undefined, 2)}\n`);
  else context.stdout.write(outcomes.map((outcome) => describeOutcome(outcome, options, context)).filter((text) => text !== '').join('\n'));
  if (options.strict && found) context.exitCode = exitCode.expectation;
}

interface Outcome {
  file: string;
  advice: Advice[];
}

/** All files are looked at before the mistakes in any of them are thrown. */
function adviseAll(files: readonly string[], how: { overrides: readonly string[]; out?: string }, context: Context): Outcome[] {
  const mistakes: UserError[] = [];
  const outcomes = files.flatMap((file) => {
    try {
      const subject = readSubject(file, how, context);
      return [{ file, advice: advise(subject, subject.experiment.lint?.allow) }];
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      mistakes.push(error);
      return [];
    }
  });
  if (mistakes.length > 0) throw new UserError(mistakes.flatMap(({ problems }) => problems), mistakes[0].exitCode);
  return outcomes;
}

function describeOutcome({ file, advice }: Outcome, { quiet }: LintOptions, { stdout }: Context): string {
  if (advice.length === 0) return quiet ? '' : `${file}: nothing to say\n`;
  return `${stdout.style('bold', file)}\n${describeAdvice(advice, stdout)}`;
}
