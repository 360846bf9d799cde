/** The reference page of an experiment's keys, from the form of the language. */
import { describeSchema } from '../../src/config/describe-schema.ts';
import { compositionOptions } from '../../src/config/language.ts';
import type { Field, Form, FormOf } from '../../src/config/language.ts';
import { cell, describeValue, optionsTable } from './catalogue-page.ts';

const pageOf: Readonly<Record<string, string>> = {
  layer: 'layers', optimizer: 'optimizers', schedule: 'schedules', initializer: 'initializers', loss: 'losses', augmentation: 'augmentations', dataset: 'datasets',
};

export function experimentPage(experiment: FormOf<'object'>): string {
  const introduction = 'The keys of a configuration. Catalogues of what may stand where have pages of their own; [the language by example](../language.md) tells how it is written.';
  const composition = `## Composition\n\nRead before everything else; the completed experiment no longer has them.\n\n${optionsTable(compositionOptions)}\n`;
  return `# An experiment\n\n${introduction}\n\n${sections('', experiment)}\n${composition}`;
}

/** A table for the object, then one for each object inside it. */
function sections(path: string, { fields, about }: FormOf<'object'>): string {
  const rows = Object.entries(fields).map(([name, field]) => row(path, name, field));
  const table = ['| key | value | default | meaning |', '|---|---|---|---|', ...rows].join('\n');
  const inner = Object.entries(fields).flatMap(([name, { form }]) => {
    const object = form.kind === 'map' ? form.of : form;
    const innerPath = `${path}${name}${form.kind === 'map' ? '.NAME' : ''}`;
    return object.kind === 'object' ? [sections(`${innerPath}.`, object)] : [];
  });
  return [`## ${path === '' ? 'The whole' : `\`${path.slice(0, -1)}\``}\n\n${about}\n\n${table}\n`, ...inner].join('\n');
}

function row(path: string, name: string, { form, required, default: preset }: Field): string {
  const byDefault = required === true ? '*required*' : preset === undefined || isEmpty(preset) ? '' : `\`${describePreset(preset)}\``;
  return `| \`${path}${name}\` | ${cell(describeForm(form))} | ${byDefault} | ${cell(aboutForm(form))} |`;
}

function describeForm(form: Form): string {
  switch (form.kind) {
    case 'value': return describeSchema(form.option.schema);
    case 'either': return `${describeSchema(form.option.schema)}, or ${describeForm(form.list)}`;
    case 'entry': return `[${form.catalogue.what}](${pageOf[form.catalogue.what]}.md)`;
    case 'list': return `a list of ${describeForm(form.of)}`;
    case 'map': return 'by name';
    case 'object': return 'see below';
  }
}

function aboutForm(form: Form): string {
  return form.kind === 'value' || form.kind === 'either' ? (form.option.schema['description'] as string) : form.about;
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/** `{ adam: {} }` is written `adam`. */
function describePreset(value: unknown): string {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return Object.keys(value).join(', ');
  return describeValue(value);
}
