/**
 * Checks the completed, expanded tree against the strict schema with ajv: one small schema per entry type, made from its
 * options and compiled when it is first met. Problems are placed at the values.
 */
import { Ajv } from 'ajv';
import type { ValidateFunction } from 'ajv';
import { objectSchema } from '../common/options.ts';
import type { JsonSchema, Option, Options } from '../common/options.ts';
import type { Place } from '../common/problem.ts';
import { typeOf } from './complete.ts';
import { describeSchema } from './describe-schema.ts';
import { fieldsOfType, typeNamed } from './language.ts';
import type { Catalogue, EntryType, Field, Form } from './language.ts';
import { describeTree, hasBroken, isBroken, joinPath, toPlain } from './tree.ts';
import type { MapTree, Report, Tree } from './tree.ts';

/** Reports everything in which the tree differs from what its form allows. `near` is where to point for what is missing. */
export function check(tree: Tree, form: Form, path: string, near: Place, report: Report): void {
  if (isBroken(tree)) return;
  switch (form.kind) {
    case 'object':
      if (tree.kind === 'map') checkFields(tree, form.fields, describeOwner(path), path, near, report);
      return;
    case 'map':
      if (tree.kind === 'map') for (const [key, { keyPlace, value }] of tree.properties) check(value, form.of, joinPath(path, key), keyPlace, report);
      return;
    case 'list':
      if (tree.kind === 'list') checkList(tree.items, form.of, form.minimum, path, near, report);
      return;
    case 'entry':
      checkEntry(tree, form.catalogue, tree.path ?? path, tree.usedAt ? usedFrom(tree.usedAt, report) : report);
      return;
    case 'either':
      if (tree.kind === 'list') check(tree, form.list, path, near, report);
      else checkValue(tree, form.option, path, report);
      return;
    case 'value':
      checkValue(tree, form.option, path, report);
  }
}

function checkList(items: readonly Tree[], of: Form, minimum: number, path: string, near: Place, report: Report): void {
  if (items.length < minimum) {
    const what = of.kind === 'entry' ? of.catalogue.what : 'list';
    report({ code: 'too-few', message: `needs at least ${minimum} ${what}${minimum === 1 ? '' : 's'}, found ${items.length}`, fix: `add a line with a dash for each ${what}`, where: near, path });
  }
  items.forEach((item, index) => check(item, of, joinPath(path, index), item.place, report));
}

function checkEntry(entry: Tree, catalogue: Catalogue, path: string, report: Report): void {
  const written = typeOf(entry, catalogue);
  const type = written && typeNamed(catalogue, written.name);
  if (!written || !type || entry.kind !== 'map') return;
  checkBeside(entry, catalogue, path, report);
  if (written.options.kind !== 'map') return;
  const optionsPath = joinPath(path, written.name);
  const misspelt = hasBrokenPart(written.options);
  const failing = failingOptions(type, written.options);
  for (const [name, field] of Object.entries(fieldsOfType(type))) {
    const property = written.options.properties.get(name);
    if (!property) {
      if (field.required && !misspelt) reportMissing(written.name, name, `${written.name}: { ${name}: ... }`, written.keyPlace, optionsPath, report);
    } else if (field.form.kind !== 'value') {
      check(property.value, field.form, joinPath(optionsPath, name), property.keyPlace, report);
    } else if (failing.has(name)) {
      reportWrong(property.value, type.options[name]!.schema, joinPath(optionsPath, name), report);
    }
  }
}

/** Adds the use of the block to what is wrong inside it. */
function usedFrom(place: Place, report: Report): Report {
  return (problem) => report({ ...problem, related: problem.related ?? [{ where: place, message: 'the block is used here' }] });
}

function checkBeside(entry: MapTree, catalogue: Catalogue, path: string, report: Report): void {
  for (const [name, option] of Object.entries(catalogue.beside)) {
    const property = entry.properties.get(name);
    if (property) checkValue(property.value, option, joinPath(path, name), report);
  }
}

function checkFields(tree: MapTree, fields: Readonly<Record<string, Field>>, owner: string, path: string, near: Place, report: Report): void {
  for (const [name, field] of Object.entries(fields)) {
    const property = tree.properties.get(name);
    if (property) check(property.value, field.form, joinPath(path, name), property.keyPlace, report);
    else if (field.required && !hasBrokenPart(tree)) reportMissing(owner, name, `${name}: ${exampleOf(field.form)}`, near, path, report);
  }
}

