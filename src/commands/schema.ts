/** `exp schema`: the JSON Schema of configurations, as committed under schemas/. */
import { readFileSync } from 'node:fs';
import { exitCode, UserError } from '../common/problem.ts';
import { schemaText } from '../config/schema.ts';
import { writeDurably } from '../common/durable.ts';
import type { Command, Context } from './command.ts';

interface SchemaOptions {
  check?: string;
  write?: string;
}

export const command: Command = {
  configure(verb, context) {
    verb
      .option('--check <file>', 'exit 3 where a file holds something else')
      .option('--write <file>', 'write it to a file')
      .action((options: SchemaOptions) => print(options, context));
  },
};

function print({ check, write }: SchemaOptions, context: Context): void {
  if (check !== undefined) checkFile(check);
  if (write !== undefined) writeDurably(write, schemaText());
  if (check === undefined && write === undefined) context.stdout.write(schemaText());
}

function checkFile(file: string): void {
  if (readText(file) === schemaText()) return;
  throw new UserError({ code: 'stale-schema', message: `${file} is not the schema of this version`, fix: `exp schema --write ${file}` }, exitCode.expectation);
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
