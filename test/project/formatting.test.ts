/** What a formatter would settle (docs/architecture.md tells why there is none), over all files at once: the message lists the places. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { projectFiles } from './sources.ts';

/** Beyond this only lines that are one long text (messages, descriptions), and tables of cases in tests. */
const widestCode = 200;
const longText = /'[^']{60,}'|`[^`]{60,}`/;
const longestFile = 400;

const files = projectFiles().filter((file) => !file.startsWith('test/fixtures/'));
const texts = files.filter((file) => /\.(ts|mjs|py|sh|ya?ml|md|json)$/.test(file) && file !== 'package-lock.json');
const code = files.filter((file) => /\.(ts|mjs)$/.test(file));

/** `check` gives what is wrong with a line, or undefined. */
function problems(among: readonly string[], check: (line: string) => string | undefined): string[] {
  return among.flatMap((file) => linesOf(file).flatMap((line, i) => {
    const problem = check(line);
    return problem === undefined ? [] : [`${file}:${i + 1} ${problem}`];
  }));
}

function linesOf(file: string): string[] {
  return readFileSync(file, 'utf8').split('\n');
}

test('no tabs, no carriage returns, no blanks at the end of a line', () => {
  expect(problems(texts, (line) => (line.includes('\t') ? 'a tab' : /\s$/.test(line) ? 'blanks at the end' : undefined))).toEqual([]);
});

test('every file ends with one line break', () => {
  expect(texts.filter((file) => !/[^\n]\n$/.test(readFileSync(file, 'utf8')))).toEqual([]);
});

test(`code within ${widestCode} columns and ${longestFile} lines`, () => {
  expect(problems(code.filter((file) => !file.startsWith('test/')), (line) => (line.length > widestCode && !longText.test(line) ? `${line.length} columns` : undefined))).toEqual([]);
  expect(code.filter((file) => linesOf(file).length > longestFile + 1)).toEqual([]);
});

test('every source file opens with what it is', () => {
  const opens = /^(#!.*\n)?\/[*/]/;
  expect(code.filter((file) => file.startsWith('src/') && !opens.test(readFileSync(file, 'utf8')))).toEqual([]);
});
