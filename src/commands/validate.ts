/** `exp validate FILE...`: every mistake of every file at once, shapes included, without touching any data. */
import { UserError, exitCode } from '../common/problem.ts';
import { looksLikeOverride } from '../config/index.ts';
import { multiplyAdds, parameterCount } from '../network/network.ts';
import { checkFile } from './checked.ts';
import type { Checked } from './checked.ts';
import { collect } from './command.ts';
import type { Command, Context } from './command.ts';

interface ValidateOptions {
  set: string[];
  json?: boolean;
  quiet?: boolean;
}

export const command: Command = {
  configure(verb, context) {
    verb
      .argument('<file...>', 'experiments, YAML files; then overrides: train.epochs=2, +a.b=v, ~a.b')
      .option('-s, --set <path=value>', 'an override; may be repeated', collect, [])
      .option('-q, --quiet', 'say nothing where all is well')
      .option('--json', 'print the outcome as JSON')
      .action((words: string[], options: ValidateOptions) => validate(words, options, context))
      .addHelpText('after', '\nExits 0 where all files are right, 2 otherwise.\n\nExamples:\n  exp validate configs/*.yaml\n  exp validate configs/deepconvnet.yaml model.layers.conv4.padding=1');
  },
};

function validate(words: readonly string[], options: ValidateOptions, context: Context): void {
  const files = words.filter((word) => !looksLikeOverride(word));
  const overrides = [...words.filter(looksLikeOverride), ...options.set];
  if (files.length === 0) throw new UserError({ code: 'usage', message: 'no file is named', fix: 'exp validate configs/deepconvnet.yaml' });
  const outcomes = files.map((file) => ({ file, ...checkFile({ file, overrides, environment: context.environment }) }));
  const problems = outcomes.flatMap((outcome) => outcome.problems);
  if (options.json) {
    context.stdout.write(`${JSON.stringify(outcomes.map(describeAsJson), undefined, 2)}\n`);
    context.exitCode = problems.length ? exitCode.usage : exitCode.done;
    return;
  }
  for (const outcome of outcomes) if (!options.quiet && outcome.problems.length === 0) context.stdout.write(`${describeOutcome(outcome)}\n`);
  if (problems.length) throw new UserError(problems);
}

function describeOutcome({ file, network }: Checked & { file: string }): string {
  const facts = network && `${network.layers.length - 1} layers, ${parameterCount(network).toLocaleString('en')} parameters, ${multiplyAdds(network).toLocaleString('en')} multiply-adds an image`;
  return `${file}: fine${facts ? ` (${facts})` : ''}`;
}

function describeAsJson({ file, problems, network }: Checked & { file: string }): unknown {
  const facts = network && { layers: network.layers.length - 1, parameters: parameterCount(network), multiply_adds: multiplyAdds(network) };
  return { file, valid: problems.length === 0, problems, ...facts };
}
