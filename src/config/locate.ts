/**
 * Finds and changes parts of a canonical tree by path, as overrides, `without` and `$` references name them:
 * `train.optimizer.adam.lr`, `train.optimizer.lr` (the type may be left out), `model.layers.3.filters`,
 * `model.layers.conv3.filters` (a layer by its name, also where it is an automatic one).
 */
import { namesOfEntries } from '../common/entry.ts';
import { typeOf } from './complete.ts';
import { fieldsOfType, layerCatalogue, typeNamed } from './language.ts';
import type { Catalogue, Form } from './language.ts';
import { mapChildren, valueOf } from './tree.ts';
import type { ListTree, MapTree, Property, Tree } from './tree.ts';
import { adviseName, nearestName } from './words.ts';

/** A path that leads nowhere. `segment` is the index of the part that does not exist. */
export interface Lost {
  segment: number;
  message: string;
  fix: string;
  /** It leads into a block or a repeat: it may exist once they are expanded. */
  inside?: boolean;
}

/** What a change does with the value at the end of a path; undefined removes it. `present` is undefined where a known key has no value yet. */
export type Change = (present: Tree | undefined, form: Form) => Tree | undefined;

export interface ChangeOptions {
  /** `add`: new names in maps and new places in lists; `remove`: what is removed must be there. */
  mode: 'set' | 'add' | 'remove';
}

type Result = { tree: Tree } | { lost: Lost };

/** `a.b[3].c` → a, b, 3, c. */
export function splitPath(path: string): string[] {
  return path.replace(/\[(\d+)\]/g, '.$1').split('.');
}

/** The tree with the value at the path changed. */
export function changeAt(tree: Tree, segments: readonly string[], form: Form, change: Change, options: ChangeOptions): Result {
  try {
    return { tree: new Walk(segments, options.mode, change).into(tree, form, 0) ?? tree };
  } catch (error) {
    if (error instanceof LostPath) return { lost: error.lost };
    throw error;
  }
}

/** The value at a path. */
export function valueAt(tree: Tree, segments: readonly string[], form: Form): { tree: Tree; form: Form } | { lost: Lost } {
  let found: { tree: Tree; form: Form } | undefined;
  const result = changeAt(tree, segments, form, (present, at) => {
    if (present) found = { tree: present, form: at };
    return present;
  }, { mode: 'remove' });
  return found ?? ('lost' in result ? result : { lost: { segment: segments.length - 1, message: 'it has no value', fix: 'give it one' } });
}

/** The tree without what the path names. */
export function removeAt(tree: Tree, path: string, form: Form): { tree: Tree } | Lost {
  const result = changeAt(tree, splitPath(path), form, () => undefined, { mode: 'remove' });
  return 'lost' in result ? result.lost : result;
}

/** Names of the entries of a list, automatic ones where none is given: type and ordinal among those of its type. */
export function layerNames(list: ListTree): string[] {
  return namesOfEntries(list.items.map((item) => {
    const given = valueOf(item, 'name');
    return { type: typeOf(item, layerCatalogue)?.name ?? '', ...(given?.kind === 'scalar' ? { name: String(given.value) } : {}) };
  }));
}

class LostPath extends Error {
  constructor(readonly lost: Lost) {
    super(lost.message);
  }
}

/** One walk along a path, rebuilding the tree on its way back. */
class Walk {
  constructor(private readonly segments: readonly string[], private readonly mode: ChangeOptions['mode'], private readonly change: Change) {}

