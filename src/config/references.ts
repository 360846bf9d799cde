/** Replaces `$` expressions by their values: other values of the experiment, the environment, and a block's parameters. */
import type { Problem } from '../common/problem.ts';
import { environmentReference, evaluateArithmetic, ExpressionProblem, isExpression, singleReference } from './arithmetic.ts';
import { experimentForm } from './language.ts';
import { valueAt } from './locate.ts';
import { readYaml, textSource } from './read.ts';
import { broken, describeTree, fromPlain, joinPath, map, mapChildren, scalar } from './tree.ts';
import type { MapTree, Report, ScalarTree, Tree } from './tree.ts';
import { nearestName } from './words.ts';

export interface Resolver {
  /** The value of a scalar, or the scalar itself where it is no expression. Problems are reported at it. */
  resolve(tree: ScalarTree, path: string): Tree;
  /** The tree with every expression in it resolved. */
  resolveAll(tree: Tree, path: string): Tree;
  /** A resolver that sees a block's parameters as well. */
  within(parameters: ReadonlyMap<string, Tree>): Resolver;
}

type Environment = Readonly<Record<string, string | undefined>>;

export function createResolver(root: Tree, environment: Environment, report: Report, parameters: ReadonlyMap<string, Tree> = new Map(), open: readonly string[] = []): Resolver {
  /** A reference's value, resolved in its turn. */
  const lookUp = (path: string, start = 0): Tree => {
    const parameter = parameters.get(path);
    if (parameter) return parameter;
    if (open.includes(path)) {
      const chain = [...open.slice(open.indexOf(path)), path].map((each) => `$${each}`).join(' → ');
      throw new ExpressionProblem(`${chain} refers to itself`, 'give one of them a value', start);
    }
    const found = valueAt(root, path.split('.'), experimentForm);
    if ('lost' in found) throw unknownReference(path, found.lost.fix, parameters, start);
    return createResolver(root, environment, report, new Map(), [...open, path]).resolveAll(found.tree, path);
  };

  const numberOf = (path: string, start: number): number => {
    const value = lookUp(path, start);
    if (value.kind === 'scalar' && typeof value.value === 'number') return value.value;
    throw new ExpressionProblem(`$${path} is ${describeTree(value)}, not a number`, 'arithmetic is on whole numbers', start);
  };

  const valueOfExpression = (tree: ScalarTree, text: string): Tree => {
    const variable = environmentReference(text);
    if (variable) return fromEnvironment(tree, variable, environment, report);
    const path = singleReference(text);
    if (path === undefined) return { ...scalar(evaluateArithmetic(text, numberOf), tree.place), origin: `${tree.origin ?? `${tree.place.file}:${tree.place.line}`} (${text})` };
    return movedTo(lookUp(path), tree, text);
  };

  const resolver: Resolver = {
    resolve(tree, path) {
      if (typeof tree.value !== 'string' || !isExpression(tree.value)) return tree;
      try {
        return valueOfExpression(tree, tree.value);
      } catch (error) {
        if (!(error instanceof ExpressionProblem)) throw error;
        report(problemAt(tree, error, path));
        return broken(tree.place);
      }
    },
    resolveAll(tree, path) {
      if (tree.kind === 'scalar') return resolver.resolve(tree, path);
      return mapChildren(tree, (child, key) => (path === '' && key === 'description' ? child : resolver.resolveAll(child, joinPath(path, key))));
    },
    within: (inner) => createResolver(root, environment, report, inner, open),
  };
  return resolver;
}

/** Everything outside of blocks, whose bodies have a value only where they are used. */
export function resolveOutsideBlocks(tree: MapTree, resolver: Resolver): MapTree {
  const properties = [...tree.properties].map(([key, property]) =>
    [key, key === 'blocks' || key === 'description' ? property : { ...property, value: resolver.resolveAll(property.value, key) }] as const);
  return { ...map(tree.place, properties), ...(tree.origin === undefined ? {} : { origin: tree.origin }) };
}

function unknownReference(path: string, advice: string, parameters: ReadonlyMap<string, Tree>, start: number): ExpressionProblem {
  const nearest = nearestName(path, [...parameters.keys()]);
  const fix = nearest ? `did you mean $${nearest}?` : parameters.size ? `parameters here: ${[...parameters.keys()].map((name) => `$${name}`).join(', ')}` : advice;
  return new ExpressionProblem(`$${path} refers to nothing`, fix, start);
}

/** The value where it is referred to: problems with it point at the reference. */
function movedTo(value: Tree, at: ScalarTree, text: string): Tree {
  const move = (tree: Tree): Tree => ({ ...mapChildren(tree, move), place: at.place, origin: `${at.origin ?? `${at.place.file}:${at.place.line}`} (${text.trim()})` });
  return move(value);
}

function fromEnvironment(tree: ScalarTree, { name, fallback }: { name: string; fallback: string | undefined }, environment: Environment, report: Report): Tree {
  const text = environment[name] ?? fallback;
  if (text === undefined) throw new ExpressionProblem(`the environment has no ${name}`, `set it, or give a default: $env.${name}|default`);
  const problems: Problem[] = [];
  const value = readYaml(textSource(`$env.${name}`, text), (problem) => problems.push(problem));
  if (problems.length || value?.kind !== 'scalar') {
    for (const problem of problems) report({ ...problem, where: tree.place });
    if (problems.length) return broken(tree.place);
    throw new ExpressionProblem(`$env.${name} holds ${value ? describeTree(value) : 'nothing'}`, 'it may hold a number, a word, true or false');
  }
  return fromPlain(value.value, tree.place, `$env.${name}`);
}

/** The offset inside the expression is the offset inside the line as long as the text stands there unquoted. */
function problemAt(tree: ScalarTree, problem: ExpressionProblem, path: string): Problem {
  const { place } = tree;
  const stands = place.excerpt?.startsWith(String(tree.value), place.column - 1);
  const column = place.column + problem.start;
  const where = stands ? { ...place, column, endColumn: Math.max(column + 1, place.endColumn ?? 0) } : place;
  return { code: 'bad-reference', message: problem.message, fix: problem.fix, where, path };
}
