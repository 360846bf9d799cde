/** The project's own source files and their import lines, for the tests of its structure. */
import { readdirSync, readFileSync } from 'node:fs';

/** Paths with forward slashes, from the root of the project: `src/layers/conv.ts`. */
export function sourceFiles(...folders: string[]): string[] {
  return folders
    .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => `${folder}/${file.replaceAll('\\', '/')}`))
    .filter((file) => /\.(ts|mjs)$/.test(file))
    .toSorted();
}

const notOurs = new Set(['node_modules', 'dist', 'runs', 'coverage', '.git']);

/** Everything that belongs to the project, with or without a repository around it. */
export function projectFiles(folder = '.'): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const path = folder === '.' ? entry.name : `${folder}/${entry.name}`;
      if (notOurs.has(entry.name)) return [];
      return entry.isDirectory() ? projectFiles(path) : [path];
    })
    .toSorted();
}

/** The text without comments. */
export function codeOf(file: string): string {
  return readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
}

export interface ImportLine {
  specifier: string;
  /** Erased by the compiler. */
  typeOnly: boolean;
}

/** Static imports, re-exports and dynamic imports of a literal, comments left out. */
export function importsOf(file: string): ImportLine[] {
  const code = codeOf(file);
  const statements = [...code.matchAll(/^(?:import|export)\s+(type\s)?[^'"`;]*?\bfrom\s+'([^']+)'/gm)];
  const bare = [...code.matchAll(/^import\s+'([^']+)'/gm)];
  // `import('./x.ts').Name` in a type position is erased, `await import('./x.ts')` is not.
  const dynamic = [...code.matchAll(/\bimport\('([^']+)'\)(?!\s*(?:\.[A-Z]|\[))/g)];
  return [
    ...statements.map((match) => ({ specifier: match[2], typeOnly: match[1] !== undefined || onlyInlineTypes(match[0]) })),
    ...[...bare, ...dynamic].map((match) => ({ specifier: match[1], typeOnly: false })),
  ];
}

/** `import { type A, type B } from` */
function onlyInlineTypes(statement: string): boolean {
  const names = /\{([^}]*)\}/.exec(statement)?.[1]?.split(',').map((name) => name.trim()).filter(Boolean) ?? [];
  return names.length > 0 && /^import\s*\{/.test(statement) && names.every((name) => name.startsWith('type '));
}