  /** The changed tree, or undefined to remove it. */
  into(tree: Tree | undefined, form: Form, depth: number): Tree | undefined {
    if (depth === this.segments.length) {
      if (!tree && this.mode === 'remove') this.lose(depth - 1, 'it is not there', 'leave it out');
      return this.change(tree, form);
    }
    const segment = this.segments[depth];
    if (!tree) return this.mode === 'remove' ? this.lose(depth - 1, 'it is not there', 'leave it out') : this.lose(depth - 1, 'it has no value', 'set all of it at once');
    if (form.kind === 'entry' && tree.kind === 'map') return this.intoEntry(tree, form.catalogue, depth);
    if (tree.kind === 'list') return this.intoList(tree, form, depth);
    if (tree.kind === 'scalar' || form.kind === 'value' || form.kind === 'either') return this.lose(depth, `nothing inside it can be called ${segment}`, 'set the whole value');
    if (form.kind === 'object') return this.intoFields(tree, (key) => form.fields[key]?.form, Object.keys(form.fields), depth);
    return this.intoNames(tree, form, depth);
  }

  private intoFields(tree: MapTree, formOf: (key: string) => Form | undefined, known: readonly string[], depth: number): Tree {
    const segment = this.segments[depth];
    const form = known.includes(segment) ? formOf(segment) : undefined;
    if (!form) return this.lose(depth, `there is no ${segment} here`, adviseName(segment, known));
    return this.replace(tree, segment, form, depth);
  }

  /** Free names: heads, blocks, parameters. */
  private intoNames(tree: MapTree, form: Form, depth: number): Tree {
    const segment = this.segments[depth];
    const of = form.kind === 'map' ? form.of : form;
    const names = [...tree.properties.keys()];
    if (!names.includes(segment) && this.mode !== 'add') {
      const advice = nearestName(segment, names);
      this.lose(depth, `there is no ${segment} here`, advice ? `did you mean ${advice}?` : 'to add it, begin with +');
    }
    return this.replace(tree, segment, of, depth);
  }

  private replace(tree: MapTree, key: string, form: Form, depth: number): Tree {
    const present = tree.properties.get(key);
    const changed = this.into(present?.value, form, depth + 1);
    const properties = new Map<string, Property>(tree.properties);
    if (changed) properties.set(key, { keyPlace: present?.keyPlace ?? changed.place, value: changed });
    else properties.delete(key);
    return { ...tree, properties };
  }

  /** A type, an option of it, something beside it, or a layer inside it. */
  private intoEntry(tree: MapTree, catalogue: Catalogue, depth: number): Tree {
    const segment = this.segments[depth];
    const written = typeOf(tree, catalogue);
    if (!written) return this.lose(depth, 'there is nothing', 'set the whole entry');
    if (Object.hasOwn(catalogue.beside, segment)) return this.replace(tree, segment, { kind: 'value', option: catalogue.beside[segment] }, depth);
    const type = typeNamed(catalogue, written.name);
    const options = written.options;
    if (options.kind !== 'map') return this.lose(depth, `${written.name} is written without names of parameters`, 'set the whole entry');
    const inside = segment === written.name ? depth + 1 : depth;
    if (inside === this.segments.length) return this.put(tree, written.name, this.change(options, optionsForm(type)));
    const changed = type ? this.intoOptions(options, type, catalogue, inside) : this.intoParameters(options, written.name, inside);
    return this.put(tree, written.name, changed);
  }

  private put(tree: MapTree, name: string, options: Tree | undefined): Tree {
    return mapChildren(tree, (child, key) => (key === name ? options ?? { ...child, kind: 'map', properties: new Map() } : child));
  }

  private intoOptions(options: MapTree, type: { name: string; options: Parameters<typeof fieldsOfType>[0]['options'] }, catalogue: Catalogue, depth: number): Tree {
    const segment = this.segments[depth];
    const fields = fieldsOfType(type);
    if (Object.hasOwn(fields, segment)) return this.replace(options, segment, fields[segment].form, depth);
    for (const [key, field] of Object.entries(fields)) {
      const lists = options.properties.get(key)?.value;
      if (type.name === 'repeat' || lists?.kind !== 'list' || field.form.kind !== 'list') continue;
      const inner = this.intoInnerList(lists, field.form.of, depth);
      if (inner) return this.put(options, key, inner);
    }
    const other = typeNamed(catalogue, segment);
    if (other) this.lose(depth, `this ${catalogue.what} is ${type.name}, not ${segment}`, `replace it: ${this.segments.slice(0, depth).join('.')}={ ${segment}: { ... } }`);
    const known = [...Object.keys(fields), ...Object.keys(catalogue.beside)];
    throw new LostPath({ segment: depth, message: `${type.name} has no ${segment}`, fix: adviseName(segment, known), inside: type.name === 'repeat' });
  }

