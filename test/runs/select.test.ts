import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { expandPattern } from '../../src/runs/pattern.ts';
import { listRuns, readRun } from '../../src/runs/runs.ts';
import { selectRun, selectRuns } from '../../src/runs/select.ts';
import { makeRun, sampleSummary, temporaryDirectory } from './sample.ts';

const root = join(temporaryDirectory(), 'runs');
const { best } = sampleSummary();

beforeAll(() => {
  makeRun(root, 'vgg-001', { started: '2026-01-03T00:00:00.000Z' }, { best: { ...best!, 'test/accuracy': 0.999 } });
  makeRun(root, 'deep-002', { started: '2026-01-02T00:00:00.000Z' });
  makeRun(root, 'deep-001', { started: '2026-01-01T00:00:00.000Z' }, 'none');
  makeRun(root, 'deepest-001', { started: '2026-01-04T00:00:00.000Z', ended: undefined });
  mkdirSync(join(root, 'no-run'));
  writeFileSync(join(root, 'README.md'), '');
});

const ids = (...words: string[]): string[] => selectRuns(words, root).map((run) => run.id);

describe('listRuns', () => {
  test('oldest first, other directories and files left out', () => {
    expect(listRuns(root).map((run) => run.id)).toEqual(['deep-001', 'deep-002', 'vgg-001', 'deepest-001']);
    expect(listRuns(join(root, 'absent'))).toEqual([]);
  });

  test('a run without an end and without an owner was interrupted', () => {
    expect(readRun(join(root, 'deepest-001'))!.status).toBe('interrupted');
  });

  test('a record that cannot be read is a damaged run, not an error', () => {
    const other = temporaryDirectory();
    for (const [id, text] of [['a-001', '{"version": 1'], ['a-002', '{"version": 2}'], ['a-003', 'null'], ['a-004', '{"version":1,"started":3}']] as const) {
      makeRun(other, id);
      writeFileSync(join(other, id, 'run.json'), text);
      writeFileSync(join(other, id, 'summary.json'), '[]');
    }
    expect(listRuns(other)).toMatchObject([{ status: 'damaged' }, { status: 'damaged' }, { status: 'damaged' }, { status: 'damaged' }]);
    expect(listRuns(other).every(({ summary }) => summary === undefined)).toBe(true);
  });
});

describe('selectRuns', () => {
  test.each([
    [['deep-002'], ['deep-002']],
    [['vgg'], ['vgg-001']],
    [['deepe'], ['deepest-001']],
    [['latest'], ['deepest-001']],
    [['best'], ['vgg-001']],
    [['1', '3'], ['deep-001', 'vgg-001']],
    [[join(root, 'deep-001')], ['deep-001']],
    [[`${join(root, 'deep-001')}/`], ['deep-001']],
    [[root], ['deep-001', 'deep-002', 'vgg-001', 'deepest-001']],
    [[`${root}/deep-*`], ['deep-001', 'deep-002']],
    [['deep*-001'], ['deep-001', 'deepest-001']],
    [['deep-001', 'latest', 'deep-001', '*'], ['deep-001', 'deepest-001', 'deep-002', 'vgg-001']],
  ])('%j', (words, expected) => {
    expect(ids(...words)).toEqual(expected);
  });

  test.each([
    ['deep', /"deep" is the beginning of 3 runs/],
    ['5', /"5" is no run/],
    ['0', /"0" is no run/],
    ['vgg-002', /"vgg-002" is no run/],
    ['resnet*', /"resnet\*" selects no run/],
  ])('%s is refused', (word, message) => {
    expect(() => ids(word)).toThrow(message);
  });

  test('near names are suggested; several mistakes are told at once', () => {
    try {
      ids('vgg-002', 'nothing-at-all');
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ exitCode: 2, problems: [{ fix: 'did you mean vgg-001?' }, { fix: expect.stringContaining('deep-001') }] });
    }
  });

  test('one run where one is needed', () => {
    expect(() => selectRun('deep-*', root)).toThrow(/"deep-\*" selects 2 runs where one is needed/);
    expect(() => selectRun('latest', join(root, 'absent'))).toThrow(/absent holds none/);
  });
});

describe('expandPattern', () => {
  test.each([
    ['deep-00?', ['deep-001', 'deep-002']],
    ['deep-00[2-9]', ['deep-002']],
    ['deep-00[!2]', ['deep-001']],
    ['{vgg,deepest}-001', ['deepest-001', 'vgg-001']],
    ['*.md', ['README.md']],
    ['deep-001/*.json', ['deep-001/run.json']],
    ['absent/*', []],
    ['(deep)*', []],
    ['deep-00[', []],
  ])('%s', (pattern, expected) => {
    expect(expandPattern(join(root, pattern))).toEqual(expected.map((name) => join(root, name)));
  });

  test('a hostile pattern takes no time', () => {
    const began = performance.now();
    expandPattern(join(root, `${'*a'.repeat(40)}*b`));
    expect(performance.now() - began).toBeLessThan(10_000);
  });
});
