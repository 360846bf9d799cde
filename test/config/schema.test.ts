/** The published schema: committed as generated, valid, and of one mind with the checks of the program. */
import { readdirSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { checkFile } from '../../src/commands/checked.ts';
import { catalogues } from '../../src/config/language.ts';
import { experimentSchema, schemaText } from '../../src/config/schema.ts';

const validate = new Ajv({ strict: true, allowUnionTypes: true, strictRequired: false }).compile(experimentSchema());
const configurations = readdirSync('configs').filter((name) => name.endsWith('.yaml')).map((name) => `configs/${name}`);

test('the committed file is what the code generates', () => {
  expect(readFileSync('schemas/experiment.schema.json', 'utf8')).toBe(schemaText());
});

test.each(configurations)('%s: first line, schema and program agree that it is right', (file) => {
  const text = readFileSync(file, 'utf8');
  expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=../schemas/experiment.schema.json');
  expect(validate(parse(text)), JSON.stringify(validate.errors)).toBe(true);
  expect(checkFile({ file, environment: {} }).problems).toEqual([]);
});

describe('what is written in any form passes', () => {
  test.each([
    'dataset: mnist\nmodel: { layers: [dense: classes] }',
    'extends: other.yaml',
    'extends: [a.yaml, b.yaml]\nwithout: [augmentation]\ntrain:',
    'dataset: { mnist: }\nseed: $env.SEED|1\nmodel: { layers: [conv: { filters: $model.classes, kernel: [3, 1], padding: same }, maxpool: 2, { add: , from: [a, b] }] }',
    'dataset: mnist\nmodel: { layers: [Block, { Block: { any: 1 }, name: x }, $layer, repeat: { times: $n, layers: [] }, group: [relu]] }',
    'dataset: mnist\nmodel: { layers: [residual: { body: [], shortcut: [relu] }, branches: [[], [relu]]] }\ntrain: { schedule: cosine, optimizer: { sgd: { lr: 0.1 } }, clip_norm: 1 }',
  ])('%s', (text) => {
    expect(validate(parse(text)), JSON.stringify(validate.errors)).toBe(true);
  });
});

describe('what is wrong does not', () => {
  test.each([
    'model: { layers: [dense: classes] }',
    'dataset: mnist\nmodel: {}',
    'dataset: mnist\nmodel: { layers: [denze: 3] }',
    'dataset: mnist\nmodel: { layers: [dense: { unitz: 3 }] }',
    'dataset: mnist\nmodel: { layers: [dropout: -1] }',
    'dataset: mnist\nmodel: { layers: [conv] }',
    'dataset: mnist\nmodel: { layers: [relu] }\ntrain: { epochs: 1.5 }',
    'dataset: mnist\nmodel: { layers: [relu] }\nblocks: { lower: { layers: [] } }',
  ])('%s', (text) => {
    expect(validate(parse(text))).toBe(false);
  });
});

test('every type and every option is described', () => {
  for (const { what, types } of Object.values(catalogues)) {
    for (const type of types) {
      expect(type.summary, `${what} ${type.name}`).toMatch(/^[A-Z].*\.$/);
      for (const [name, option] of Object.entries(type.options)) expect(option.schema['description'], `${type.name}.${name}`).toMatch(/\w{3}/);
    }
  }
});
