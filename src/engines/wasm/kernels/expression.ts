/** Compiles an element-wise expression (common/expression.ts) to SIMD code over four floats. */
import type { Expression } from '../../../common/expression.ts';
import { f32x4, v128, type Code, type FunctionBuilder, type Local } from '../emitter.ts';
import { multiplyAdd, type Numerics } from './numerics.ts';
import { emitErrorFunction, emitExponential, emitLogarithm, emitTanh } from './transcendental.ts';

/**
 * Code that leaves the value on the stack. `inputs` are locals holding the inputs; `before` collects code that must run
 * first (shared sub-expressions are computed once: the same object, the same local).
 */
export function compileExpression(f: FunctionBuilder, expression: Expression, inputs: Readonly<Record<string, Local>>): { before: Code; value: Code } {
  const { before, values } = compileExpressions(f, [expression], inputs);
  return { before, value: values[0] };
}

/** Several expressions at once: what they share is computed once. `numerics`: sums of products may be fused. */
export function compileExpressions(
  f: FunctionBuilder, expressions: readonly Expression[], inputs: Readonly<Record<string, Local>>, numerics?: Numerics,
): { before: Code; values: Code[] } {
  const before: Code[] = [];
  const known = new Map<Expression, Local>();
  const visit = (e: Expression): Code => {
    const seen = known.get(e);
    if (seen) return seen.get();
    if (e.op === 'constant') return f.constant(e.value);
    if (e.op === 'input') return inputs[e.name].get();
    const local = f.local('v128');
    before.push(local.set(compute(e)));
    known.set(e, local);
    return local.get();
  };
  /** left ± constant · something in one operation, where that is what it is. */
  const addScaled = (left: Expression, right: Expression, sign: 1 | -1): Code | undefined => {
    if (!numerics?.fused || right.op !== 'multiply' || right.left.op !== 'constant') return undefined;
    return multiplyAdd(numerics, f.constant(sign * right.left.value), visit(right.right), visit(left));
  };
  const compute = (e: Exclude<Expression, { op: 'constant' | 'input' }>): Code => {
    switch (e.op) {
      case 'add': return addScaled(e.left, e.right, 1) ?? f32x4.add(visit(e.left), visit(e.right));
      case 'subtract': return addScaled(e.left, e.right, -1) ?? f32x4.sub(visit(e.left), visit(e.right));
      case 'multiply': return f32x4.mul(visit(e.left), visit(e.right));
      case 'divide': return f32x4.div(visit(e.left), visit(e.right));
      case 'max': return f32x4.pmax(visit(e.left), visit(e.right));
      case 'min': return f32x4.pmin(visit(e.left), visit(e.right));
      case 'negate': return f32x4.neg(visit(e.of));
      case 'sqrt': return f32x4.sqrt(visit(e.of));
      case 'select': return v128.select(visit(e.then), visit(e.otherwise), f32x4.gt(visit(e.left), visit(e.right)));
      case 'exp': return collect(emitExponential(f, visit(e.of)));
      case 'log': return collect(emitLogarithm(f, visit(e.of)));
      case 'tanh': return collect(emitTanh(f, visit(e.of)));
      case 'erf': return collect(emitErrorFunction(f, visit(e.of)));
    }
  };
  const collect = ({ before: first, value }: { before: Code; value: Code }): Code => {
    before.push(first);
    return value;
  };
  const values = expressions.map(visit);
  return { before, values };
}
