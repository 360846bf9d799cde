/**
 * A small typed WebAssembly emitter: instructions are nested lists of bytes, combined by functions that read like the
 * text format. Only what the kernels need. Specification: WebAssembly 2.0 with threads, SIMD and relaxed SIMD.
 *
 *     const module = new ModuleBuilder();
 *     module.function('double', ['i32'], ['i32'], (f) => [i32.mul(f.parameter(0).get(), i32.const(2))]);
 */

export type Code = readonly (number | Code)[];
export type ValueType = 'i32' | 'f32' | 'f64' | 'v128';

const typeByte: Record<ValueType, number> = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b };

/** Unsigned LEB128. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  do {
    const low = value % 128;
    value = Math.floor(value / 128);
    bytes.push(value > 0 ? low | 0x80 : low);
  } while (value > 0);
  return bytes;
}

/** Signed LEB128 of a 32-bit number. */
function signed(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value | 0; ; ) {
    const low = rest & 0x7f;
    rest >>= 7;
    const done = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
    bytes.push(done ? low : low | 0x80);
    if (done) return bytes;
  }
}

const floatBytes = (value: number): number[] => [...new Uint8Array(new Float32Array([value]).buffer)];
const doubleBytes = (value: number): number[] => [...new Uint8Array(new Float64Array([value]).buffer)];

/** Where constants lie; kernels and plans leave the first `reservedBytes` of memory alone. */
export const reservedBytes = 1024;
const constantsAddress = 16;
const constantBytes = reservedBytes - constantsAddress;

/** Natural alignment hint (log2 of the bytes) and a constant offset in bytes. */
const memoryArgument = (align: number, offset: number): number[] => [align, ...unsigned(offset)];

export class Local {
  constructor(readonly index: number, readonly type: ValueType) {}
  get(): Code { return [0x20, unsigned(this.index)]; }
  set(value: Code): Code { return [value, 0x21, unsigned(this.index)]; }
  tee(value: Code): Code { return [value, 0x22, unsigned(this.index)]; }
  /** this += constant (i32) */
  advance(bytes: number): Code { return bytes === 0 ? [] : this.set(i32.add(this.get(), i32.const(bytes))); }
}

const binary = (opcode: number) => (left: Code, right: Code): Code => [left, right, opcode];
const load = (opcode: number, align: number) => (address: Code, offset = 0): Code => [address, opcode, memoryArgument(align, offset)];
const store = (opcode: number, align: number) => (address: Code, value: Code, offset = 0): Code => [address, value, opcode, memoryArgument(align, offset)];

export const i32 = {
  const: (value: number): Code => [0x41, signed(value)],
  add: binary(0x6a), sub: binary(0x6b), mul: binary(0x6c),
  and: binary(0x71), or: binary(0x72), xor: binary(0x73), shl: binary(0x74), shrU: binary(0x76), divU: binary(0x6e), remU: binary(0x70),
  shrS: binary(0x75), eq: binary(0x46), ne: binary(0x47), ltS: binary(0x48), ltU: binary(0x49), gtS: binary(0x4a), geS: binary(0x4e), geU: binary(0x4f),
  load: load(0x28, 2), store: store(0x36, 2),
} as const;

export const f32 = {
  const: (value: number): Code => [0x43, floatBytes(value)],
  add: binary(0x92), sub: binary(0x93), mul: binary(0x94), div: binary(0x95),
  load: load(0x2a, 2), store: store(0x38, 2),
  demote: (of: Code): Code => [of, 0xb6],
  convertI32: (of: Code): Code => [of, 0xb2],
} as const;

export const f64 = {
  const: (value: number): Code => [0x44, doubleBytes(value)],
  add: binary(0xa0), sub: binary(0xa1), mul: binary(0xa2), div: binary(0xa3), max: binary(0xa5),
  sqrt: (of: Code): Code => [of, 0x9f], neg: (of: Code): Code => [of, 0x9a], promote: (of: Code): Code => [of, 0xbb],
  load: load(0x2b, 3), store: store(0x39, 3),
} as const;

const simd = (opcode: number): Code => [0xfd, unsigned(opcode)];
const simdBinary = (opcode: number) => (left: Code, right: Code): Code => [left, right, simd(opcode)];
const simdUnary = (opcode: number) => (of: Code): Code => [of, simd(opcode)];
const simdLoad = (opcode: number, align: number) => (address: Code, offset = 0): Code => [address, simd(opcode), memoryArgument(align, offset)];

export const v128 = {
  load: simdLoad(0, 4),
  load32Splat: simdLoad(9, 2),
  store: (address: Code, value: Code, offset = 0): Code => [address, value, simd(11), memoryArgument(4, offset)],
  /** Four 32-bit words. */
  constant: (words: readonly number[]): Code => [simd(12), [...new Uint8Array(new Int32Array(words).buffer)]],
  zero: [simd(12), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]] as Code,
  /** Bytes of `left` (0..15) and `right` (16..31). */
  shuffle: (left: Code, right: Code, lanes: readonly number[]): Code => [left, right, simd(13), lanes],
  not: simdUnary(77), and: simdBinary(78), andNot: simdBinary(79), or: simdBinary(80), xor: simdBinary(81),
  /** Bits of `then` where the mask is 1, of `otherwise` where it is 0. */
  select: (then: Code, otherwise: Code, mask: Code): Code => [then, otherwise, mask, simd(82)],
} as const;

