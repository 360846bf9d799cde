/** `exp config FILE`: the experiment with everything filled in, and with `--explain` where every value came from. */
import { UserError } from '../common/problem.ts';
import { datasetFacts } from '../datasets/index.ts';
import { flattenModel } from '../network/index.ts';
import { checkFile } from './checked.ts';
import { collect } from './command.ts';
import type { Command, Context } from './command.ts';

interface ConfigOptions {
  set: string[];
  explain?: boolean;
  expand?: boolean;
  json?: boolean;
}

export const command: Command = {
  configure(verb, context) {
    verb
      .argument('<file>', 'the experiment, a YAML file')
      .argument('[overrides...]', 'train.epochs=2 changes a value, +a.b=v adds one, ~a.b removes one')
      .option('-s, --set <path=value>', 'the same as an override; may be repeated', collect, [])
      .option('--explain', 'tell of every value where it came from')
      .option('--expand', 'with the network written flat: one entry a layer, no blocks, repeats and branches')
      .option('--json', 'print JSON; with --explain a list of path, value and origin')
      .action((file: string, overrides: string[], options: ConfigOptions) => print(file, [...overrides, ...options.set], options, context));
  },
};

function print(file: string, overrides: readonly string[], { explain, expand, json }: ConfigOptions, context: Context): void {
  const { problems, examination: { loaded, print, parts } } = checkFile({ file, overrides, environment: context.environment });
  if (problems.length || !loaded || !print || !parts) throw new UserError(problems);
  const flat = expand ? { flat: flattenModel(parts.model, parts.loss, datasetFacts(parts.dataset)) } : {};
  const how = { explain: explain === true, ...flat };
  context.stdout.write(json ? `${JSON.stringify(print.asData(how), undefined, 2)}\n` : print.asYaml(how));
}
