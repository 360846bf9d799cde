/**
 * Element-wise arithmetic as data. Activations and optimizer updates are written once in this form; the kernels,
 * the float64 reference, the derivatives and the exports are all derived from it.
 *
 *     const relu = max(input('x'), 0);
 *     evaluate(relu, { x: -2 });                 // 0
 *     derivative(relu, 'x');                     // select(x > 0, 1, 0)
 */

import * as math from './math.ts';

export type Expression =
  | { op: 'constant'; value: number }
  | { op: 'input'; name: string }
  | { op: 'add' | 'subtract' | 'multiply' | 'divide' | 'max' | 'min'; left: Expression; right: Expression }
  | { op: 'negate' | 'sqrt' | 'exp' | 'log' | 'tanh' | 'erf'; of: Expression }
  /** `then` where left > right, else `otherwise`. */
  | { op: 'select'; left: Expression; right: Expression; then: Expression; otherwise: Expression };

type Operand = Expression | number;
type Binary = Extract<Expression, { left: Expression; right: Expression; op: 'add' | 'subtract' | 'multiply' | 'divide' | 'max' | 'min' }>['op'];
type Unary = Extract<Expression, { of: Expression }>['op'];

const lift = (operand: Operand): Expression => (typeof operand === 'number' ? { op: 'constant', value: operand } : operand);
const isConstant = (e: Expression, value: number): boolean => e.op === 'constant' && e.value === value;

export const input = (name: string): Expression => ({ op: 'input', name });
export const constant = (value: number): Expression => ({ op: 'constant', value });
const binary = (op: Binary) => (left: Operand, right: Operand): Expression => simplify({ op, left: lift(left), right: lift(right) });
const unary = (op: Unary) => (of: Operand): Expression => simplify({ op, of: lift(of) });
export const add = binary('add');
export const subtract = binary('subtract');
export const multiply = binary('multiply');
export const divide = binary('divide');
export const max = binary('max');
export const min = binary('min');
export const negate = unary('negate');
export const sqrt = unary('sqrt');
export const exp = unary('exp');
export const log = unary('log');
export const tanh = unary('tanh');
/** The error function: 2 / √π times the integral of exp(-t²) from 0 to x. */
export const erf = unary('erf');
/** `then` where left > right, else `otherwise`. */
export const select = (left: Operand, right: Operand, then: Operand, otherwise: Operand): Expression =>
  ({ op: 'select', left: lift(left), right: lift(right), then: lift(then), otherwise: lift(otherwise) });

/** Folds constants and drops neutral elements, so that derived derivatives stay short. */
function simplify(e: Expression): Expression {
  if ('of' in e) return e.of.op === 'constant' ? constant(applyUnary(e.op, e.of.value)) : e;
  if (e.op === 'constant' || e.op === 'input' || e.op === 'select') return e;
  const { op, left, right } = e;
  if (left.op === 'constant' && right.op === 'constant') return constant(applyBinary(op, left.value, right.value));
  if (op === 'add') return isConstant(left, 0) ? right : isConstant(right, 0) ? left : e;
  if (op === 'subtract') return isConstant(right, 0) ? left : isConstant(left, 0) ? unary('negate')(right) : e;
  if (op === 'multiply') {
    if (isConstant(left, 0) || isConstant(right, 0)) return constant(0);
    return isConstant(left, 1) ? right : isConstant(right, 1) ? left : e;
  }
  if (op === 'divide') return isConstant(left, 0) ? constant(0) : isConstant(right, 1) ? left : e;
  return e;
}

function applyBinary(op: Binary, a: number, b: number): number {
  switch (op) {
    case 'add': return a + b;
    case 'subtract': return a - b;
    case 'multiply': return a * b;
    case 'divide': return a / b;
    case 'max': return Math.max(a, b);
    case 'min': return Math.min(a, b);
  }
}

function applyUnary(op: Unary, a: number): number {
  switch (op) {
    case 'negate': return -a;
    case 'sqrt': return Math.sqrt(a);
    case 'exp': return math.exp(a);
    case 'log': return math.log(a);
    case 'tanh': return math.tanh(a);
    case 'erf': return math.erf(a);
  }
}

/** The value in float64. Every input of the expression must be given. */
export function evaluate(e: Expression, inputs: Readonly<Record<string, number>>): number {
  switch (e.op) {
    case 'constant': return e.value;
    case 'input': return inputs[e.name];
    case 'select':
      return evaluate(e.left, inputs) > evaluate(e.right, inputs) ? evaluate(e.then, inputs) : evaluate(e.otherwise, inputs);
    default:
      return 'of' in e ? applyUnary(e.op, evaluate(e.of, inputs)) : applyBinary(e.op, evaluate(e.left, inputs), evaluate(e.right, inputs));
  }
}

/** d e / d name, by the rules of calculus; at a kink the derivative of the branch that `>` does not take. */
export function derivative(e: Expression, name: string): Expression {
  const d = (inner: Expression): Expression => derivative(inner, name);
  switch (e.op) {
    case 'constant': return constant(0);
    case 'input': return constant(e.name === name ? 1 : 0);
    case 'add': return add(d(e.left), d(e.right));
    case 'subtract': return subtract(d(e.left), d(e.right));
    case 'multiply': return add(multiply(d(e.left), e.right), multiply(e.left, d(e.right)));
    case 'divide': return subtract(divide(d(e.left), e.right), divide(multiply(e, d(e.right)), e.right));
    case 'max': return select(e.left, e.right, d(e.left), d(e.right));
    case 'min': return select(e.right, e.left, d(e.left), d(e.right));
    case 'negate': return negate(d(e.of));
    case 'sqrt': return divide(d(e.of), multiply(2, e));
    case 'exp': return multiply(e, d(e.of));
    case 'log': return divide(d(e.of), e.of);
    case 'tanh': return multiply(subtract(1, multiply(e, e)), d(e.of));
    case 'erf': return multiply(multiply(2 / Math.sqrt(Math.PI), exp(negate(multiply(e.of, e.of)))), d(e.of));
    case 'select': return select(e.left, e.right, d(e.then), d(e.otherwise));
  }
}

/** `replacement` wherever the input `name` stands. What was shared stays shared. */
export function substitute(e: Expression, name: string, replacement: Expression, done: Map<Expression, Expression> = new Map()): Expression {
  const known = done.get(e);
  if (known) return known;
  const inside = (of: Expression): Expression => substitute(of, name, replacement, done);
  let result: Expression = e;
  if (e.op === 'input') result = e.name === name ? replacement : e;
  else if ('of' in e) result = { ...e, of: inside(e.of) };
  else if (e.op === 'select') result = { ...e, left: inside(e.left), right: inside(e.right), then: inside(e.then), otherwise: inside(e.otherwise) };
  else if ('left' in e) result = { ...e, left: inside(e.left), right: inside(e.right) };
  done.set(e, result);
  return result;
}

/** The names of the inputs, each once, in order of appearance. */
export function inputsOf(e: Expression, found: Set<string> = new Set()): Set<string> {
  if (e.op === 'input') found.add(e.name);
  if ('of' in e) inputsOf(e.of, found);
  if ('left' in e) for (const each of [e.left, e.right]) inputsOf(each, found);
  if (e.op === 'select') for (const each of [e.then, e.otherwise]) inputsOf(each, found);
  return found;
}
