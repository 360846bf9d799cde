/** Runs a command line in this process and keeps what it prints. */
import { execute } from '../../src/cli.ts';
import { memoryTerminal } from '../../src/common/terminal.ts';

export interface Executed {
  code: number;
  stdout: string;
  stderr: string;
}

export async function run(argv: string[], how: { columns?: number; environment?: Record<string, string> } = {}): Promise<Executed> {
  const stdout = memoryTerminal({ columns: how.columns ?? Infinity });
  const stderr = memoryTerminal();
  const code = await execute(argv, { argv, environment: how.environment ?? {}, stdout, stderr, exitCode: 0 });
  return { code, stdout: stdout.text, stderr: stderr.text };
}
