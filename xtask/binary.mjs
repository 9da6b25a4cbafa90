// WebAssembly's binary format (WebAssembly Core Specification 2.0, chapter 5), as far as the steps here read and write it.

const HEADER = 8;
export const END = 0x0b;
export const SECTION = { custom: 0, type: 1, import: 2, function: 3, table: 4, memory: 5, global: 6, export: 7, start: 8, element: 9, code: 10, data: 11, dataCount: 12 };

/** Reads bytes one after the other. */
export class Reader {
  constructor(bytes, at = 0, end = bytes.length) {
    Object.assign(this, { bytes, at, end });
  }

  get done() {
    return this.at >= this.end;
  }

  byte() {
    return this.bytes[this.at++];
  }

  /** An unsigned LEB128. */
  number() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  }

  /** A signed LEB128 of at most 32 bits. */
  signed() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      if (shift < 32) value |= (byte & 127) << shift;
      if (byte < 128) return shift < 25 && byte & 64 ? value | (-1 << (shift + 7)) : value;
    }
  }

  /** A signed LEB128 of at most 64 bits, as an unsigned bigint. */
  long() {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asUintN(64, byte & 64 ? value | (-1n << (shift + 7n)) : value);
    }
  }

  take(length) {
    return this.bytes.subarray(this.at, (this.at += length));
  }

  text() {
    return Buffer.from(this.take(this.number())).toString('utf8');
  }

  /** What `read` makes of each of a vector's items. */
  list(read) {
    return Array.from({ length: this.number() }, read);
  }
}

/** A number as unsigned LEB128. */
export function leb(value) {
  const out = [];
  do out.push((value & 127) | (value > 127 ? 128 : 0)); while ((value >>>= 7));
  return out;
}

/** A name. */
export const text = (name) => [...leb(Buffer.byteLength(name)), ...Buffer.from(name)];

/** An expression that gives this number of 32 bits. */
export const constant = (value) => [0x41, ...signedLeb(value), END];

/** A number of 32 bits as signed LEB128. */
export function signedLeb(value) {
  const out = [];
  for (;;) {
    const low = value & 127;
    value >>= 7;
    if ((value === 0 && !(low & 64)) || (value === -1 && low & 64)) return [...out, low];
    out.push(low | 128);
  }
}

/** A number of 64 bits, an unsigned bigint, as signed LEB128. */
export function signedLongLeb(number) {
  const out = [];
  for (let value = BigInt.asIntN(64, number); ;) {
    const low = Number(value & 127n);
    value >>= 7n;
    if ((value === 0n && !(low & 64)) || (value === -1n && low & 64)) return [...out, low];
    out.push(low | 128);
  }
}

/** The sections in their order; a custom one with its name, which is still part of its content. */
export function sections(wasm) {
  const reader = new Reader(wasm, HEADER);
  const found = [];
  while (!reader.done) {
    const id = reader.byte();
    const content = reader.take(reader.number());
    found.push({ id, content, name: id === SECTION.custom ? new Reader(content).text() : undefined });
  }
  return found;
}

/** The module of these sections. */
export const assembled = (wasm, parts) =>
  Buffer.concat([wasm.subarray(0, HEADER), ...parts.flatMap(({ id, content }) => [Buffer.from([id, ...leb(content.length)]), content])]);

/** How many functions are imported: those come first in the functions' numbers. */
export const importedFunctions = (wasm) => WebAssembly.Module.imports(new WebAssembly.Module(wasm)).filter(({ kind }) => kind === 'function').length;

/** What is exported of its functions, by name and number. */
export function exportedFunctions(parts) {
  const reader = new Reader(parts.find(({ id }) => id === SECTION.export).content);
  return reader.list(() => ({ name: reader.text(), kind: reader.byte(), number: reader.number() })).filter(({ kind }) => kind === 0);
}

/** The body of each function, locals included. */
export function bodies(parts) {
  const reader = new Reader(parts.find(({ id }) => id === SECTION.code).content);
  return reader.list(() => reader.take(reader.number()));
}

/** The section of these bodies. */
export const codeSection = (all) => ({ id: SECTION.code, content: Buffer.concat([Buffer.from(leb(all.length)), ...all.flatMap((body) => [Buffer.from(leb(body.length)), body])]) });

