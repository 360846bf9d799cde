/** A real language server (that of the YAML extension for editors) helps with configurations, through the modeline in their first line alone. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startYamlServer } from './language-server.ts';
import type { Editor, Position } from './language-server.ts';

const modeline = '# yaml-language-server: $schema=../schemas/experiment.schema.json';

let editor: Editor;
let files = 0;

beforeAll(async () => {
  editor = await startYamlServer(process.cwd());
});
afterAll(() => editor.close());

/** Opens a text in `configs/` in which `‸` marks the cursor. */
function open(text: string): { path: string; position: Position } {
  const before = text.slice(0, text.indexOf('‸')).split('\n');
  const path = resolve(`configs/unsaved-${++files}.yaml`);
  editor.open(path, text.replace('‸', ''));
  return { path, position: { line: before.length - 1, character: before.at(-1)!.length } };
}

async function completionLabels(text: string): Promise<string[]> {
  const { path, position } = open(text);
  return (await editor.completion(path, position)).map((item) => item.label);
}

async function hoverText(text: string): Promise<string> {
  const { path, position } = open(text);
  return editor.hover(path, position);
}

describe('completion', () => {
  test('of the keys of an experiment', async () => {
    expect(await completionLabels(`${modeline}\n‸`)).toEqual(expect.arrayContaining(['name', 'seed', 'dataset', 'model', 'augmentation', 'train']));
  });

  test('of the keys of a section', async () => {
    expect(await completionLabels(`${modeline}\ntrain:\n  ‸`)).toEqual(expect.arrayContaining(['epochs', 'batch_size', 'optimizer', 'schedule']));
  });

  test('of layer types in a list of layers', async () => {
    const labels = await completionLabels(`${modeline}\nmodel:\n  layers:\n    - ‸`);
    expect(labels).toEqual(expect.arrayContaining(['conv', 'maxpool', 'dense', 'residual']));
  });

  test('of the options of a layer', async () => {
    const labels = await completionLabels(`${modeline}\nmodel:\n  layers:\n    - conv:\n        ‸`);
    expect(labels).toEqual(expect.arrayContaining(['filters', 'kernel', 'stride', 'padding']));
    expect(labels).not.toContain('rate');
  });

  test('of optimizers and their options', async () => {
    expect(await completionLabels(`${modeline}\ntrain:\n  optimizer:\n    ‸`)).toEqual(expect.arrayContaining(['adam', 'sgd']));
    expect(await completionLabels(`${modeline}\ntrain:\n  optimizer:\n    sgd:\n      ‸`)).toEqual(expect.arrayContaining(['lr', 'momentum']));
  });
});

describe('hover', () => {
  test('tells what a key means, with its default', async () => {
    expect(await hoverText(`${modeline}\nmodel:\n  layers:\n    - conv: { filters: 16, ker‸nel: 3 }\n`)).toMatch(/window/i);
    expect(await hoverText(`${modeline}\ntrain:\n  batch‸_size: 100\n`)).not.toBe('');
    expect(await hoverText(`${modeline}\ntrain:\n  optimizer: { ad‸am: { lr: 0.001 } }\n`)).toMatch(/Adam/);
  });
});

describe('marks', () => {
  test('nothing in the configurations of the project', async () => {
    const path = resolve('configs/deepconvnet.yaml');
    editor.open(path, readFileSync(path, 'utf8'));
    expect(await editor.diagnostics(path)).toEqual([]);
  });

  test('an option that does not exist, where it stands', async () => {
    const { path } = open(`${modeline}\nmodel:\n  layers:\n    - conv: { filtres: 16 }‸\n`);
    const marks = await editor.diagnostics(path);
    expect(marks.some((mark) => mark.message.includes('filtres') && mark.range.start.line === 3)).toBe(true);
  });
});
