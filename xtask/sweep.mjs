// Sweeps out what only panics needed, and whatever else nothing leads to. wasm-opt keeps every function in the table and every
// byte of data, since it cannot tell a reference from a number. The linker's facts can: the functions' table begins where no
// number of ours does (`TABLE_BASE`), and `--emit-relocs` says where each piece of data begins and ends.

import { END, Reader, SECTION, assembled, bodies, codeSection, constant, exportedFunctions, functionNames, importedFunctions, instruction, leb, sections, signedLeb, signedLongLeb, skipLocals, withOperands } from './binary.mjs';
import { first, second, uses } from './split.mjs';

/** Where the linker begins the table (xtask/src/dist.rs). */
const TABLE_BASE = 8_500_000;
const [CALL, CONST, LONG_CONST, REF_FUNC, FUNCREF] = [0x10, 0x41, 0x42, 0xd2, 0x70];
const isAccess = (code) => code >= 0x28 && code <= 0x3e;
// Of the linker's conventions (WebAssembly/tool-conventions, Linking.md).
const SYMBOLS = 8;
const KIND = { function: 0, data: 1, section: 3 };
const FLAG = { undefined: 0x10, named: 0x40 };
const RELOCATION = { slotInData: 2, addresses: new Set([3, 4, 5]), withAddend: new Set([3, 4, 5, 8, 9]) };

/** What the linker says of this module: its pieces of data. */
export function linkedPieces(wasm) {
  const parts = sections(wasm);
  const linking = parts.find(({ name }) => name === 'linking');
  if (!linking) throw new Error('The linker was not asked for relocations: xtask/src/dist.rs and xtask/sweep.mjs disagree.');
  const symbols = symbolsOf(linking, dataSegments(parts));
  let slots = 0;
  for (const part of parts.filter(({ name }) => name?.startsWith('reloc.'))) {
    for (const { type, symbol, addend } of relocations(part)) {
      if (type === RELOCATION.slotInData && part.name.startsWith('reloc.DATA')) slots += 1;
      const piece = symbols[symbol];
      // Whatever is reached from outside of itself, such as a table that is counted from 'a', cannot be told from its neighbours.
      if (piece && RELOCATION.addresses.has(type) && (addend < 0 || addend >= piece.end - piece.start)) piece.kept = true;
    }
  }
  const found = [...words(wholeData(parts))].filter(({ word }) => isSlot(word)).length;
  if (found !== slots) throw new Error(`${found} words of the data look like slots of the table, ${slots} are: choose another TABLE_BASE.`);
  return symbols.filter((piece) => piece && piece.end > piece.start);
}

function symbolsOf({ content }, segments) {
  const reader = new Reader(content);
  reader.text();
  reader.number();
  while (!reader.done) {
    const kind = reader.byte();
    const end = reader.number() + reader.at;
    if (kind === SYMBOLS) return reader.list(() => symbol(reader, segments));
    reader.at = end;
  }
  return [];
}

function symbol(reader, segments) {
  const kind = reader.byte();
  const flags = reader.number();
  if (kind === KIND.section) return void reader.number();
  if (kind !== KIND.data) {
    reader.number();
    if (!(flags & FLAG.undefined) || flags & FLAG.named) reader.text();
    return undefined;
  }
  reader.text();
  if (flags & FLAG.undefined) return undefined;
  const [segment, offset, size] = [reader.number(), reader.number(), reader.number()];
  const start = (segments[segment]?.address ?? NaN) + offset;
  return { start, end: start + size };
}

function relocations({ content }) {
  const reader = new Reader(content);
  reader.text();
  reader.number();
  return reader.list(() => {
    const [type, , symbol] = [reader.byte(), reader.number(), reader.number()];
    return { type, symbol, addend: RELOCATION.withAddend.has(type) ? reader.signed() : 0 };
  });
}

/** The active segments of memory 0, each with its address and its bytes. */
function dataSegments(parts) {
  const section = parts.find(({ id }) => id === SECTION.data);
  const reader = new Reader(section.content);
  return reader.list(() => {
    if (reader.number() !== 0) throw unknown('a segment of data');
    const address = offset(reader);
    return { address, bytes: Buffer.from(reader.take(reader.number())) };
  });
}

