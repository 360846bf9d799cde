/** Holds the import lines of `src/` against the table in docs/architecture.md. */
import { readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { codeOf, importsOf, sourceFiles } from './sources.ts';

interface Row {
  values: string[];
  types: string[];
}

/** Rows of the table under "Who may import whom", by folder (or file) in `src/`. */
function importTable(): Map<string, Row> {
  const text = readFileSync('docs/architecture.md', 'utf8');
  const section = text.split('## Who may import whom')[1].split('\n## ')[0];
  const rows = section.split('\n').filter((line) => line.startsWith('| `'));
  return new Map(rows.map((line) => {
    const [folder, values, types] = line.split('|').slice(1).map((cell) => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]));
    return [folder[0], { values: values, types: types }];
  }));
}

/** `src/layers/conv.ts` belongs to `layers`, `src/cli.ts` to `cli.ts`. */
function ownerOf(file: string): string {
  return file.split('/')[1];
}

const table = importTable();

test('every folder of src has a row, and every row a folder', () => {
  const owners = new Set(sourceFiles('src').map(ownerOf));
  expect([...owners].toSorted()).toEqual([...table.keys()].toSorted());
});

describe.each([...table])('%s', (owner, { values, types }) => {
  test('imports only what the table allows', () => {
    const wrong: string[] = [];
    for (const file of sourceFiles('src').filter((each) => ownerOf(each) === owner)) {
      for (const { specifier, typeOnly } of importsOf(file)) {
        if (!specifier.startsWith('.')) continue;
        const target = posix.normalize(join(dirname(file), specifier));
        const allowed = typeOnly ? [...values, ...types] : values;
        const permitted = ownerOf(target) === owner || allowed.some((each) => target === `src/${each}` || target.startsWith(`src/${each}/`));
        if (!permitted) wrong.push(`${file} imports ${target}${typeOnly ? ' (types)' : ''}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});

test('only cli.ts prints errors or exits; the launcher and a second Ctrl-C end the process too', () => {
  const mayExit = new Set(['src/cli.ts', 'src/bin/hand-over.ts', 'src/commands/signals.ts']);
  const exits = sourceFiles('src').filter((file) => /\bprocess\.exit\(/.test(codeOf(file)) && !mayExit.has(file));
  const prints = sourceFiles('src').filter((file) => /\bconsole\.\w+\(/.test(codeOf(file)));
  expect({ exits, prints }).toEqual({ exits: [], prints: [] });
});
