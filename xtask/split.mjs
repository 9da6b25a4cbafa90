// Makes two modules of one: what the widget begins with, and what few visitors need (src/platform/rare.rs). Both use one memory
// and one function table, and the second imports what the first exports, so that whatever it calls, and whatever calls it, stays
// as the compiler made it.

import { END, Reader, SECTION, assembled, bodies, codeSection, constant, functionNames, importedFunctions, instruction, leb, sections, skipLocals, text, withOperands } from './binary.mjs';

const [CALL, REF_FUNC, GLOBAL_GET, GLOBAL_SET] = [0x10, 0xd2, 0x23, 0x24];
const KIND = { function: 0, table: 1, memory: 2, global: 3 };
/** What the second imports is of this module, until names become short. */
export const FIRST = 'first';

/** Whether the function of this name is what a `Rare` holds: only a slot of the table leads there. */
export const isRare = (name) => /^<twinchat(\[\w+\])?::platform::rare::Rare<.* as .*>::(draw|begin)$/.test(name ?? '');

const vector = (items) => Buffer.from([...leb(items.length), ...items.flat()]);
const segment = (place) => [0, ...constant(place)];
const by = (kind, number) => `${FIRST}-${kind}-${number}`;

/** The module with what the second needs of it exported. */
export function first(wasm, { functions, globals }) {
  const parts = sections(wasm);
  const memory = parts.find(({ id }) => id === SECTION.export).content.includes(Buffer.from('memory'));
  if (!memory) throw new Error('The WebAssembly does not export its memory.');
  const more = [
    ...functions.map((number) => [...text(by(KIND.function, number)), KIND.function, ...leb(number)]),
    ...globals.map((number) => [...text(by(KIND.global, number)), KIND.global, ...leb(number)]),
    ...tables(parts).map((_, number) => [...text(by(KIND.table, number)), KIND.table, ...leb(number)]),
  ];
  return assembled(wasm, parts.map((part) => (part.id === SECTION.export ? { ...part, content: joined(part, more) } : part)));
}

/** What functions of these numbers use that others have: functions, and globals. */
export function uses(wasm, numbers) {
  const imported = importedFunctions(wasm);
  const all = bodies(sections(wasm));
  const own = new Set(numbers);
  const functions = new Set();
  const globals = new Set();
  for (const number of own) {
    const reader = new Reader(all[number - imported]);
    skipLocals(reader);
    while (!reader.done) {
      const { code, operand } = instruction(reader);
      if ((code === CALL || code === REF_FUNC) && operand >= imported && !own.has(operand)) functions.add(operand);
      if (code === GLOBAL_GET || code === GLOBAL_SET) globals.add(operand);
    }
  }
  return { functions: [...functions].sort(ascending), globals: [...globals].sort(ascending) };
}

/** A module of these functions, in slots from `from` on, with these pieces of data: `{ address, bytes }`. */
export function second(wasm, { numbers, used, from, inSlots, data }) {
  const parts = sections(wasm);
  const imported = importedFunctions(wasm);
  const functions = new Reader(find(parts, SECTION.function).content);
  const types = functions.list(() => functions.number());
  const typeOf = (number) => leb(types[number - imported]);
  const known = [...used.functions, ...numbers];
  const place = new Map(known.map((number, at) => [number, imported + at]));
  const moved = (number) => place.get(number) ?? number;
  const globalPlace = new Map(used.globals.map((number, at) => [number, at]));
  const all = bodies(parts);
  const rewritten = (body) => withOperands(body, (code, operand) => {
    if (code === CALL || code === REF_FUNC) return leb(moved(operand));
    return code === GLOBAL_GET || code === GLOBAL_SET ? leb(globalPlace.get(operand)) : undefined;
  });
  const shared = (kind, number, ...type) => [...text(FIRST), ...text(by(kind, number)), kind, ...type.flat()];
  const imports = [
    ...used.functions.map((number) => shared(KIND.function, number, typeOf(number))),
    ...tables(parts).map((type, number) => shared(KIND.table, number, type)),
    [...text(FIRST), ...text('memory'), KIND.memory, ...find(parts, SECTION.memory).content.subarray(1)],
    ...used.globals.map((number) => shared(KIND.global, number, globalTypes(parts)[number])),
  ];
  const names = functionNames(parts);
  const make = (id, content) => ({ id, content });
  return assembled(wasm, [
    find(parts, SECTION.type),
    make(SECTION.import, joined(find(parts, SECTION.import), imports)),
    make(SECTION.function, vector(numbers.map(typeOf))),
    make(SECTION.element, Buffer.from([1, ...segment(from), ...vector(inSlots.map((number) => leb(moved(number))))])),
    codeSection(numbers.map((number) => rewritten(all[number - imported]))),
    make(SECTION.data, vector(data.map(({ address, bytes }) => [...segment(address), ...leb(bytes.length), ...bytes]))),
    make(SECTION.custom, functionNamesOf(known.map((number) => [moved(number), names.get(number) ?? '?']))),
  ]);
}

/** The module with these names for what it imports. */
export function withImportNames(wasm, short) {
  const parts = sections(wasm);
  const renamed = ({ content }) => {
    const reader = new Reader(content);
    const all = reader.list(() => {
      const names = short(reader.text(), reader.text());
      const { at } = reader;
      skipImported(reader);
      return [...names.flatMap(text), ...content.subarray(at, reader.at)];
    });
    return vector(all);
  };
  return assembled(wasm, parts.map((part) => (part.id === SECTION.import ? { ...part, content: renamed(part) } : part)));
}

const ascending = (a, b) => a - b;

function find(parts, wanted) {
  const part = parts.find(({ id }) => id === wanted);
  if (!part) throw new Error(`The WebAssembly has no section ${wanted}, which xtask/split.mjs needs.`);
  return part;
}

/** A vector's section with more items. */
function joined({ content }, more) {
  const reader = new Reader(content);
  const count = reader.number() + more.length;
  return Buffer.concat([Buffer.from(leb(count)), content.subarray(reader.at), Buffer.from(more.flat())]);
}

const limits = (reader) => (reader.byte() & 1 ? (reader.number(), reader.number()) : reader.number());

function skipImported(reader) {
  const kind = reader.byte();
  if (kind === KIND.function) reader.number();
  else if (kind === KIND.memory) limits(reader);
  else if (kind === KIND.global) reader.take(2);
  else limits((reader.byte(), reader));
}

/** The types of the tables, as bytes. */
function tables(parts) {
  const { content } = find(parts, SECTION.table);
  const reader = new Reader(content);
  return reader.list(() => {
    const { at } = reader;
    reader.byte();
    limits(reader);
    return [...content.subarray(at, reader.at)];
  });
}

/** The types of the globals, as bytes. */
function globalTypes(parts) {
  const reader = new Reader(find(parts, SECTION.global).content);
  return reader.list(() => {
    const type = [...reader.take(2)];
    while (instruction(reader).code !== END);
    return type;
  });
}

function functionNamesOf(all) {
  const names = vector(all.map(([number, name]) => [...leb(number), ...text(name)]));
  return Buffer.from([...text('name'), 1, ...leb(names.length), ...names]);
}
