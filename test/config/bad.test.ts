/**
 * Every file of test/fixtures/bad is wrong in one or more ways. What must be said of it stands in expected.txt: place, code,
 * reason and hint of every problem, nothing more and nothing less.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkFile } from '../../src/commands/checked.ts';
import { loadExperiment } from '../../src/config/index.ts';
import { UserError } from '../../src/common/problem.ts';
import type { Problem } from '../../src/common/problem.ts';

const folder = 'test/fixtures/bad';
const root = process.cwd();
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
const expected = sectionsOf(readFileSync(`${folder}/expected.txt`, 'utf8'));

/** `== name.yaml`, then the lines of that file. */
function sectionsOf(text: string): Map<string, string> {
  const sections = text.split(/^== /m).slice(1).map((section) => [section.slice(0, section.indexOf('\n')), section.slice(section.indexOf('\n') + 1).trim()] as const);
  return new Map(sections);
}

function describeProblems(problems: readonly Problem[]): string {
  return problems.map(({ where, code, path, message, fix }) => `${where?.file}:${where?.line}:${where?.column} ${code} ${path ?? '-'}: ${message}\n    ${fix}`).join('\n');
}

// The fixtures name each other, and messages name files as they were given.
beforeAll(() => process.chdir(folder));
afterAll(() => process.chdir(root));

test('there are many, and enough of them about shapes', () => {
  expect(files.length).toBeGreaterThanOrEqual(100);
  expect(files.filter((file) => file.startsWith('shape-')).length).toBeGreaterThanOrEqual(25);
  expect([...expected.keys()].toSorted()).toEqual(files.toSorted());
});

describe('each is refused with place, reason and hint', () => {
  test.each(files)('%s', (file) => {
    const { problems } = checkFile({ file, environment: {} });
    expect(describeProblems(problems)).toBe(expected.get(file));
    for (const problem of problems) {
      expect(problem.where).toBeDefined();
      expect(problem.fix).toBeTruthy();
      expect(problem.message).not.toMatch(/undefined|NaN|\[object|TypeError|\.$/);
      expectMark(problem);
    }
  });

  test.each(files.filter((file) => !file.startsWith('shape-')))('%s is refused by loadExperiment as well', (file) => {
    expect(() => loadExperiment({ file, environment: {} })).toThrow(UserError);
  });
});

/** The excerpt is the line of the file, and the mark lies within it. */
function expectMark({ where }: Problem): void {
  const line = readFileSync(where!.file, 'utf8').split('\n')[where!.line - 1];
  expect(where!.excerpt).toBe(line);
  expect(where!.column).toBeGreaterThanOrEqual(1);
  expect(where!.column).toBeLessThanOrEqual(line.length + 1);
  expect(where!.endColumn).toBeGreaterThan(where!.column);
}
