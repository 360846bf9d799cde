/**
 * The command line: finds the verb, loads it, runs it. The only place that prints errors or decides how to exit.
 */
import { Command as Commander, CommanderError } from 'commander';
import { describeProblem } from './common/describe-problem.ts';
import { issuesAddress, packageVersion } from './common/package.ts';
import { exitCode, UserError } from './common/problem.ts';
import type { Problem } from './common/problem.ts';
import { streamTerminal } from './common/terminal.ts';
import type { Context } from './commands/command.ts';
import { verbNamed, verbs } from './commands/index.ts';

/** Runs one command. `argv` are the arguments after `exp`; the result is the exit code. */
export function main(argv: string[]): Promise<number> {
  return execute(argv, processContext(argv));
}

/** The same with streams and environment of the caller's. */
export async function execute(argv: string[], context: Context): Promise<number> {
  try {
    const program = await createProgram(argv, context);
    if (argv.length === 0) program.outputHelp();
    else await program.parseAsync(argv, { from: 'user' });
    return context.exitCode;
  } catch (error) {
    return report(error, context);
  }
}

function processContext(argv: readonly string[]): Context {
  listenOnce(process.stdout, leaveWhenNobodyReads);
  listenOnce(process.stderr, ignore);
  // --no-color is a flag of every verb; NO_COLOR is how the rest of the program, and libraries, hear of it.
  const environment = beforeDashes(argv).includes('--no-color') ? { ...process.env, NO_COLOR: '1' } : process.env;
  return {
    environment,
    argv,
    stdout: streamTerminal(process.stdout, environment),
    stderr: streamTerminal(process.stderr, environment),
    exitCode: exitCode.done,
  };
}

function listenOnce(stream: NodeJS.WriteStream, listener: (error: NodeJS.ErrnoException) => void): void {
  if (!stream.listeners('error').includes(listener)) stream.on('error', listener);
}

/** Nobody hears the messages (a closed terminal or pipe): a run goes on, its log.txt has them. */
function ignore(): void {}

/** `exp ls | head` closes our output: that is no error. */
function leaveWhenNobodyReads(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(exitCode.done);
  throw error;
}

/** Longer lines are hard to read. */
const widestHelp = 100;

async function createProgram(argv: readonly string[], context: Context): Promise<Commander> {
  const program = new Commander('exp')
    .description('Trains convolutional networks from a YAML file and keeps the record.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .exitOverride()
    .showHelpAfterError(false)
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      outputError: () => {},
      getOutHelpWidth: () => Math.min(context.stdout.columns, widestHelp),
    })
    .addHelpText('after', '\nexp help VERB tells more about one of them.');
  const asked = verbNamed(argv.find((word) => !word.startsWith('-') && word !== 'help'));
  for (const verb of verbs) {
    const command = program.command(verb.name).aliases([...(verb.aliases ?? [])]).summary(verb.summary).description(`${verb.summary}.`);
    command.option('--no-color', 'never colour (also: NO_COLOR=1)');
    if (verb === asked) (await verb.load()).command.configure(command, context);
  }
  return program;
}

/** Shows what went wrong and returns the exit code. */
function report(error: unknown, context: Context): number {
  if (error instanceof UserError) {
    showProblems(error.problems, context);
    return error.exitCode;
  }
  if (error instanceof CommanderError) return reportUsage(error, context);
  reportInternal(error, context);
  return exitCode.failed;
}

function reportUsage(error: CommanderError, context: Context): number {
  if (error.exitCode === 0 || error.code === 'commander.help') return exitCode.done;
  const [message = '', ...hints] = error.message.replace(/^error: /, '').split('\n');
  const verb = verbNamed(context.argv[0])?.name;
  const help = `exp ${verb ? `${verb} ` : ''}--help shows what can be given`;
  showProblems([{ code: 'usage', message, fix: [...hints.map((hint) => hint.replace(/^\((.*)\)$/, '$1')), help].join('\n  ') }], context);
  return exitCode.usage;
}

function showProblems(problems: readonly Problem[], context: Context): void {
  if (beforeDashes(context.argv).includes('--json')) context.stdout.write(`${JSON.stringify({ problems }, undefined, 2)}\n`);
  else context.stderr.write(problems.map((problem) => describeProblem(problem, context.stderr)).join('\n'));
}

/** A mistake of ours. The stack is for those who ask. */
function reportInternal(error: unknown, context: Context): void {
  const message = error instanceof Error ? error.message : String(error);
  context.stderr.write(`internal error: ${message}\n  this is a mistake in exp, please report it: ${issuesAddress()}\n`);
  if (context.environment['EXP_DEBUG']) context.stderr.write(`${error instanceof Error ? error.stack : ''}\n`);
  else context.stderr.write('  EXP_DEBUG=1 shows where it happened\n');
}

/** The words that can be flags: those before `--`. */
function beforeDashes(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--');
  return end < 0 ? argv : argv.slice(0, end);
}
