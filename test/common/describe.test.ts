import { describe, expect, test } from 'vitest';
import { describeBytes, describeCount, describeDuration, describeLoss, describeMagnitude, describeNumberOf, describePercent } from '../../src/common/describe.ts';
import { describeProblem } from '../../src/common/describe-problem.ts';
import { canonicalJson, toJson } from '../../src/common/json.ts';
import { streamTerminal } from '../../src/common/terminal.ts';

test.each([
  [describeCount(0), '0'], [describeCount(999), '999'], [describeCount(123552), '123,552'], [describeCount(1234567.4), '1,234,567'],
  [describeMagnitude(999), '999'], [describeMagnitude(999.6), '1.0 k'], [describeMagnitude(9949), '9.9 k'], [describeMagnitude(9951), '10 k'], [describeMagnitude(8.8e6), '8.8 M'], [describeMagnitude(3.4e15), '3400 T'],
  [describeBytes(12), '12 B'], [describeBytes(5400000), '5.4 MB'],
  [describeDuration(0.04), '0.0 s'], [describeDuration(59.94), '59.9 s'], [describeDuration(59.96), '1:00'], [describeDuration(3729.2), '1:02:09'], [describeDuration(Infinity), '-'],
  [describePercent(0.99325), '99.33 %'], [describePercent(1), '100.00 %'],
  [describeLoss(0.03014), '0.0301'], [describeLoss(12.345), '12.35'], [describeLoss(0), '0.0000'], [describeLoss(1.5e-6), '1.50e-6'], [describeLoss(NaN), 'NaN'],
  [describeNumberOf(1, 'thread'), '1 thread'], [describeNumberOf(2000, 'thread'), '2,000 threads'],
])('%s', (text, expected) => {
  expect(text).toBe(expected);
});

const plain = { style: (_style: unknown, text: string): string => text };

describe('describeProblem', () => {
  test('place, message, excerpt with caret, related places, fix', () => {
    const text = describeProblem({
      code: 'shape-mismatch', path: 'model.layers[3].conv.kernel', message: '3×3 does not fit its 2×2 input', fix: 'drop one, or set padding: same',
      where: { file: 'a.yaml', line: 14, column: 28, endColumn: 34, excerpt: '    - conv: { filters: 64, kernel: 3 }' },
      related: [{ message: 'halved here', where: { file: 'a.yaml', line: 8, column: 7 } }],
    }, plain);
    expect(text).toBe([
      'a.yaml:14:28  model.layers[3].conv.kernel: 3×3 does not fit its 2×2 input',
      '  14 |     - conv: { filters: 64, kernel: 3 }',
      '     |                            ^^^^^^',
      '  a.yaml:8:7  halved here',
      '  drop one, or set padding: same',
      '',
    ].join('\n'));
  });

  test('a mark beyond the line is one caret; long lines are cut around it; control characters do not reach the terminal', () => {
    const beyond = describeProblem({ code: 'x', message: 'm', where: { file: 'f', line: 1, column: 4, excerpt: 'a: ' } }, plain);
    expect(beyond).toContain('\n  1 | a: \n    |    ^\n');
    const long = describeProblem({ code: 'x', message: 'm', where: { file: 'f', line: 1, column: 5001, endColumn: 5003, excerpt: `${'x'.repeat(5000)}!!${'y'.repeat(5000)}` } }, plain).split('\n');
    expect(long[1].length).toBeLessThan(170);
    expect(long[1].slice(long[2].indexOf('^'), long[2].lastIndexOf('^') + 1)).toBe('!!');
    const hostile = describeProblem({ code: 'x', message: 'm', where: { file: 'f', line: 1, column: 1, excerpt: '\u001b[31mred\t\u0007' } }, plain);
    expect(hostile).toContain('  1 | \ufffd[31mred \ufffd\n');
  });
});

test('JSON: numbers that are not finite as words; canonical: sorted keys', () => {
  expect(toJson({ a: NaN, b: [Infinity, -0, 1] })).toBe('{"a":"NaN","b":["Infinity",0,1]}');
  expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: null })).toBe('{"a":null,"b":[{"c":2,"d":1}]}');
});

describe('colours', () => {
  const stream = (isTTY: boolean): NodeJS.WriteStream => ({ ...process.stdout, isTTY, write: () => true }) as unknown as NodeJS.WriteStream;
  test.each([
    [true, {}, true], [false, {}, false], [true, { NO_COLOR: '1' }, false], [true, { NO_COLOR: '' }, true], [true, { TERM: 'dumb' }, false],
    [false, { FORCE_COLOR: '1' }, true], [false, { FORCE_COLOR: '0' }, false], [true, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
  ])('a terminal: %s, environment %j: %s', (isTTY, environment, coloured) => {
    expect(streamTerminal(stream(isTTY), environment).style('red', 'x') !== 'x').toBe(coloured);
  });
});