function checkValue(tree: Tree, option: Option<unknown>, path: string, report: Report): void {
  if (!hasBroken(tree) && !accepts(option.schema, toPlain(tree))) reportWrong(tree, option.schema, path, report);
}

function reportWrong(tree: Tree, schema: JsonSchema, path: string, report: Report): void {
  if (hasBroken(tree)) return;
  const expected = describeSchema(schema);
  report({ code: 'wrong-value', message: `expected ${expected}, found ${describeTree(tree)}`, fix: fixOf(tree, schema, path), where: tree.place, path });
}

function fixOf(tree: Tree, schema: JsonSchema, path: string): string {
  const about = typeof schema['description'] === 'string' ? schema['description'] : 'see exp schema';
  const quoted = tree.kind === 'scalar' && typeof tree.value === 'string' && accepts(schema, Number(tree.value));
  return quoted ? 'write the number without quotes' : `${path.split('.').at(-1)!}: ${about.replace(/\.$/, '')}`;
}

/** Something in it was refused before: what seems to be missing may only be misspelt. */
function hasBrokenPart(tree: MapTree): boolean {
  return [...tree.properties.values()].some(({ value }) => isBroken(value));
}

function reportMissing(owner: string, name: string, example: string, where: Place, path: string, report: Report): void {
  report({ code: 'missing', message: `${owner} needs ${name}`, fix: `write ${example}`, where, ...(path === '' ? {} : { path }) });
}

const describeOwner = (path: string): string => (path === '' ? 'an experiment' : path.split('.').at(-1)!);

/** What a missing field may look like. */
function exampleOf(form: Form): string {
  if (form.kind === 'entry') return form.catalogue.types[0]?.name ?? '...';
  if (form.kind === 'list') return '[...]';
  return form.kind === 'object' ? `{ ${Object.keys(form.fields).filter((key) => form.fields[key]!.required).join(', ')}: ... }` : '...';
}

let ajv: Ajv | undefined;
const validators = new WeakMap<JsonSchema, ValidateFunction>();
const strictSchemas = new WeakMap<EntryType, JsonSchema>();

/** Whether a value fits the schema of one option. */
function accepts(schema: JsonSchema, value: unknown): boolean {
  return validator(schema)(value) === true;
}

/** The options of an entry that its schema refuses. Lists of layers are checked where their entries are. */
function failingOptions(type: EntryType, options: MapTree): ReadonlySet<string> {
  const fields = fieldsOfType(type);
  const values = [...options.properties].filter(([name]) => fields[name]?.form.kind === 'value').map(([name, { value }]) => [name, toPlain(value)] as const);
  if (values.length === 0) return new Set();
  const validate = validator(strictSchema(type));
  if (validate(Object.fromEntries(values))) return new Set();
  return new Set((validate.errors ?? []).map((error) => error.instancePath.split('/')[1] ?? ''));
}

/** The schema of a completed entry's options. */
function strictSchema(type: EntryType): JsonSchema {
  let schema = strictSchemas.get(type);
  if (!schema) {
    const plain: Options = Object.fromEntries(Object.entries(type.options).filter(([name]) => fieldsOfType(type)[name]!.form.kind === 'value'));
    const { required: _, ...rest } = objectSchema(plain);
    schema = { ...rest, additionalProperties: true };
    strictSchemas.set(type, schema);
  }
  return schema;
}

function validator(schema: JsonSchema): ValidateFunction {
  let validate = validators.get(schema);
  if (!validate) {
    // The schemas are ours: checking them against the meta-schema at every start would cost more than it tells.
    ajv ??= new Ajv({ allErrors: true, strict: false, meta: false, validateSchema: false, addUsedSchema: false, logger: false });
    validate = ajv.compile(withoutLayers(schema));
    validators.set(schema, validate);
  }
  return validate;
}

/** Lists of layers are checked entry by entry; to the schema of an option they are lists. */
function withoutLayers(schema: JsonSchema): JsonSchema {
  if (!Array.isArray(schema['anyOf'])) return schema;
  return { ...schema, anyOf: schema['anyOf'].map((each: JsonSchema) => (each['$ref'] === undefined ? each : { type: 'array' })) };
}
