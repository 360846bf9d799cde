/**
 * YAML text → tree with positions. Bounded before anything is built: size, depth and parts are counted with the
 * library's lexer and its parser, which does not recurse, because its composer recurses and deep nesting aborts Node.
 * Of YAML 1.2 core we refuse what has no meaning in an experiment: tags, merge keys, cycles, several documents,
 * keys that are not words, and numbers that a double cannot hold.
 */
import { isAlias, isMap, isScalar, isSeq, Lexer, LineCounter, Parser, parseDocument } from 'yaml';
import type { Document, Node, Pair } from 'yaml';
import type { Place } from '../common/problem.ts';
import { broken, list, map, scalar } from './tree.ts';
import type { MapTree, Property, Report, Scalar, Tree } from './tree.ts';

export const limits = {
  bytes: 1 << 20,
  lines: 20_000,
  depth: 64,
  /** Keys, list items and commas: a thousand layers need about 10,000. */
  parts: 20_000,
  /** Nodes after aliases are followed. */
  nodes: 100_000,
  aliases: 100,
};

const prototypeKeys = new Set(['__proto__', 'constructor', 'prototype']);

/** A text and how its offsets become places. */
export interface Source {
  file: string;
  text: string;
  placeAt(start: number, end?: number): Place;
}

/** The tree, or undefined when the text cannot be read at all (reported). */
export function readYaml(source: Source, report: Report): Tree | undefined {
  if (!withinBounds(source, report)) return undefined;
  const document = parseDocument(source.text, { keepSourceTokens: true, uniqueKeys: false, prettyErrors: false, logLevel: 'error', merge: false, intAsBigInt: true });
  for (const error of document.errors.slice(0, 20)) {
    report({ code: 'yaml-syntax', message: readableSyntax(error.message), where: source.placeAt(error.pos[0], error.pos[1]), ...syntaxFix(error.code) });
  }
  if (document.errors.length) return undefined;
  return new TreeReader(source, report).read(document);
}

/** Places of a file's text. */
export function textSource(file: string, text: string): Source {
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines.addNewLine(at + 1);
  return {
    file,
    text,
    placeAt(start, end = start + 1) {
      const { line, col } = lines.linePos(start);
      const lineStart = start - col + 1;
      const newline = text.indexOf('\n', lineStart);
      const lineEnd = newline < 0 ? text.length : newline;
      const excerpt = text.slice(lineStart, lineEnd).replace(/\r$/, '');
      return { file, line, column: col, endColumn: Math.max(col + 1, Math.min(end, lineEnd) - lineStart + 1), excerpt };
    },
  };
}

function withinBounds(source: Source, report: Report): boolean {
  const refuse = (message: string, fix: string, offset: number): false => {
    report({ code: 'too-large', message, fix, where: source.placeAt(offset) });
    return false;
  };
  if (Buffer.byteLength(source.text) > limits.bytes) {
    return refuse(`the file is larger than ${limits.bytes >> 20} MB`, 'an experiment is a few kilobytes: is this the right file?', 0);
  }
  const end = endOfLine(source.text, limits.lines);
  if (end < source.text.length) return refuse(`the file has more than ${limits.lines} lines`, 'use repeat and blocks in place of long lists', end);
  const parser = new Parser();
  let parts = 0;
  let offset = 0;
  for (const lexeme of new Lexer().lex(source.text)) {
    for (const _ of parser.next(lexeme)) { /* only the depth is of interest */ }
    // A document and each open key take a place on the stack as well.
    if (parser.stack.length > limits.depth + 2) return refuse(`nested more than ${limits.depth} deep`, 'write the inner part as a block, or check the brackets', offset);
    if (/^[:?,-]$/.test(lexeme) && ++parts > limits.parts) return refuse('too many parts for one experiment', 'use repeat and blocks in place of long lists', offset);
    // The lexer's markers (document start, scalar follows, ...) take no room in the text.
    if (!/^[\u0002\u0018\u001f]$/.test(lexeme)) offset += lexeme.length;
  }
  return true;
}

/** The offset at which a line ends, or the end of the text. */
function endOfLine(text: string, line: number): number {
  let at = -1;
  for (let count = 0; count < line; count++) {
    at = text.indexOf('\n', at + 1);
    if (at < 0) return text.length;
  }
  return at + 1;
}

/** The library's sentence, on one line and without what only its authors need. */
function readableSyntax(message: string): string {
  const line = message.split('\n')[0].replace(/\.$/, '').replace(/^Source contains multiple documents;.*/, 'a second document begins here');
  const unclosed = /^Flow (?:map|sequence) in block collection must be sufficiently indented and end with a (.)/.exec(line);
  if (unclosed) return `a bracket that was opened above is not closed: ${unclosed[1]} is missing`;
  return line.replace('Implicit keys need to be on a single line', 'a key must stand on one line and end with a colon');
}