/** The same as one segment: wasm-opt cuts it up at zeros, even within a word. */
function wholeData(parts) {
  const segments = dataSegments(parts);
  const address = Math.min(...segments.map((segment) => segment.address)) & ~3;
  const end = Math.max(...segments.map((segment) => segment.address + segment.bytes.length));
  const bytes = Buffer.alloc((end - address + 3) & ~3);
  for (const segment of segments) segment.bytes.copy(bytes, segment.address - address);
  return { address, bytes };
}

function offset(reader) {
  const { code, operand } = instruction(reader);
  if (code !== CONST || instruction(reader).code !== END) throw unknown('an offset');
  return operand;
}

function tableSlots(parts) {
  const reader = new Reader(parts.find(({ id }) => id === SECTION.element).content);
  const slots = new Map();
  reader.list(() => {
    if (reader.number() !== 0) throw unknown('a segment of the table');
    const at = offset(reader);
    reader.list((_, place) => slots.set(at + place, reader.number()));
  });
  return slots;
}

const unknown = (what) => new Error(`The WebAssembly has ${what} that xtask/sweep.mjs does not know.`);

/**
 * The module without the slots, and without the pieces, that nothing leads to; in two where there are functions whose names are
 * said to be rare: `main` is what the widget begins with, `rest` what only they lead to.
 */
export function swept(wasm, pieces, isRare) {
  const parts = sections(wasm);
  const names = functionNames(parts);
  const imported = importedFunctions(wasm);
  const [data, slots] = [wholeData(parts), tableSlots(parts)];
  const module = { parts, data, slots, pieces, imported };
  const all = reached(module, () => true);
  const begin = reached(module, (number) => !isRare(names.get(number)));
  const rare = [...all.functions].filter((number) => number >= imported && !begin.functions.has(number)).sort((a, b) => a - b);
  const isLater = (slot) => rare.includes(slots.get(slot));
  const kept = [...all.slots].sort((a, b) => isLater(a) - isLater(b) || a - b);
  const place = new Map(kept.map((slot, at) => [slot, at + 1]));
  const renumber = (value) => {
    if (!isSlot(value)) return value;
    // What only dead code and dead data refer to.
    if (slots.has(value)) return place.get(value) ?? 0;
    throw unknown(`a number that looks like a slot of the table, ${value},`);
  };
  for (const { at, word } of words(data)) if (isSlot(word)) data.bytes.writeUInt32LE(renumber(word), at);
  const [inSlots, inLaterSlots] = [false, true].map((later) => kept.filter((slot) => isLater(slot) === later).map((slot) => slots.get(slot)));
  const [atFirst, later] = [needed(data, pieces, begin.pieces), needed(data, pieces, all.pieces)];
  const content = (...bytes) => ({ content: Buffer.from(bytes.flat(2)) });
  const rewritten = {
    [SECTION.code]: () => codeSection(bodies(parts).map((body) => renumbered(body, renumber))),
    [SECTION.table]: (part) => content(tables(part, kept.length + 1)),
    [SECTION.element]: () => content(1, 0, constant(1), leb(inSlots.length), inSlots.map(leb)),
    [SECTION.data]: () => content(1, 0, constant(data.address), leb(data.bytes.length), [...data.bytes.map((byte, at) => (atFirst[at] ? byte : 0))]),
    [SECTION.dataCount]: () => content(1),
  };
  const whole = assembled(wasm, parts.map((part) => ({ ...part, ...rewritten[part.id]?.(part) })));
  if (!rare.length) return { main: whole };
  const used = uses(whole, rare);
  const added = stretches(data, (at) => later[at] && !atFirst[at]);
  return { main: first(whole, used), rest: second(whole, { numbers: rare, used, from: inSlots.length + 1, inSlots: inLaterSlots, data: added }) };
}

/** Whether it is in the range of numbers that are the table's alone. */
const isSlot = (value) => value >= TABLE_BASE && value < TABLE_BASE + 100_000;

