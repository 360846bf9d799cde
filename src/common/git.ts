/** The commit that the working directory is at. Absent where there is no git, no repository or no quick answer. */
import { execFile } from 'node:child_process';

/** Slow repositories must not hold up a run. */
const timeoutMilliseconds = 3000;

export async function gitState(directory: string): Promise<{ commit: string; dirty: boolean } | undefined> {
  const [commit, changes] = await Promise.all([
    git(directory, ['rev-parse', 'HEAD']),
    git(directory, ['status', '--porcelain', '--untracked-files=no']),
  ]);
  return commit === undefined || changes === undefined ? undefined : { commit: commit.trim(), dirty: changes.trim() !== '' };
}

function git(directory: string, words: string[]): Promise<string | undefined> {
  const environment = { ...process.env, GIT_OPTIONAL_LOCKS: '0' };
  return new Promise((resolve) => {
    execFile('git', words, { cwd: directory, env: environment, timeout: timeoutMilliseconds, maxBuffer: 64 << 20 }, (error, output) => {
      resolve(error ? undefined : output);
    });
  });
}
