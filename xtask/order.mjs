// Puts functions that resemble each other side by side. Where a function stands means nothing to WebAssembly, but brotli
// describes what it has just seen in fewer bits than what is long ago.

import { SECTION, Reader, assembled, bodies, codeSection, importedFunctions, instruction, leb, sections, withOperands } from './binary.mjs';

/** As many bytes in a row are compared. */
const RUN = 4;
/** Added to a function's size: shorter ones would be like everything. */
const SHORT = 30;

/** The module with its functions in a better order, and that order: the number of each before. */
export function inBestOrder(wasm) {
  const parts = sections(wasm);
  const imported = importedFunctions(wasm);
  const order = chain(bodies(parts).map(runs));
  const place = new Map(order.map((old, at) => [old + imported, at + imported]));
  const moved = (number) => place.get(number) ?? number;
  const rewritten = parts.map((part) => ({ ...part, content: REWRITTEN[part.id]?.(part.content, { parts, order, moved }) ?? part.content }));
  return { bytes: assembled(wasm, rewritten), order: order.map((old) => old + imported) };
}

/** A number for each run of bytes that occurs in a body. */
function runs(body) {
  const found = new Set();
  for (let at = 0; at + RUN <= body.length; at += 1) found.add(body.readUInt32LE(at));
  return found;
}

/** Always next the function with the most in common with the one before; what is rare counts more. */
function chain(all) {
  const holders = new Map();
  all.forEach((found, number) => found.forEach((run) => (holders.get(run) ?? holders.set(run, []).get(run)).push(number)));
  const order = [];
  const left = new Set(all.keys());
  for (let next = 0; next !== undefined;) {
    order.push(next);
    left.delete(next);
    const alike = new Float64Array(all.length);
    for (const run of all[next]) {
      const others = holders.get(run);
      const weight = Math.log2(all.length / others.length);
      for (const other of others) alike[other] += weight;
    }
    const score = (number) => alike[number] / (all[number].size + SHORT);
    next = undefined;
    for (const number of left) if (next === undefined || score(number) > score(next)) next = number;
  }
  return order;
}

const REWRITTEN = {
  [SECTION.function]: (content, { order }) => {
    const reader = new Reader(content);
    const types = reader.list(() => reader.number());
    return Buffer.from([...leb(order.length), ...order.flatMap((old) => leb(types[old]))]);
  },
  [SECTION.export]: (content, { parts, moved }) => {
    const reader = new Reader(content);
    const all = reader.list(() => ({ name: reader.take(reader.number()), kind: reader.byte(), number: reader.number() }));
    return Buffer.from([...leb(all.length), ...all.flatMap(({ name, kind, number }) => [...leb(name.length), ...name, kind, ...leb(kind === 0 ? moved(number) : number)])]);
  },
  [SECTION.start]: (content, { moved }) => Buffer.from(leb(moved(new Reader(content).number()))),
  [SECTION.element]: (content, { moved }) => {
    const reader = new Reader(content);
    const count = reader.number();
    const out = [leb(count)];
    for (let left = count; left; left -= 1) {
      const { at } = reader;
      if (reader.number() !== 0) throw new Error('The WebAssembly has a segment of the table that xtask/order.mjs does not know.');
      while (instruction(reader).code !== 0x0b);
      out.push([...content.subarray(at, reader.at)]);
      const items = reader.list(() => reader.number());
      out.push(leb(items.length), items.flatMap((number) => leb(moved(number))));
    }
    return Buffer.from(out.flat());
  },
  [SECTION.code]: (content, { parts, order, moved }) => {
    const all = bodies(parts);
    return codeSection(order.map((old) => calling(all[old], moved))).content;
  },
};

/** The body with the functions' new numbers. */
function calling(body, moved) {
  return withOperands(body, (code, operand) => (code === 0x10 || code === 0xd2 ? leb(moved(operand)) : undefined));
}