/** By byte, whether it is of a living piece, or of none; equal ends of texts are kept once, and live if one of them does. */
function needed({ address, bytes }, pieces, live) {
  const keep = new Uint8Array(bytes.length).fill(1);
  for (const living of [false, true]) {
    const marked = pieces.filter((piece) => live.has(piece) === living);
    for (const { start, end } of marked) keep.fill(living ? 1 : 0, clamp(start - address, bytes), clamp(end - address, bytes));
  }
  return keep;
}

/** The data as far as it is wanted, in pieces without gaps. */
function stretches({ address, bytes }, isWanted) {
  const found = [];
  for (let at = 0; at < bytes.length; at += 1) {
    if (!isWanted(at)) continue;
    const begin = at;
    while (at < bytes.length && isWanted(at)) at += 1;
    found.push({ address: address + begin, bytes: bytes.subarray(begin, at) });
  }
  return found;
}

const clamp = (offset, { length }) => Math.max(0, Math.min(offset, length));

/** The words that can be addresses or slots, for what begins at a word's address. */
function* words({ bytes }) {
  for (let at = 0; at + 4 <= bytes.length; at += 4) yield { at, word: bytes.readUInt32LE(at) };
}

/** The tables, with the first of functions as long as said: behind it is that of the values of JavaScript. */
function tables({ content }, length) {
  const reader = new Reader(content);
  const count = reader.number();
  const out = [leb(count)];
  for (let left = count; left; left -= 1) {
    const [type, bounded, from] = [reader.byte(), reader.byte(), reader.number()];
    const to = bounded ? reader.number() : undefined;
    const ours = type === FUNCREF && from >= TABLE_BASE;
    out.push([type, bounded, ...leb(ours ? length : from), ...(bounded ? leb(ours ? length : to) : [])]);
  }
  return out.flat();
}

/** What exports lead to: functions, slots and pieces. A slot leads to its function if `isFollowed` says so of its number. */
function reached({ parts, data, slots, pieces, imported }, isFollowed) {
  const code = bodies(parts);
  const live = { functions: new Set(), slots: new Set(), pieces: new Set() };
  const left = [];
  const add = (kind, item) => {
    if (live[kind].has(item)) return;
    live[kind].add(item);
    left.push([kind, item]);
  };
  const value = (number) => {
    if (slots.has(number)) add('slots', number);
    else for (const piece of pieces) if (number >= piece.start && number < piece.end) add('pieces', piece);
  };
  const follow = {
    slots: (slot) => isFollowed(slots.get(slot)) && add('functions', slots.get(slot)),
    pieces: ({ start, end }) => {
      const from = clamp((start - data.address) & ~3, data.bytes);
      const to = clamp(end - data.address, data.bytes);
      for (const { word } of words({ bytes: data.bytes.subarray(from, (to + 3) & ~3) })) value(word);
    },
    functions: (number) => {
      if (number < imported) return;
      const reader = new Reader(code[number - imported]);
      skipLocals(reader);
      while (!reader.done) {
        const { code: opcode, operand } = instruction(reader);
        if (opcode === CALL || opcode === REF_FUNC) add('functions', operand);
        if (opcode === CONST || isAccess(opcode)) value(operand);
        // wasm-opt makes one number of two words that are stored together.
        if (opcode === LONG_CONST) halves(operand).forEach(value);
      }
    },
  };
  pieces.filter(({ kept }) => kept).forEach((piece) => add('pieces', piece));
  exportedFunctions(parts).forEach(({ number }) => add('functions', number));
  const start = parts.find(({ id }) => id === SECTION.start);
  if (start) add('functions', new Reader(start.content).number());
  while (left.length) {
    const [kind, item] = left.pop();
    follow[kind](item);
  }
  return live;
}

const halves = (long) => [Number(long & 0xffffffffn), Number(long >> 32n)];

/** The body with the slots' new places. */
function renumbered(body, renumber) {
  return withOperands(body, (code, operand) => {
    if (code === CONST && isSlot(operand)) return signedLeb(renumber(operand));
    if (code !== LONG_CONST || !halves(operand).some(isSlot)) return undefined;
    const [low, high] = halves(operand).map(renumber);
    return signedLongLeb((BigInt(high) << 32n) | BigInt(low));
  });
}
