/**
 * What the command line changes: `a.b=v` sets a value of the language, `+a.b=v` adds a name or a list item, `~a.b` removes.
 * Values are YAML. They follow the rules of composition: a map merges, an entry of another type replaces.
 */
import type { Place } from '../common/problem.ts';
import { canonical } from './canonical.ts';
import type { Scope } from './canonical.ts';
import { merge } from './compose.ts';
import { complete } from './complete.ts';
import { experimentForm } from './language.ts';
import type { Form } from './language.ts';
import { changeAt, splitPath } from './locate.ts';
import type { ChangeOptions, Lost } from './locate.ts';
import { readYaml, textSource } from './read.ts';
import type { Source } from './read.ts';
import { isBroken, joinPath, list, mapChildren } from './tree.ts';
import type { Report, Tree } from './tree.ts';

export const commandLine = 'command line';

/** One argument, read. */
export interface Override {
  text: string;
  mode: ChangeOptions['mode'];
  segments: readonly string[];
  /** Undefined for a removal. */
  value: Tree | undefined;
  /** Of the whole path, and of single parts of it. */
  place: Place;
  segmentPlaces: readonly Place[];
}

/** Reads the arguments; all of them together are the line that problems show. */
export function readOverrides(texts: readonly string[], report: Report): Override[] {
  const line = textSource(commandLine, texts.map((text) => text.replace(/[\r\n]+/g, ' ')).join(' '));
  let offset = 0;
  return texts.flatMap((text) => {
    const override = readOverride(text, offset, line, report);
    offset += text.replace(/[\r\n]+/g, ' ').length + 1;
    return override ? [override] : [];
  });
}

/** Whether an argument is an override and not a file. */
export function looksLikeOverride(argument: string): boolean {
  return /^[+~]/.test(argument) || /^[A-Za-z_][\w.[\]-]*=/.test(argument);
}

function readOverride(text: string, offset: number, line: Source, report: Report): Override | undefined {
  const place = line.placeAt(offset, offset + text.length);
  const match = /^([+~]?)([A-Za-z_][\w[\]-]*(?:\.[\w[\]-]+)*)(?:=([\s\S]*))?$/.exec(text);
  const [, sign, path, valueText] = match ?? [];
  const fits = path !== undefined && (sign === '~' ? valueText === undefined : valueText !== undefined);
  if (!fits) {
    const fix = sign === '~' ? `write ~${path ?? 'a.b'}` : 'write path=value, +path=value or ~path';
    report({ code: 'bad-override', message: `${JSON.stringify(text)} is not an override`, fix, where: place });
    return undefined;
  }
  const start = offset + sign.length;
  const value = sign === '~' ? undefined : readValue(valueText, start + path.length + 1, line, report);
  if (sign !== '~' && value === undefined) return undefined;
  return {
    text, value, segments: splitPath(path), mode: sign === '~' ? 'remove' : sign === '+' ? 'add' : 'set',
    place: line.placeAt(start, start + path.length), segmentPlaces: segmentPlaces(path, start, line),
  };
}

function segmentPlaces(path: string, start: number, line: Source): Place[] {
  return [...path.matchAll(/[^.[\]]+/g)].map((match) => line.placeAt(start + match.index, start + match.index + match[0].length));
}

function readValue(text: string, offset: number, line: Source, report: Report): Tree | undefined {
  const source: Source = { file: commandLine, text, placeAt: (start, end = start + 1) => line.placeAt(offset + start, offset + end) };
  const tree = readYaml(source, report);
  return tree && fromCommandLine(tree);
}

function fromCommandLine(tree: Tree): Tree {
  return { ...mapChildren(tree, fromCommandLine), origin: commandLine };
}

/**
 * The tree with the overrides applied in order. Those that lead into a block or a repeat are given back in `inside`, to be
 * applied once these are expanded; then `inside` stays empty and they are reported.
 */
export function applyOverrides(tree: Tree, overrides: readonly Override[], scope: Scope, expanded: boolean): { tree: Tree; inside: Override[] } {
  const inside: Override[] = [];
  for (const override of overrides) {
    const result = changeAt(tree, override.segments, experimentForm, changeOf(override, scope), { mode: override.mode });
    if ('tree' in result) tree = complete(result.tree, experimentForm);
    else if (result.lost.inside && !expanded) inside.push(override);
    else reportLost(override, result.lost, scope.report);
  }
  return { tree, inside };
}

function changeOf({ value, mode, segments }: Override, scope: Scope) {
  return (present: Tree | undefined, form: Form): Tree | undefined => {
    if (!value) return undefined;
    const path = segments.reduce((before, segment) => joinPath(before, /^\d+$/.test(segment) ? Number(segment) : segment), '');
    const appends = mode === 'add' && form.kind === 'list' && present?.kind === 'list' && value.kind !== 'list';
    const own = canonical(appends ? list([value], value.place, value.origin) : value, form, path, scope);
    if (appends && own.kind === 'list') return { ...present, items: [...present.items, ...own.items] };
    return present && !isBroken(present) ? merge(present, own, form) : own;
  };
}

function reportLost(override: Override, lost: Lost, report: Report): void {
  const where = override.segmentPlaces[lost.segment] ?? override.place;
  report({ code: 'unknown-path', message: lost.message, fix: lost.fix, where, path: override.segments.slice(0, lost.segment + 1).join('.') });
}
