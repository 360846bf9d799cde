/** Paths by pattern, for `runs/*` where the shell did not expand it: `*`, `?`, `[abc]`, `{a,b}` within one part of a path. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Existing paths that match, sorted; names that begin with a dot only where the pattern does. */
export function expandPattern(pattern: string): string[] {
  const absolute = pattern.startsWith('/');
  let found = [absolute ? '/' : ''];
  for (const part of pattern.split('/').filter((each) => each !== '')) {
    found = found.flatMap((directory) => entriesMatching(directory, part));
  }
  return found;
}

function entriesMatching(directory: string, part: string): string[] {
  if (!isPattern(part)) {
    const path = join(directory, part);
    return statSync(path, { throwIfNoEntry: false }) ? [path] : [];
  }
  const expression = toExpression(part);
  const names = listNames(directory || '.').filter((name) => expression.test(name) && (part.startsWith('.') || !name.startsWith('.')));
  return names.sort().map((name) => join(directory, name));
}

export function isPattern(text: string): boolean {
  return /[*?[{]/.test(text);
}

/** No quantifier but `[^/]*`, and none nested: matching takes time linear in practice for names of files. */
function toExpression(part: string): RegExp {
  const source = part.replace(/\*+|\?|\[[^\]]*\]|\{[^{}]*\}|[^*?[{]+|[[{]/g, (token) => {
    if (token.startsWith('*')) return '[^/]*';
    if (token === '?') return '[^/]';
    if (token.startsWith('[') && token.length > 2) return `[${escapeSet(token.slice(1, -1))}]`;
    if (token.startsWith('{') && token.length > 1) return `(?:${token.slice(1, -1).split(',').map(escape).join('|')})`;
    return escape(token);
  });
  return new RegExp(`^${source}$`);
}

function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

/** `!a-c` as `^a-c`. */
function escapeSet(set: string): string {
  return set.replace(/[\\\]]/g, '\\$&').replace(/^!/, '^');
}

function listNames(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
