/** Design advice: what could be better about a network that works, with numbers. One rule a file, one line here. */
import { UserError } from '../../common/problem.ts';
import type { Problem } from '../../common/problem.ts';
import { batchRemainder } from './batch-remainder.ts';
import { biasBeforeBatchnorm } from './bias-before-batchnorm.ts';
import { denseHoldsMost } from './dense-holds-most.ts';
import { dropoutOnLogits } from './dropout-on-logits.ts';
import { flipOnDigits } from './flip-on-digits.ts';
import { largeKernel } from './large-kernel.ts';
import { largeReceptiveField, smallReceptiveField } from './receptive-field.ts';
import { reluWithoutHe } from './relu-without-he.ts';
import type { Finding, Rule, Subject } from './rule.ts';

export type { Finding, Rule, Subject } from './rule.ts';

export const rules: readonly Rule[] = [
  largeKernel,
  reluWithoutHe,
  biasBeforeBatchnorm,
  denseHoldsMost,
  smallReceptiveField,
  largeReceptiveField,
  flipOnDigits,
  dropoutOnLogits,
  batchRemainder,
];

export interface Advice extends Finding {
  rule: string;
}

/** All that the rules find. `allow`: names of rules that shall say nothing; throws UserError where there is no such rule. */
export function advise(subject: Subject, allow: readonly string[] = []): Advice[] {
  const unknown = allow.filter((name) => !rules.some((rule) => rule.name === name));
  if (unknown.length > 0) throw new UserError(unknown.map(unknownRule));
  return rules.filter((rule) => !allow.includes(rule.name)).flatMap((rule) => rule.check(subject).map((finding) => ({ rule: rule.name, ...finding })));
}

function unknownRule(name: string): Problem {
  return { code: 'unknown-rule', message: `there is no advice named ${name}`, fix: `there are: ${rules.map((rule) => rule.name).join(', ')}`, path: 'lint.allow' };
}
