/**
 * Checks the completed, expanded tree against the strict schema with ajv: one small schema per entry type, made from its
 * options and compiled when it is first met. Problems are placed at the values.
 */
import { Ajv } from 'ajv';
import type { ValidateFunction } from 'ajv';
import type { JsonSchema, Option } from '../common/options.ts';
import type { Place } from '../common/problem.ts';
import { typeOf } from './complete.ts';
import { describeSchema } from './describe-schema.ts';
import { fieldsOfType, typeNamed } from './language.ts';
import type { Catalogue, Field, Form } from './language.ts';
import { describeTree, hasBroken, isBroken, joinPath, toPlain } from './tree.ts';
import type { MapTree, Report, Tree } from './tree.ts';

/** Reports everything in which the tree differs from what its form allows. `near` is where to point for what is missing. */
export function check(tree: Tree, form: Form, path: string, near: Place, report: Report): void {
  if (isBroken(tree)) return;
  switch (form.kind) {
    case 'object':
      if (tree.kind === 'map') checkFields(tree, form.fields, { name: nameOf(path), place: near, path }, report);
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
  const { name, keyPlace, options } = written;
  checkFields(entry, fieldsOfType({ options: catalogue.beside }), { name, place: keyPlace, path }, report);
  if (options.kind !== 'map') return;
  checkFields(options, fieldsOfType(type), { name, place: keyPlace, path: joinPath(path, name), wrap: (example) => `${name}: { ${example} }` }, report);
}

/** Adds the use of the block to what is wrong inside it. */
function usedFrom(place: Place, report: Report): Report {
  return (problem) => report({ ...problem, related: problem.related ?? [{ where: place, message: 'the block is used here' }] });
}

/** Whose fields are checked: for what is missing in it. */
interface Owner {
  name: string;
  place: Place;
  path: string;
  /** How the missing field is to be written. */
  wrap?(example: string): string;
}

function checkFields(tree: MapTree, fields: Readonly<Record<string, Field>>, owner: Owner, report: Report): void {
  const failing = failingFields(tree, fields);
  for (const [name, field] of Object.entries(fields)) {
    const property = tree.properties.get(name);
    const path = joinPath(owner.path, name);
    if (!property) {
      if (field.required && !hasBrokenPart(tree)) reportMissing(owner, name, field.form, report);
    } else if (field.form.kind !== 'value') check(property.value, field.form, path, property.keyPlace, report);
    else if (failing.has(name)) reportWrong(property.value, field.form.option.schema, path, report);
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

function reportMissing({ name, place, path, wrap = (example) => example }: Owner, missing: string, form: Form, report: Report): void {
  const example = wrap(`${missing}: ${exampleOf(form)}`);
  report({ code: 'missing', message: `${name} needs ${missing}`, fix: `write ${example}`, where: place, ...(path === '' ? {} : { path }) });
}

const nameOf = (path: string): string => (path === '' ? 'an experiment' : path.split('.').at(-1)!);

/** What a missing field may look like. */
function exampleOf(form: Form): string {
  if (form.kind === 'entry') return form.catalogue.types[0]?.name ?? '...';
  if (form.kind === 'list') return '[...]';
  return form.kind === 'object' ? `{ ${Object.keys(form.fields).filter((key) => form.fields[key].required).join(', ')}: ... }` : '...';
}

let ajv: Ajv | undefined;
const validators = new WeakMap<object, ValidateFunction>();

/** Whether a value fits the schema of one option. */
function accepts(schema: JsonSchema, value: unknown): boolean {
  return validator(schema, () => withoutLayers(schema))(value) === true;
}

/** The fields with plain values that the strict schema of all of them refuses. Lists of layers are checked where their entries are. */
function failingFields(tree: MapTree, fields: Readonly<Record<string, Field>>): ReadonlySet<string> {
  const values = [...tree.properties].filter(([name]) => fields[name]?.form.kind === 'value').map(([name, { value }]) => [name, toPlain(value)] as const);
  if (values.length === 0) return new Set();
  const validate = validator(fields, () => strictSchema(fields));
  if (validate(Object.fromEntries(values))) return new Set();
  return new Set((validate.errors ?? []).map((error) => error.instancePath.split('/')[1] ?? ''));
}

function strictSchema(fields: Readonly<Record<string, Field>>): JsonSchema {
  const values = Object.entries(fields).flatMap(([name, { form }]) => (form.kind === 'value' ? [[name, form.option.schema] as const] : []));
  return { type: 'object', properties: Object.fromEntries(values), additionalProperties: false };
}

/** Compiled when first needed: an experiment uses few of the types there are. */
function validator(key: object, schema: () => JsonSchema): ValidateFunction {
  let validate = validators.get(key);
  if (!validate) {
    // The schemas are ours: checking them against the meta-schema, and tuning code that runs once, would cost more than it gives.
    ajv ??= new Ajv({ allErrors: true, strict: false, meta: false, validateSchema: false, addUsedSchema: false, logger: false, messages: false, code: { optimize: false } });
    validate = ajv.compile(schema());
    validators.set(key, validate);
  }
  return validate;
}

/** Lists of layers are checked entry by entry; to the schema of an option they are lists. */
function withoutLayers(schema: JsonSchema): JsonSchema {
  if (!Array.isArray(schema['anyOf'])) return schema;
  return { ...schema, anyOf: schema['anyOf'].map((each: JsonSchema) => (each['$ref'] === undefined ? each : { type: 'array' })) };
}
