/** What a kernel may use of the machine. Only `fused` changes bits; the width changes speed alone. */
import type { KernelVariant } from '../../engine.ts';
import { f32x4, type Code } from '../emitter.ts';

export interface Numerics {
  /** Multiply and add in one rounding. */
  fused: boolean;
  /** Output channels of a register tile: 16 where neighbouring 128-bit operations become 256-bit ones, else 8. */
  tileWidth: 8 | 16;
  /** Output pixels (or weight rows) of a register tile. */
  tileHeight: number;
}

/** 16 registers of 256 bits hold 6×16 sums, a row and a scalar; of 128 bits, 4×8 sums. */
export const variants: Readonly<Record<KernelVariant, Numerics>> = {
  wide: { fused: true, tileWidth: 16, tileHeight: 6 },
  narrow: { fused: true, tileWidth: 8, tileHeight: 4 },
  plain: { fused: false, tileWidth: 8, tileHeight: 4 },
};

/** a · b + c */
export function multiplyAdd(numerics: Numerics, a: Code, b: Code, c: Code): Code {
  return numerics.fused ? f32x4.relaxedMadd(a, b, c) : f32x4.add(f32x4.mul(a, b), c);
}
