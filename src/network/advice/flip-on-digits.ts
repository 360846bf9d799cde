/** A mirrored 3 is no digit: the network learns shapes that it will never meet, or two digits as one. */
import type { Rule } from './rule.ts';

/** Datasets of digits. */
const digits: ReadonlySet<string> = new Set(['mnist', 'synthetic-digits']);
/** 0, 1 and 8 look the same in a mirror. */
const changedDigits = 7;

export const flipOnDigits: Rule = {
  name: 'flip-on-digits',
  summary: 'Training images of digits are mirrored.',
  check({ experiment: { dataset, augmentation }, trainCount = 0 }) {
    if (!digits.has(dataset.type)) return [];
    return augmentation.filter(({ type, probability }) => type === 'flip' && probability > 0).map(({ probability }) => ({
      message: `flip mirrors ${Math.round(probability * 100)} % of the digits: ${changedDigits} of the 10 are no digits in a mirror, about ${Math.round((probability * trainCount * changedDigits) / 10).toLocaleString('en')} wrong images an epoch`,
      fix: 'leave flip out; rotate, shift and crop keep digits what they are',
      layers: [],
      figures: { probability, images: Math.round((probability * trainCount * changedDigits) / 10) },
    }));
  },
};
