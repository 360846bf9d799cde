/**
 * `$` expressions: references (`$filters`, `$train.batch_size`, `$env.NAME|default`) and whole-number arithmetic on them
 * with `+ - * //` and parentheses: `$filters * 4`, `($width + 1) // 2`.
 *
 *     sum     = product { ("+" | "-") product }
 *     product = factor { ("*" | "//") factor }
 *     factor  = "-" factor | number | "$" path | "(" sum ")"
 */

/** Why an expression has no value. `start` is the offset of the offending part in the text. */
export class ExpressionProblem extends Error {
  constructor(message: string, readonly fix: string, readonly start = 0) {
    super(message);
  }
}

/** A text that is to be evaluated: it begins with `$`, or it is arithmetic with a `$` in it or on plain numbers (`16 * 2`). */
export function isExpression(text: string): boolean {
  return text.startsWith('$') || (text.includes('$') && /^[\s\d+\-*/().$\w]+$/.test(text)) || /^[\d\s()]*\d\s+(?:[+\-*]|\/\/)\s+[\d\s()+\-*/]+$/.test(text);
}

/** The path when the text is a single reference: `$train.batch_size` → `train.batch_size`. */
export function singleReference(text: string): string | undefined {
  return /^\$([A-Za-z_][\w-]*(?:\.[\w-]+)*)$/.exec(text.trim())?.[1];
}

/** The name and default of `$env.NAME|default`. */
export function environmentReference(text: string): { name: string; fallback: string | undefined } | undefined {
  const match = /^\$env\.([A-Za-z_]\w*)(?:\|([\s\S]*))?$/.exec(text.trim());
  return match ? { name: match[1], fallback: match[2] } : undefined;
}

const tokenPattern = /\s*(?:(\d+(?:\.\d+)?)|\$([A-Za-z_]\w*(?:\.\w+)*)|(\/\/|[+\-*()]))/y;

/** Parentheses nest at most this deep. */
const maximumDepth = 32;

/** The value of an expression. `numberOf` gives the value of a reference; it may throw ExpressionProblem. */
export function evaluateArithmetic(text: string, numberOf: (path: string, start: number) => number): number {
  const tokens = tokenize(text);
  let at = 0;
  let depth = 0;
  const take = (...operators: string[]): string | undefined => (operators.includes(tokens[at]?.operator ?? '') ? tokens[at++].operator : undefined);

  const factor = (): number => {
    if (++depth > maximumDepth) throw new ExpressionProblem('nested too deeply', 'write it shorter');
    try {
      if (take('-')) return -factor();
      if (take('(')) return closed(sum());
      const token = tokens[at++];
      if (token?.number !== undefined) return whole(token.number);
      if (token?.path !== undefined) return whole(numberOf(token.path, token.start), token.start);
      throw new ExpressionProblem('a number or a $ reference is missing', 'write for example $filters * 4', token?.start ?? text.length);
    } finally {
      depth--;
    }
  };
  const closed = (value: number): number => {
    if (!take(')')) throw new ExpressionProblem('a closing parenthesis is missing', 'add )', tokens[at]?.start ?? text.length);
    return value;
  };
  const product = (): number => {
    let value = factor();
    for (let operator = take('*', '//'); operator; operator = take('*', '//')) value = whole(operator === '*' ? value * whole(factor()) : divide(value, factor()));
    return value;
  };
  const sum = (): number => {
    let value = product();
    for (let operator = take('+', '-'); operator; operator = take('+', '-')) value = whole(operator === '+' ? value + whole(product()) : value - whole(product()));
    return value;
  };
  const value = sum();
  if (at < tokens.length) throw new ExpressionProblem('an operator is missing or one too many', 'operators are + - * // and parentheses', tokens[at].start);
  return whole(value);
}

interface Token {
  start: number;
  number?: number;
  path?: string;
  operator?: string;
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  tokenPattern.lastIndex = 0;
  for (let at = 0; at < text.trimEnd().length; at = tokenPattern.lastIndex) {
    const match = tokenPattern.exec(text);
    if (!match) throw new ExpressionProblem(`${JSON.stringify(text.slice(at).trim().slice(0, 10))} is not understood in an expression`, 'operators are + - * // and parentheses; references are $name or $a.b', at);
    const start = tokenPattern.lastIndex - match[0].trimStart().length;
    const [, number, path, operator] = match;
    tokens.push({ start, ...(number === undefined ? {} : { number: Number(number) }), ...(path === undefined ? {} : { path }), ...(operator === undefined ? {} : { operator }) });
  }
  return tokens;
}

function whole(value: number, start = 0): number {
  if (!Number.isSafeInteger(value)) throw new ExpressionProblem(`arithmetic is on whole numbers, found ${value}`, 'write the number itself', start);
  return value;
}

function divide(left: number, right: number): number {
  if (right === 0) throw new ExpressionProblem('division by zero', 'check the divisor');
  return Math.floor(whole(left) / whole(right));
}
