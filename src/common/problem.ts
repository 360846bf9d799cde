/**
 * What can be wrong, as data. A problem says where, what was found, what was expected and how to mend it.
 * Nothing here prints: `src/cli.ts` is the only place that shows problems or exits.
 */

/** A stretch of a text file. Lines and columns count from 1; `endColumn` is the first column after the stretch. */
export interface Place {
  file: string;
  line: number;
  column: number;
  endColumn?: number;
  /** The text of that line, for the excerpt. */
  excerpt?: string;
}

export interface Problem {
  /** Stable, lower case, with dashes: `unknown-option`, `shape-mismatch`. */
  code: string;
  /** What is wrong: what was found and what was expected, in one sentence without a full stop. */
  message: string;
  /** How to mend it. */
  fix?: string;
  where?: Place;
  /** The configuration path, e.g. `model.layers[3].conv.kernel`. */
  path?: string;
  /** Further places that explain the cause. */
  related?: { where?: Place; message: string }[];
}

/** Exit codes of the command line. */
export const exitCode = { done: 0, failed: 1, usage: 2, expectation: 3, interrupted: 130, terminated: 143 } as const;

/** Something the user can mend. Carries every problem found, not the first one. */
export class UserError extends Error {
  readonly problems: readonly Problem[];
  readonly exitCode: number;

  constructor(problems: readonly Problem[] | Problem, code: number = exitCode.usage) {
    const list = Array.isArray(problems) ? (problems as readonly Problem[]) : [problems as Problem];
    super(list.map((problem) => problem.message).join('\n'));
    this.name = 'UserError';
    this.problems = list;
    this.exitCode = code;
  }
}

/** A run that failed after it had begun (exit code 1). */
export function runFailure(problem: Problem): UserError {
  return new UserError(problem, exitCode.failed);
}