/** Lane numbers of a shuffle of four floats: 0..3 from the left operand, 4..7 from the right. */
export const floatLanes = (...lanes: readonly number[]): number[] => lanes.flatMap((lane) => [0, 1, 2, 3].map((byte) => 4 * lane + byte));

export const f32x4 = {
  splat: simdUnary(19),
  constant: (value: number): Code => [simd(12), [...floatBytes(value), ...floatBytes(value), ...floatBytes(value), ...floatBytes(value)]],
  eq: simdBinary(65), gt: simdBinary(68), ge: simdBinary(70), lt: simdBinary(67),
  neg: simdUnary(225), sqrt: simdUnary(227), nearest: simdUnary(106),
  /** From whole numbers. */
  convert: simdUnary(250),
  add: simdBinary(228), sub: simdBinary(229), mul: simdBinary(230), div: simdBinary(231),
  /** a < b ? b : a, one instruction; keeps a NaN that stands first. */
  pmax: simdBinary(235), pmin: simdBinary(234),
  /** a · b + c, fused where the processor can. */
  relaxedMadd: (a: Code, b: Code, c: Code): Code => [a, b, c, simd(0x105)],
} as const;

export const i32x4 = {
  splat: simdUnary(17),
  constant: (value: number): Code => v128.constant([value, value, value, value]),
  add: simdBinary(174), sub: simdBinary(177), mul: simdBinary(181), geU: simdBinary(64),
  shl: (of: Code, bits: number): Code => [of, i32.const(bits), simd(171)],
  shrU: (of: Code, bits: number): Code => [of, i32.const(bits), simd(173)],
  /** To whole numbers, towards zero. */
  truncate: simdUnary(248),
} as const;

/** Unsigned 32×32 → 64-bit products of the two low, or the two high, lanes. */
export const i64x2 = { productLow: simdBinary(222), productHigh: simdBinary(223) } as const;

export const f64x2 = {
  add: simdBinary(240), mul: simdBinary(242),
  /** The two low floats as doubles. */
  promoteLow: simdUnary(95),
  lane: (of: Code, lane: 0 | 1): Code => [of, simd(33), lane],
} as const;

/** A label block repeated while `condition` holds after the body; the body runs at least once. */
const repeatWhile = (body: Code, condition: Code): Code => [0x03, 0x40, body, condition, 0x0d, 0, 0x0b];

/** `then` where the condition is not 0, else `otherwise`; both i32. */
export const choose = (condition: Code, then: Code, otherwise: Code): Code => [then, otherwise, condition, 0x1b];

/** Zeros in `bytes` bytes from `address` on. */
export const memoryFill = (address: Code, bytes: Code): Code => [address, i32.const(0), bytes, 0xfc, 11, 0];

export const when = (condition: Code, then: Code): Code => [condition, 0x04, 0x40, then, 0x0b];

export const whenElse = (condition: Code, then: Code, otherwise: Code): Code => [condition, 0x04, 0x40, then, 0x05, otherwise, 0x0b];

/** Numbers that kernels read from the first bytes of memory; written there when a module is instantiated. */
class ConstantPool {
  private readonly values: number[] = [];

  addressOf(value: number): number {
    const known = this.values.findIndex((each) => Object.is(each, Math.fround(value)));
    const index = known >= 0 ? known : this.values.push(Math.fround(value)) - 1;
    if (index >= constantBytes / 4) throw new Error('too many constants');
    return constantsAddress + 4 * index;
  }

  bytes(): number[] {
    return this.values.flatMap(floatBytes);
  }
}

export class FunctionBuilder {
  private readonly locals: ValueType[] = [];

  constructor(private readonly parameters: readonly ValueType[], private readonly constants: ConstantPool) {}

  /**
   * Four times a number, read from memory by one instruction: V8 builds a constant in place from two 64-bit halves, at
   * every turn of a loop, and its re-vectoriser does not join two of them.
   */
  constant(value: number): Code {
    return value === 0 ? v128.zero : v128.load32Splat(i32.const(this.constants.addressOf(value)));
  }

  parameter(index: number): Local {
    return new Local(index, this.parameters[index]);
  }

  local(type: ValueType): Local {
    this.locals.push(type);
    return new Local(this.parameters.length + this.locals.length - 1, type);
  }

  localsOf(type: ValueType, count: number): Local[] {
    return Array.from({ length: count }, () => this.local(type));
  }

  /** Runs `body` a constant number of times; nothing is emitted for 0, no loop for 1. */
  times(count: number, body: Code): Code {
    if (count <= 1) return count === 1 ? body : [];
    const left = this.local('i32');
    return [left.set(i32.const(count)), repeatWhile(body, left.tee(i32.sub(left.get(), i32.const(1))))];
  }

