/** A JSON Schema of one option in words: `a whole number from 1, or a list of 2 whole numbers from 1`. */
import type { JsonSchema } from '../common/options.ts';
import { isSchema } from './language.ts';

export function describeSchema(schema: JsonSchema): string {
  if (Array.isArray(schema['anyOf'])) return joinWords(schema['anyOf'].filter(isSchema).map(describeSchema));
  if (schema['const'] !== undefined) return schema['const'] as string;
  if (Array.isArray(schema['enum'])) return joinWords(schema['enum'].map(String));
  if (schema['$ref'] === '#/definitions/layers') return 'a list of layers';
  switch (schema['type']) {
    case 'integer': return `a whole number${describeRange(schema)}`;
    case 'number': return `a number${describeRange(schema)}`;
    case 'boolean': return 'true or false';
    case 'string': return describeText(schema);
    case 'array': return describeList(schema);
    case 'object': return 'a map';
    default: return 'another value';
  }
}

function describeRange(schema: JsonSchema): string {
  const { minimum, maximum, exclusiveMinimum: above, exclusiveMaximum: below } = schema;
  const lower = minimum !== undefined ? `from ${minimum as number}` : above !== undefined ? `above ${above as number}` : '';
  const upper = maximum !== undefined ? `to ${maximum as number}` : below !== undefined ? `below ${below as number}` : '';
  return lower && upper.startsWith('below') ? ` ${lower} to ${upper}` : [lower, upper].filter(Boolean).map((part) => ` ${part}`).join('');
}

function describeText(schema: JsonSchema): string {
  const { pattern } = schema;
  if (typeof pattern !== 'string') return 'a text';
  return pattern.includes('.') ? 'a name of letters, digits, dots, _ and -' : 'a name of letters, digits, _ and -';
}

function describeList(schema: JsonSchema): string {
  const { items, minItems: minimum, maxItems: maximum } = schema;
  const each = isSchema(items) ? describeSchema(items).replace(/^an? (whole number|number|text|name)/, '$1s') : 'values';
  const count = minimum !== undefined && minimum === maximum ? ` ${minimum as number}` : '';
  return count ? `a list of${count} ${each}` : `a list of ${each}`;
}

function joinWords(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)!}`;
}
