/**
 * A few words to describe the options of a catalogue entry once: from one description come the static type,
 * the JSON Schema (draft-07) and the reference page. Deliberately small: loading a general schema builder costs
 * more than half of the time that `exp validate` may take.
 */

export interface JsonSchema {
  [keyword: string]: unknown;
}

/** `T` is the type of the completed value; `optional` options have no default and may stay absent. */
export interface Option<T> {
  readonly schema: JsonSchema;
  readonly required: boolean;
  readonly default?: T;
  /** Only in the type system. */
  readonly type?: T;
}

export type Options = Readonly<Record<string, Option<unknown>>>;
type ValueOf<O> = O extends Option<infer T> ? T : never;
/** The completed options: defaults filled in; optional ones `T | undefined`. */
export type Completed<O extends Options> = { [K in keyof O]: ValueOf<O[K]> };

/** About the value: one sentence with the unit; an example where it helps. */
export interface About<T> {
  about: string;
  default?: T;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
}

function option<T>(schema: JsonSchema, about: { about: string; default?: unknown }, required: boolean): Option<T> {
  const { about: description, default: value, ...rest } = about;
  const documented = { ...schema, ...rest, description, ...(value === undefined ? {} : { default: value }) };
  return { schema: documented, required, ...(value === undefined ? {} : { default: value as T }) };
}

/** An option that must be written: `filters`. */
export function required<T>(of: Option<T>): Option<T> {
  return { ...of, required: true };
}

/** An option that may be absent: its completed value is `undefined` then. */
export function optional<T>(of: Option<T>): Option<T | undefined> {
  return { ...of, required: false };
}

export const integer = (about: About<number>): Option<number> => option({ type: 'integer' }, about, false);
export const number = (about: About<number>): Option<number> => option({ type: 'number' }, about, false);
export const boolean = (about: About<boolean>): Option<boolean> => option({ type: 'boolean' }, about, false);
export const text = (about: About<string>): Option<string> => option({ type: 'string' }, about, false);

/** One of a few words. */
export const choice = <const T extends string>(words: readonly T[], about: About<T>): Option<T> =>
  option({ type: 'string', enum: words }, about, false);

/** A number, or `[height, width]`. The completed value keeps the form that was written. */
export const sizes = (about: About<number>): Option<number | [number, number]> => {
  const { minimum, maximum, ...rest } = about;
  const each = { type: 'integer', ...(minimum === undefined ? {} : { minimum }), ...(maximum === undefined ? {} : { maximum }) };
  return option({ anyOf: [each, { type: 'array', items: each, minItems: 2, maxItems: 2 }] }, rest, false);
};

/** Any of several forms, given as bare schemas. */
export const either = <T>(schemas: readonly JsonSchema[], about: About<T>): Option<T> => option({ anyOf: schemas }, about, false);

/** A count, or the word `classes`: as many as the dataset has. */
export const countOrClasses = (about: About<number | 'classes'>): Option<number | 'classes'> =>
  either([{ type: 'integer', minimum: 1, maximum: 1 << 20 }, { const: 'classes' }], about);

/** A list of layers (only in structures such as `residual`). */
export const layerList = (about: About<never>): Option<unknown[]> => option({ $ref: '#/definitions/layers' }, about, false);

/** A list of branches, each a list of layers. */
export const branchList = (about: About<never>): Option<unknown[][]> =>
  option({ type: 'array', items: { $ref: '#/definitions/layers' }, minItems: 1 }, about, false);

/** `[height, width]` from a number or a pair. */
export function toPair(value: number | readonly [number, number]): readonly [number, number] {
  return typeof value === 'number' ? [value, value] : value;
}

/** The JSON Schema of an options object: strict, every property described. */
export function objectSchema(options: Options): JsonSchema {
  const properties = Object.fromEntries(Object.entries(options).map(([name, each]) => [name, each.schema]));
  const needed = Object.entries(options).filter(([, each]) => each.required).map(([name]) => name);
  return { type: 'object', properties, additionalProperties: false, ...(needed.length ? { required: needed } : {}) };
}