  /** `stem.conv1` (a group's layer), `branches1.branch2.conv1`. */
  private intoInnerList(lists: ListTree, of: Form, depth: number): Tree | undefined {
    const segment = this.segments[depth];
    if (of.kind === 'entry') return layerNames(lists).includes(this.longestName(layerNames(lists), depth).segment) ? this.intoList(lists, { kind: 'list', of, about: '', minimum: 0 }, depth) : undefined;
    const branch = /^branch([1-9]\d*)$/.exec(segment);
    const index = branch ? Number(branch[1]) - 1 : -1;
    if (index < 0 || index >= lists.items.length) return undefined;
    return mapChildren(lists, (item, at) => (at === index ? this.into(item, of, depth + 1) ?? item : item));
  }

  private intoParameters(options: MapTree, block: string, depth: number): Tree {
    const segment = this.segments[depth];
    const known = [...options.properties.keys()];
    if (!known.includes(segment) && this.mode !== 'add') {
      const fix = nearestName(segment, known) ? adviseName(segment, known) : 'to give it, begin with +';
      throw new LostPath({ segment: depth, message: `${block} is not given ${segment} here`, fix, inside: true });
    }
    return this.replace(options, segment, anyValue, depth);
  }

  private intoList(tree: ListTree, form: Form, depth: number): Tree {
    const of = itemForm(form);
    const names = of.kind === 'entry' && of.catalogue.blocks ? layerNames(tree) : [];
    const { segment, taken } = this.longestName(names, depth);
    const index = names.includes(segment) ? names.indexOf(segment) : /^\d{1,6}$/.test(segment) ? Number(segment) : -1;
    const last = depth + taken === this.segments.length;
    if (this.mode === 'add' && last && index >= 0 && index <= tree.items.length) return this.insert(tree, index, of);
    if (index < 0 || index >= tree.items.length) {
      const count = tree.items.length ? `it has 0 to ${tree.items.length - 1}` : 'it is empty';
      this.lose(depth, `there is no ${segment} in this list`, nearestName(segment, names) && index < 0 ? `did you mean ${nearestName(segment, names)}?` : count);
    }
    const changed = this.into(tree.items[index], of, depth + taken);
    const items = [...tree.items];
    items.splice(index, 1, ...(changed ? [changed] : []));
    return { ...tree, items };
  }

  /** Names may have dots: of those that the path goes on with the longest, else the next segment. */
  private longestName(names: readonly string[], depth: number): { segment: string; taken: number } {
    for (let taken = this.segments.length - depth; taken > 1; taken--) {
      const segment = this.segments.slice(depth, depth + taken).join('.');
      if (names.includes(segment)) return { segment, taken };
    }
    return { segment: this.segments[depth], taken: 1 };
  }

  private insert(tree: ListTree, index: number, of: Form): Tree {
    const added = this.change(undefined, of);
    return added ? { ...tree, items: tree.items.toSpliced(index, 0, added) } : tree;
  }

  private lose(segment: number, message: string, fix: string): never {
    throw new LostPath({ segment: Math.max(0, segment), message, fix });
  }
}

function optionsForm(type: Parameters<typeof fieldsOfType>[0] | undefined): Form {
  return { kind: 'object', fields: type ? fieldsOfType(type) : {}, about: '' };
}

/** A value of which nothing is known here. */
const anyValue: Form = { kind: 'value', option: { schema: {}, required: false } };

function itemForm(form: Form): Form {
  if (form.kind === 'either') return itemForm(form.list);
  return form.kind === 'list' ? form.of : anyValue;
}