function syntaxFix(code: string): { fix?: string } {
  const fixes: Record<string, string> = {
    TAB_AS_INDENT: 'indent with spaces',
    BAD_INDENT: 'align it with its neighbours, two spaces deeper than the key above',
    MISSING_CHAR: 'close the bracket or quote that was opened, and put a comma between values',
    MULTIPLE_DOCS: 'one experiment a file: remove the line ---',
    MULTILINE_IMPLICIT_KEY: 'put a colon after the key, or a dash before a list item',
    BLOCK_AS_IMPLICIT_KEY: 'start a new line after the colon, or use { ... }',
    BAD_ALIAS: 'quote a text that begins with *',
  };
  return fixes[code] === undefined ? { fix: 'see the YAML around this place' } : { fix: fixes[code] };
}

/** Converts nodes; owns the anchors seen so far and the budgets. */
class TreeReader {
  private readonly anchors = new Map<string, Node>();
  private readonly open = new Set<Node>();
  private nodes = 0;
  private aliases = 0;
  private exhausted = false;

  constructor(private readonly source: Source, private readonly report: Report) {}

  read(document: Document.Parsed): Tree {
    const first = this.source.placeAt(0);
    return document.contents === null ? scalar(null, first) : this.tree(document.contents, first);
  }

  private tree(node: Node | null, near: Place): Tree {
    if (node === null) return scalar(null, near);
    const place = this.placeOf(node, near);
    if (++this.nodes > limits.nodes) return this.overBudget(place);
    if (isAlias(node)) return this.followAlias(node.source, place);
    if (node.tag !== undefined) {
      return this.refuse('yaml-tag', `the tag ${node.tag.replace('tag:yaml.org,2002:', '!!')} has no meaning in an experiment`, 'remove it', place);
    }
    if (node.anchor !== undefined) this.anchors.set(node.anchor, node);
    this.open.add(node);
    const tree = isMap(node) ? this.mapTree(node.items as Pair<Node, Node | null>[], place)
      : isSeq(node) ? list(node.items.map((item) => this.tree(item as Node | null, place)), place)
      : isScalar(node) ? this.scalarTree(node.value, node.source ?? '', place)
      : broken(place);
    this.open.delete(node);
    return tree;
  }

  private followAlias(name: string, place: Place): Tree {
    const target = this.anchors.get(name);
    if (target === undefined) return this.refuse('yaml-alias', `*${name} refers to no &${name} above it`, 'define the anchor first', place);
    if (this.open.has(target)) return this.refuse('yaml-cycle', `*${name} contains itself`, 'an experiment cannot be endless: remove the alias', place);
    if (++this.aliases > limits.aliases) return this.overBudget(place);
    return this.tree(target, place);
  }

  private mapTree(pairs: Pair<Node, Node | null>[], place: Place): Tree {
    const properties = new Map<string, Property>();
    for (const pair of pairs) {
      const keyPlace = this.placeOf(pair.key, place);
      const key = this.key(pair.key, keyPlace);
      if (key === undefined) continue;
      const earlier = properties.get(key);
      if (earlier) {
        this.refuse('duplicate-key', `${key} stands twice in the same map, first at line ${earlier.keyPlace.line}`, 'remove one of them', keyPlace);
        continue;
      }
      properties.set(key, { keyPlace, value: this.tree(pair.value, keyPlace) });
    }
    return { kind: 'map', properties, place };
  }

  /** The text of a key, or undefined when it was refused. */
  private key(node: Node, place: Place): string | undefined {
    const refuse = (code: string, message: string, fix: string): undefined => void this.refuse(code, message, fix, place);
    if (!isScalar(node) || node.tag !== undefined) return refuse('bad-key', 'a key must be a word', 'quote it if it is meant as text');
    if (node.value === '<<') return refuse('merge-key', 'merge keys (<<) are not part of the language', 'use extends, blocks or a $ reference');
    const key = typeof node.value === 'string' ? node.value : node.source ?? '';
    if (typeof node.value !== 'string' && !/^\d+$/.test(key)) return refuse('bad-key', `a key must be a word, found ${key === '' ? 'nothing' : key}`, 'quote it if it is meant as text');
    if (prototypeKeys.has(key)) return refuse('bad-key', `${key} cannot be a key`, 'choose another name');
    return key;
  }

  private scalarTree(value: unknown, source: string, place: Place): Tree {
    if (typeof value === 'bigint') {
      const whole = Number(value);
      if (Number.isSafeInteger(whole)) return scalar(whole, place);
      return this.refuse('number-range', `${source} is a whole number beyond 2^53, which cannot be kept exactly`, 'use a smaller number', place);
    }
    if (typeof value === 'number' && !Number.isFinite(value)) {
      return this.refuse('number-range', `${source} is not a finite number`, 'write a number that a 64-bit float can hold', place);
    }
    return scalar(value as Scalar, place);
  }

  private overBudget(place: Place): Tree {
    if (!this.exhausted) this.refuse('too-large', 'too many keys, aliases or values for one experiment', 'use repeat and blocks in place of long lists', place);
    this.exhausted = true;
    return broken(place);
  }

  private refuse(code: string, message: string, fix: string, where: Place): Tree {
    this.report({ code, message, fix, where });
    return broken(where);
  }

  private placeOf(node: Node | null, near: Place): Place {
    const range = node?.range;
    return range ? this.source.placeAt(range[0], range[1]) : near;
  }
}

/** An empty map at the start of a file. */
export function emptyTree(source: Source): MapTree {
  return map(source.placeAt(0));
}
