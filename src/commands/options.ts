/** Options that several verbs share, and parsers of their values. */
import { InvalidArgumentError } from 'commander';

/** A parser of whole numbers in a range, for commander. */
export function count(minimum: number, maximum = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^[+-]?\d+$/.test(text) && value >= minimum && value <= maximum) return value;
    throw new InvalidArgumentError(`It must be a whole number${maximum < Number.MAX_SAFE_INTEGER ? ` from ${minimum} to ${maximum}` : ` of at least ${minimum}`}.`);
  };
}

/** The directory of runs: `--out`, else `runs`. */
export function runsDirectory({ out }: { out?: string }): string {
  return out?.replace(/(?<=.)\/+$/, '') ?? 'runs';
}
