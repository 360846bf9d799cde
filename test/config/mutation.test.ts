/**
 * Good configurations, changed at random: whatever comes of it is an experiment or a list of problems with places; never a
 * crash, never a hang, and never an experiment that does not read back to itself.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { array, assert, constantFrom, nat, property, record, tuple } from 'fast-check';
import { expect, test } from 'vitest';
import { checkFile } from '../../src/commands/checked.ts';
import { processorMilliseconds, write } from './files.ts';

/** Changes per file and way; the long suite asks for more. */
const rounds = Number(process.env['EXP_MUTATIONS'] ?? 60);

const texts = readdirSync('configs').filter((name) => name.endsWith('.yaml')).map((name) => readFileSync(`configs/${name}`, 'utf8'));
for (const name of readdirSync('configs').filter((each) => each.endsWith('.yaml'))) write(name, readFileSync(`configs/${name}`, 'utf8'));

/** What people, and fuzzers, put in the place of a word. */
const words = constantFrom(
  '', '0', '-1', '1e9', '1e400', '3.5', 'null', 'true', '"16"', '[]', '{}', '[1, 2]', '{ a: 1 }', '$filters', '$train.epochs', '$env.HOME', '$', '$a * ', 'classes',
  'relu', 'conv', 'conv:', '- relu', 'residual: [', 'Basic', 'repeat', 'group: [group: []]', 'extends: deepconvnet.yaml', '&a', '*a', '!!str', '<<:', '__proto__', '\t', '"', "'", '#', ':', '-', '}', '日本語', '\u0000', 'x'.repeat(300),
);

const mutation = record({ text: constantFrom(...texts), at: array(tuple(nat(10_000), words, constantFrom('replace', 'insert', 'delete line', 'repeat line', 'indent')), { minLength: 1, maxLength: 3 }) });

/** Applies changes at the n-th word or line. */
function mutate({ text, at }: { text: string; at: [number, string, string][] }): string {
  for (const [position, word, how] of at) {
    const lines = text.split('\n');
    const line = position % lines.length;
    if (how === 'delete line') text = lines.toSpliced(line, 1).join('\n');
    else if (how === 'repeat line') text = lines.toSpliced(line, 0, lines[line]).join('\n');
    else if (how === 'indent') text = lines.with(line, position % 2 ? `  ${lines[line]}` : lines[line].replace(/^ {2}/, '')).join('\n');
    else text = changeWord(text, position, word, how === 'replace');
  }
  return text;
}

function changeWord(text: string, position: number, word: string, replaces: boolean): string {
  const found = [...text.matchAll(/[^\s,{}[\]]+/g)];
  const at = found.length ? found[position % found.length] : undefined;
  if (!at) return word;
  return `${text.slice(0, at.index)}${word}${replaces ? '' : ' '}${text.slice(at.index + (replaces ? at[0].length : 0))}`;
}

function expectSense(text: string): void {
  const start = processorMilliseconds();
  const { problems, examination } = checkFile({ file: write('mutated.yaml', text), environment: {} });
  expect(processorMilliseconds() - start).toBeLessThan(2000);
  for (const { where, message, fix } of problems) {
    expect(where, message).toBeDefined();
    expect(fix, message).toBeTruthy();
    expect(where!.line, message).toBeGreaterThan(0);
    expect(message).not.toMatch(/undefined|\[object/);
  }
  if (problems.length) return;
  const { completedYaml } = examination.loaded!;
  expect(checkFile({ file: write('again.yaml', completedYaml), environment: {} }).examination.loaded?.completedYaml).toBe(completedYaml);
}

test('words, lines and indentation', { timeout: 600_000 }, () => {
  assert(property(mutation, (each) => expectSense(mutate(each))), { numRuns: rounds * texts.length });
});

test('overrides', { timeout: 600_000 }, () => {
  const path = array(constantFrom('train', 'model', 'layers', 'conv1', 'filters', 'optimizer', 'adam', 'lr', '0', '99', 'heads', 'x', 'augmentation', 'seed', '__proto__', 'blocks', 'Basic', 'Basic1', 'repeat1', '1', 'group'), { minLength: 1, maxLength: 6 });
  const override = tuple(constantFrom('', '+', '~'), path, constantFrom('=', ''), words).map(([sign, parts, equals, word]) => `${sign}${parts.join('.')}${equals}${equals && word}`);
  assert(property(array(override, { minLength: 1, maxLength: 3 }), constantFrom('deepconvnet', 'deepconvnet-resnet', 'deepconvnet-augmented'), (overrides, name) => {
    const { problems } = checkFile({ file: `configs/${name}.yaml`, overrides, environment: {} });
    for (const { where, fix, message } of problems) {
      expect(where, message).toBeDefined();
      expect(fix, message).toBeTruthy();
    }
  }), { numRuns: rounds * 6 });
});