  /** Runs `body` as often as `count` (an i32 > 0 at run time) says. */
  timesOf(count: Code, body: Code): Code {
    const left = this.local('i32');
    return [left.set(count), repeatWhile(body, left.tee(i32.sub(left.get(), i32.const(1))))];
  }

  /** Runs `body` while `condition` is not 0; it is asked before the first turn too. */
  whileTrue(condition: Code, body: Code): Code {
    return when(condition, repeatWhile(body, condition));
  }

  /** for (local = from; local != to; local += step) with at least one turn; `to` is evaluated every turn. */
  upTo(local: Local, from: Code, to: Code, step: number, body: Code): Code {
    return [local.set(from), repeatWhile([body, local.advance(step)], i32.ne(local.get(), to))];
  }

  body(code: Code): number[] {
    const declared = this.locals.flatMap((type) => [1, typeByte[type]]);
    const bytes = [...unsigned(this.locals.length), ...declared];
    flatten(code, bytes);
    bytes.push(0x0b);
    return bytes;
  }
}

function flatten(code: Code, into: number[]): void {
  for (const each of code) {
    if (typeof each === 'number') into.push(each);
    else flatten(each, into);
  }
}

interface Signature { parameters: readonly ValueType[]; results: readonly ValueType[] }

export class ModuleBuilder {
  private readonly constants = new ConstantPool();
  private readonly signatures: Signature[] = [];
  private readonly imports: { name: string; signature: number }[] = [];
  private readonly functions: { name: string; signature: number; body: number[] }[] = [];

  /** A JavaScript function of the host, under module `host`. All imports come before the first function. */
  import(name: string, parameters: readonly ValueType[], results: readonly ValueType[] = []): number {
    if (this.functions.length > 0) throw new Error('imports come before functions');
    this.imports.push({ name, signature: this.signature(parameters, results) });
    return this.imports.length - 1;
  }

  /** Adds an exported function (`name~1` where the name is taken); returns its index for `call`. */
  function(name: string, parameters: readonly ValueType[], results: readonly ValueType[], build: (f: FunctionBuilder) => Code): number {
    const f = new FunctionBuilder(parameters, this.constants);
    const code = build(f);
    const taken = this.functions.filter((each) => each.name === name || each.name.startsWith(`${name}~`)).length;
    this.functions.push({ name: taken ? `${name}~${taken}` : name, signature: this.signature(parameters, results), body: f.body(code) });
    return this.imports.length + this.functions.length - 1;
  }

  /** The name under which a function is exported. */
  nameOf(index: number): string {
    return this.functions[index - this.imports.length].name;
  }

  call(index: number, ...operands: readonly Code[]): Code {
    return [operands, 0x10, unsigned(index)];
  }

  /** The module: memory `host.memory` (shared) of exactly `pages` pages. */
  bytes(pages: number): Uint8Array<ArrayBuffer> {
    const list = (items: readonly (readonly number[])[]): number[] => [...unsigned(items.length), ...items.flat()];
    const text = (value: string): number[] => { const bytes = [...new TextEncoder().encode(value)]; return [...unsigned(bytes.length), ...bytes]; };
    const types = this.signatures.map(({ parameters, results }) =>
      [0x60, ...list(parameters.map((each) => [typeByte[each]])), ...list(results.map((each) => [typeByte[each]]))]);
    const memory = [...text('host'), ...text('memory'), 2, 3, ...unsigned(pages), ...unsigned(pages)];
    const imports = [memory, ...this.imports.map(({ name, signature }) => [...text('host'), ...text(name), 0, ...unsigned(signature)])];
    const exports = this.functions.map(({ name }, index) => [...text(name), 0, ...unsigned(this.imports.length + index)]);
    const output: number[] = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
    const section = (id: number, content: readonly number[]): void => {
      output.push(id, ...unsigned(content.length));
      for (const byte of content) output.push(byte);
    };
    section(1, list(types));
    section(2, list(imports));
    section(3, list(this.functions.map(({ signature }) => unsigned(signature))));
    section(7, list(exports));
    section(10, codeSection(this.functions.map(({ body }) => body)));
    const constants = this.constants.bytes();
    if (constants.length > 0) section(11, [1, 0, 0x41, ...signed(constantsAddress), 0x0b, ...unsigned(constants.length), ...constants]);
    // Names for profilers: a custom section `name` with the function names.
    const names = list(this.functions.map(({ name }, index) => [...unsigned(this.imports.length + index), ...text(name)]));
    section(0, [...text('name'), 1, ...unsigned(names.length), ...names]);
    return new Uint8Array(output);
  }

  private signature(parameters: readonly ValueType[], results: readonly ValueType[]): number {
    const same = this.signatures.findIndex((each) => each.parameters.join() === parameters.join() && each.results.join() === results.join());
    if (same >= 0) return same;
    this.signatures.push({ parameters, results });
    return this.signatures.length - 1;
  }
}

function codeSection(bodies: readonly (readonly number[])[]): number[] {
  const content: number[] = unsigned(bodies.length);
  for (const body of bodies) {
    content.push(...unsigned(body.length));
    for (const byte of body) content.push(byte);
  }
  return content;
}
