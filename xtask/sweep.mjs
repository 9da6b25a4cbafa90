// Sweeps out what only panics needed, and whatever else nothing leads to. wasm-opt keeps every function in the table and every
// byte of data, since it cannot tell a reference from a number. The linker's facts can: the functions' table begins where no
// number of ours does (`TABLE_BASE`), and `--emit-relocs` says where each piece of data begins and ends.

import { Reader, SECTION, assembled, bodies, codeSection, exportedFunctions, importedFunctions, instruction, leb, sections, signedLeb, skipLocals } from './binary.mjs';

/** Where the linker begins the table (xtask/src/dist.rs). */
const TABLE_BASE = 8_500_000;
const [CALL, CONST, REF_FUNC, END, FUNCREF] = [0x10, 0x41, 0xd2, 0x0b, 0x70];
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
  const inRange = ({ word }) => word >= TABLE_BASE && word < TABLE_BASE + 100_000;
  const found = dataSegments(parts).flatMap((segment) => [...words(segment)].filter(inRange)).length;
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
    const address = constant(reader);
    return { address, bytes: Buffer.from(reader.take(reader.number())) };
  });
}

function constant(reader) {
  const { code, operand } = instruction(reader);
  if (code !== CONST || instruction(reader).code !== END) throw unknown('an offset');
  return operand;
}

function tableSlots(parts) {
  const reader = new Reader(parts.find(({ id }) => id === SECTION.element).content);
  const slots = new Map();
  reader.list(() => {
    if (reader.number() !== 0) throw unknown('a segment of the table');
    const at = constant(reader);
    reader.list((_, place) => slots.set(at + place, reader.number()));
  });
  return slots;
}

const unknown = (what) => new Error(`The WebAssembly has ${what} that xtask/sweep.mjs does not know.`);

/** The module without the slots, and with zeros for the pieces, that nothing leads to. */
export function swept(wasm, pieces) {
  const parts = sections(wasm);
  const memory = dataSegments(parts);
  const slots = tableSlots(parts);
  const live = reached({ parts, memory, slots, pieces, imported: importedFunctions(wasm) });
  const kept = [...slots.keys()].filter((slot) => live.slots.has(slot)).sort((a, b) => a - b);
  const place = new Map(kept.map((slot, at) => [slot, at + 1]));
  blank(memory, pieces, live.pieces);
  for (const segment of memory) {
    for (const { at, word } of words(segment)) if (slots.has(word)) segment.bytes.writeUInt32LE(place.get(word) ?? 0, at);
  }
  const sized = (content) => ({ content: Buffer.from(content.flat(2)) });
  return assembled(wasm, parts.map((part) => {
    if (part.id === SECTION.code) return codeSection(bodies(parts).map((body) => renumbered(body, slots, place)));
    if (part.id === SECTION.table) return { id: part.id, ...sized([tables(part, kept.length + 1)]) };
    if (part.id === SECTION.element) {
      return { id: part.id, ...sized([1, 0, CONST, 1, END, leb(kept.length), kept.map((slot) => leb(slots.get(slot)))]) };
    }
    if (part.id === SECTION.data) {
      const segments = memory.map(({ address, bytes }) => [0, CONST, signedLeb(address), END, leb(bytes.length), [...bytes]]);
      return { id: part.id, ...sized([leb(segments.length), ...segments.map((segment) => segment.flat())]) };
    }
    return part;
  }));
}

/** Zeros for pieces that are not alive; what a living one shares with them stays: equal ends of texts are kept once. */
function blank(memory, pieces, live) {
  for (const { address, bytes } of memory) {
    const keep = new Uint8Array(bytes.length).fill(1);
    const mark = (living) => pieces.filter((piece) => live.has(piece) === living).forEach(({ start, end }) => {
      keep.fill(living ? 1 : 0, clamp(start - address, bytes), clamp(end - address, bytes));
    });
    mark(false);
    mark(true);
    keep.forEach((kept, at) => { if (!kept) bytes[at] = 0; });
  }
}

const clamp = (offset, { length }) => Math.max(0, Math.min(offset, length));

/** The words of a segment that can be addresses or slots. */
function* words({ address, bytes }) {
  for (let at = -address & 3; at + 4 <= bytes.length; at += 4) yield { at, word: bytes.readUInt32LE(at) };
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

/** What exports lead to: functions, slots and pieces. */
function reached({ parts, memory, slots, pieces, imported }) {
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
    slots: (slot) => add('functions', slots.get(slot)),
    pieces: ({ start, end }) => {
      for (const segment of memory) {
        const inside = ({ at }) => segment.address + at + 4 > start && segment.address + at < end;
        for (const { word } of [...words(segment)].filter(inside)) value(word);
      }
    },
    functions: (number) => {
      if (number < imported) return;
      const reader = new Reader(code[number - imported]);
      skipLocals(reader);
      while (!reader.done) {
        const { code: opcode, operand } = instruction(reader);
        if (opcode === CALL || opcode === REF_FUNC) add('functions', operand);
        if (opcode === CONST || isAccess(opcode)) value(operand);
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

/** The body with the slots' new places. */
function renumbered(body, slots, place) {
  const reader = new Reader(body);
  skipLocals(reader);
  const out = [];
  let kept = 0;
  while (!reader.done) {
    const { at } = reader;
    const { code, operand } = instruction(reader);
    if (code !== CONST || !slots.has(operand)) continue;
    out.push(body.subarray(kept, at + 1), Buffer.from(signedLeb(place.get(operand) ?? 0)));
    kept = reader.at;
  }
  return Buffer.concat([...out, body.subarray(kept)]);
}
