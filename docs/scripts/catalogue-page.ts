/** The reference page of one catalogue: an entry a section, its options in a table. */
import type { Options } from '../../src/common/options.ts';
import { describeSchema } from '../../src/config/describe-schema.ts';

export interface Member {
  name: string;
  summary: string;
  options: Options;
  main?: string;
  source?: string;
  notes?: readonly string[];
  /** Options to show in the line of YAML; absent: only what is required. */
  example?: Readonly<Record<string, unknown>>;
}

export function cataloguePage(title: string, introduction: string, members: readonly Member[]): string {
  const contents = members.map(({ name }) => `[${name}](#${name})`).join(' · ');
  return `# ${title}\n\n${introduction}\n\n${contents}\n${members.map(section).join('')}`;
}

function section(member: Member): string {
  const { name, summary, options, main, source, notes = [] } = member;
  const paragraphs = [
    summary,
    ...notes,
    ...(main === undefined ? [] : [`A bare value stands for \`${main}\`.`]),
    ...(Object.keys(options).length === 0 ? ['No options.'] : [optionsTable(options)]),
    ...(source === undefined ? [] : [`Source: ${source}.`]),
  ];
  return `\n## ${name}\n\n\`${describeUse(member)}\`\n\n${paragraphs.join('\n\n')}\n`;
}

/** `conv: { filters: 3 }`, `maxpool: 2`, `relu`. */
function describeUse({ name, options, main, example }: Member): string {
  const shown = Object.entries(example ?? sampleOptions(options));
  if (shown.length === 0) return name;
  const [only] = shown;
  if (shown.length === 1 && only !== undefined && only[0] === main) return `${name}: ${describeValue(only[1])}`;
  return `${name}: { ${shown.map(([key, value]) => `${key}: ${describeValue(value)}`).join(', ')} }`;
}

/** What must be written, with the word `...` where there is nothing to show. */
function sampleOptions(options: Options): Record<string, unknown> {
  const needed = Object.entries(options).filter(([, option]) => option.required);
  return Object.fromEntries(needed.map(([name, option]) => [name, option.schema['$ref'] || option.schema['items'] ? '[...]' : (option.default ?? '...')]));
}

export function optionsTable(options: Options): string {
  const rows = Object.entries(options).map(([name, { schema, required, default: preset }]) => {
    const byDefault = required ? '*required*' : preset === undefined ? '' : `\`${describeValue(preset)}\``;
    return `| \`${name}\` | ${cell(describeSchema(schema))} | ${byDefault} | ${cell(schema['description'] as string)} |`;
  });
  return ['| option | value | default | meaning |', '|---|---|---|---|', ...rows].join('\n');
}

export function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

export function describeValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(describeValue).join(', ')}]`;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
