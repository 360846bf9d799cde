/**
 * The JSON Schema (draft-07) of experiments as written, for editors: one property per entry type, so that completion,
 * hover help and errors speak about the type at hand. Values may also be `$` expressions. What ajv checks after
 * expansion is stricter and made in check.ts, from the same descriptions.
 */
import type { JsonSchema, Option } from '../common/options.ts';
import { blockPattern, catalogues, compositionOptions, experimentForm, fieldsOfType } from './language.ts';
import type { Catalogue, EntryType, Field, Form } from './language.ts';

/** Where the published schema says it is to be found. */
const identifier = 'https://unpkg.com/exp-convnet/schemas/experiment.schema.json';

const expression: JsonSchema = { type: 'string', pattern: '\\$', description: 'A reference or whole-number arithmetic: $filters * 4, $train.batch_size, $env.NAME|default.' };

export function experimentSchema(): JsonSchema {
  const composition = Object.fromEntries(Object.entries(compositionOptions).map(([name, option]) => [name, option.schema]));
  const experiment = schemaOfFields(experimentForm.fields, experimentForm.about);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: identifier,
    title: 'Experiment',
    ...experiment,
    properties: { ...composition, ...(experiment['properties'] as JsonSchema) },
    // A file that extends another need not have what the other has; one that only defines blocks is there to be extended.
    if: { anyOf: [{ required: ['extends'] }, { required: ['blocks'], not: { anyOf: [{ required: ['dataset'] }, { required: ['model'] }, { required: ['train'] }] } }] },
    else: { required: experiment['required'] },
    required: [],
    definitions: {
      layers: { type: 'array', items: { $ref: '#/definitions/layer' }, description: 'Layers in order, each reading the one before it.' },
      ...Object.fromEntries(Object.entries(catalogues).map(([name, catalogue]) => [name, schemaOfCatalogue(catalogue)])),
    },
  };
}

/** As committed under schemas/. */
export function schemaText(): string {
  return `${JSON.stringify(experimentSchema(), null, 2)}\n`;
}

function schemaOfForm(form: Form): JsonSchema {
  switch (form.kind) {
    case 'value': return withExpression(form.option);
    case 'either': return withExpression(form.option);
    case 'entry': return { $ref: `#/definitions/${form.catalogue.what}`, description: form.about };
    case 'list': return { type: 'array', description: form.about, items: schemaOfForm(form.of), ...(form.minimum ? { minItems: form.minimum } : {}) };
    case 'map': return { type: 'object', description: form.about, propertyNames: { pattern: form.names.source }, additionalProperties: schemaOfForm(form.of) };
    case 'object': return schemaOfFields(form.fields, form.about);
  }
}

function schemaOfFields(fields: Readonly<Record<string, Field>>, about: string): JsonSchema {
  const properties = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, schemaOfField(field)]));
  const required = Object.keys(fields).filter((name) => fields[name].required);
  // A key alone (`train:`) means "no options given".
  return { type: ['object', 'null'], description: about, properties, additionalProperties: false, ...(required.length ? { required } : {}) };
}

function schemaOfField({ form, default: value }: Field): JsonSchema {
  const schema = schemaOfForm(form);
  return value === undefined || schema['default'] !== undefined ? schema : { ...schema, default: value };
}

/** A name alone, or one property that is a type, with what stands beside it. */
function schemaOfCatalogue(catalogue: Catalogue): JsonSchema {
  const types = Object.fromEntries(catalogue.types.map((type) => [type.name, schemaOfType(type)]));
  const beside = Object.fromEntries(Object.entries(catalogue.beside).map(([name, option]) => [name, withExpression(option)]));
  const words = catalogue.types.filter((type) => !Object.values(type.options).some((option) => option.required)).map((type) => type.name);
  return {
    anyOf: [
      { type: 'string', enum: words, description: `A ${catalogue.what} with its defaults.` },
      ...(catalogue.blocks ? [{ type: 'string', pattern: blockPattern.source, description: 'A block of this file.' }] : []),
      { type: 'string', pattern: '^\\$' },
      {
        type: 'object',
        description: `One ${catalogue.what}: its name, and its options.`,
        properties: { ...types, ...beside },
        ...(catalogue.blocks ? { patternProperties: { [blockPattern.source]: { description: 'A block of this file, with its parameters.' } } } : {}),
        additionalProperties: false,
        minProperties: 1,
      },
    ],
  };
}

/** The options of a type, its main option's value alone, or nothing where nothing is required. */
function schemaOfType(type: EntryType): JsonSchema {
  const fields = fieldsOfType(type);
  const options: JsonSchema = { ...schemaOfFields(fields, type.summary), ...(Object.values(fields).some((field) => field.required) ? { type: 'object' } : {}) };
  if (type.main === undefined) return options;
  return { description: type.summary, anyOf: [options, schemaOfForm(fields[type.main].form)] };
}

/** Its own schema, or an expression where that does not allow every text. */
function withExpression(option: Option<unknown>): JsonSchema {
  const { description, default: value, ...schema } = option.schema;
  const documented = { ...(description === undefined ? {} : { description }), ...(value === undefined ? {} : { default: value }) };
  if (schema['type'] === 'string' && schema['enum'] === undefined && schema['pattern'] === undefined) return { ...documented, ...schema };
  const forms = Array.isArray(schema['anyOf']) ? (schema['anyOf'] as JsonSchema[]) : [schema];
  return { ...documented, anyOf: [...forms, expression] };
}
