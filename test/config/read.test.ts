/** Text to tree: places, and what is refused before or while it is read. Hostile texts are read in a process that is warmed up, as `try` cannot catch what they provoke in a cold one. */
import { beforeAll, describe, expect, test } from 'vitest';
import { readYaml, textSource } from '../../src/config/read.ts';
import { toPlain } from '../../src/config/tree.ts';
import type { Problem } from '../../src/common/problem.ts';
import { processorMilliseconds } from './files.ts';

function read(text: string): { value: unknown; problems: Problem[]; milliseconds: number } {
  const problems: Problem[] = [];
  const start = processorMilliseconds();
  const tree = readYaml(textSource('a.yaml', text), (problem) => problems.push(problem));
  return { value: tree && toPlain(tree), problems, milliseconds: processorMilliseconds() - start };
}

describe('YAML 1.2 core', () => {
  test('scalars', () => {
    expect(read('[1, -2, 0x1F, 0o17, 1.5, 1e-3, 5e-4, .5, true, yes, no, null, ~, "1", 1_000, 1e3, 9007199254740991]').value).toEqual(
      [1, -2, 31, 15, 1.5, 0.001, 0.0005, 0.5, true, 'yes', 'no', null, null, '1', '1_000', 1000, 9007199254740991]);
  });

  test('anchors are followed, comments and windows line ends do not matter', () => {
    expect(read('a: &x { b: 1 } # one\r\nc: *x\r\nd: |\r\n  two\r\n').value).toEqual({ a: { b: 1 }, c: { b: 1 }, d: 'two\n' });
  });

  test('keys of digits are texts', () => {
    expect(read('1: a').value).toEqual({ 1: 'a' });
  });

  test('places count from 1, and excerpts are whole lines', () => {
    const { problems } = read('a: 1\r\nb: [1, 1e999]\r\n');
    expect(problems.map(({ where }) => where)).toEqual([{ file: 'a.yaml', line: 2, column: 8, endColumn: 13, excerpt: 'b: [1, 1e999]' }]);
  });
});

describe('hostile texts are refused quickly', () => {
  // The composer's code is compiled by then, which makes its frames the size that overflowed.
  beforeAll(() => { for (let i = 0; i < 200; i++) read('a: [{ b: [1, 2, { c: &x d }] }, *x]\n'); });

  test.each([
    ['10 KB of [', '['.repeat(10_000), 'too-large'],
    ['1 MB of [', '['.repeat(1_000_000), 'too-large'],
    ['10 KB of {', '{a: '.repeat(2_500), 'too-large'],
    ['10 KB of "- "', '- '.repeat(5_000), 'too-large'],
    ['10 KB of "? "', '? '.repeat(5_000), 'too-large'],
    ['deep indentation', Array.from({ length: 200 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'), 'too-large'],
    ['more than 1 MB', `a: ${'x'.repeat(1 << 20)}`, 'too-large'],
    ['100,000 keys', Array.from({ length: 100_000 }, (_, i) => `k${i}: 1`).join('\n'), 'too-large'],
    ['300,000 dashes', '- \n'.repeat(300_000), 'too-large'],
    ['a million empty lines', `${'\n'.repeat(1_000_000)}a: 1`, 'too-large'],
    ['half a million values in one line', `[${'a,'.repeat(500_000)}]`, 'too-large'],
    ['250,000 keys in one line', `{${'a: b,'.repeat(200_000)}}`, 'too-large'],
    ['aliases that double', Array.from({ length: 30 }, (_, i) => `a${i}: &a${i} [${i ? `*a${i - 1}, *a${i - 1}` : 1}]`).join('\n'), 'too-large'],
    ['an alias to itself', 'a: &a [*a]', 'yaml-cycle'],
    ['a map that holds itself', 'a: &a { b: { c: *a } }', 'yaml-cycle'],
    ['prototype keys', '{ __proto__: { a: 1 } }', 'bad-key'],
    ['a merge key', 'a: &a { b: 1 }\nc: { <<: *a }', 'merge-key'],
    ['a list as a key', '? [a, b]\n: 1', 'bad-key'],
    ['an alias as a key', 'a: &a b\n*a : 1', 'bad-key'],
    ['a tag', 'a: !!js/function "function () {}"', 'yaml-tag'],
    ['a tag on a map', 'a: !!omap [b: 1]', 'yaml-tag'],
    ['a whole number beyond 2^53', 'a: 9007199254740993', 'number-range'],
    ['infinity', 'a: .inf', 'number-range'],
    ['control characters', 'a: "\u0000"\nb: \u0001: [', 'yaml-syntax'],
  ])('%s', (_name, text, code) => {
    const { problems, milliseconds } = read(text);
    expect(problems.map((problem) => problem.code)).toContain(code);
    expect(milliseconds).toBeLessThan(1000);
    for (const problem of problems) expect(problem.where?.line).toBeGreaterThan(0);
    expect(Object.hasOwn(Object.prototype, 'a')).toBe(false);
  });
});

describe('large but harmless texts are read quickly', () => {
  test.each([
    ['a quoted text of many lines', `a: "${'x\n  '.repeat(19_000)}"`],
    ['a plain text of many lines', `a: ${'x\n  '.repeat(19_000)}`],
    ['a block of many lines', `a: |\n${`  ${'x'.repeat(50)}\n`.repeat(19_000)}`],
    ['many comments', `${`# ${'x'.repeat(40)}\n`.repeat(19_000)}a: 1`],
    ['many empty lines', `${'\n'.repeat(19_000)}a: 1`],
    ['one long line', `a: ${'x '.repeat(500_000)}`],
  ])('%s', (_name, text) => {
    const { value, milliseconds } = read(text);
    expect(value).toHaveProperty('a');
    expect(milliseconds).toBeLessThan(1000);
  });
});