/** The functions' names by their numbers, where the module has them. */
export function functionNames(parts) {
  const names = new Map();
  const section = parts.find(({ name }) => name === 'name');
  if (!section) return names;
  const reader = new Reader(section.content);
  reader.text();
  while (!reader.done) {
    const kind = reader.byte();
    const end = reader.number() + reader.at;
    if (kind === 1) reader.list(() => names.set(reader.number(), reader.text()));
    reader.at = end;
  }
  return names;
}

/** The module without what only a linker reads, and without names of anything but functions. */
export function withoutLinkerParts(wasm) {
  const parts = sections(wasm).filter(({ name }) => !/^(linking|reloc\..*|__wasm_\w+)$/.test(name));
  return assembled(wasm, parts.map((part) => (part.name === 'name' ? { ...part, content: onlyFunctionNames(part) } : part)));
}

/** The module without what is only for tools. */
export const withoutCustomParts = (wasm) => assembled(wasm, sections(wasm).filter(({ id }) => id !== SECTION.custom));

function onlyFunctionNames({ content }) {
  const reader = new Reader(content);
  reader.text();
  const pieces = [content.subarray(0, reader.at)];
  while (!reader.done) {
    const { at } = reader;
    const kind = reader.byte();
    const length = reader.number();
    reader.at += length;
    if (kind === 1) pieces.push(content.subarray(at, reader.at));
  }
  return Buffer.concat(pieces);
}

/** Passes over the locals' types at the beginning of a body. */
export function skipLocals(reader) {
  reader.list(() => {
    reader.number();
    reader.byte();
  });
}

const memarg = (reader) => (reader.number(), reader.number());
const index = (reader) => reader.number();
const two = (reader) => (reader.number(), reader.number());
const none = () => undefined;
const blockType = (reader) => reader.signed();

// By what follows the opcode. Whatever is not listed has nothing behind it, except those from 0x28 to 0x3e, which access memory.
const FOLLOWS = new Map([
  ...[0x02, 0x03, 0x04].map((code) => [code, blockType]),
  ...[0x0c, 0x0d, 0x10, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0xd2].map((code) => [code, index]),
  [0x0e, (reader) => (reader.list(() => reader.number()), reader.number())],
  [0x11, two],
  [0x1c, (reader) => reader.list(() => reader.byte())],
  [0x3f, (reader) => reader.byte()], [0x40, (reader) => reader.byte()],
  [0x41, (reader) => reader.signed()],
  [0x42, (reader) => reader.long()],
  [0x43, (reader) => reader.take(4)], [0x44, (reader) => reader.take(8)],
  [0xd0, (reader) => reader.signed()],
]);
for (let code = 0x28; code <= 0x3e; code += 1) FOLLOWS.set(code, memarg);
const FOLLOWS_FC = new Map([[8, two], [9, index], [10, two], [11, index], [12, two], [13, index], [14, two], [15, index], [16, index], [17, index]]);

/** The next instruction's opcode, and its operand where that is one number. */
export function instruction(reader) {
  const code = reader.byte();
  if (code === 0xfc) {
    const more = reader.number();
    (FOLLOWS_FC.get(more) ?? none)(reader);
    return { code: 0xfc00 | more };
  }
  if (code > 0xc4 && code !== 0xd0 && code !== 0xd1 && code !== 0xd2) throw new Error(`An instruction xtask/binary.mjs does not know: 0x${code.toString(16)}.`);
  return { code, operand: (FOLLOWS.get(code) ?? none)(reader) };
}

/** The body with other operands: `written` gives the bytes of an instruction's, or nothing where it stays as it is. */
export function withOperands(body, written) {
  const reader = new Reader(body);
  skipLocals(reader);
  const out = [];
  let kept = 0;
  while (!reader.done) {
    const { at } = reader;
    const { code, operand } = instruction(reader);
    const bytes = written(code, operand);
    if (!bytes) continue;
    out.push(body.subarray(kept, at + 1), Buffer.from(bytes));
    kept = reader.at;
  }
  return Buffer.concat([...out, body.subarray(kept)]);
}
