// Makes panics short. A panic's message and place are put together from thousands of small pieces, a tenth of what would be
// downloaded, for a developer's eyes. Here whatever only leads into a panic goes, and one call takes its place: to `fallen`
// (src/embed/trap.rs), which tells the page. The browser's stack shows where it happened, as numbers of functions: functions.txt
// beside the fitted files has their names. Builds that do not come through here keep their messages.

import { Reader, SECTION, assembled, bodies, codeSection, exportedFunctions, functionNames, importedFunctions, instruction, leb, sections, skipLocals } from './binary.mjs';

// What the standard library calls when it gives up.
const PANICS = /^<?(core|alloc|std|hashbrown)(\[\w+\])?::.*(panicking|panic_|_fail(ed)?$|handle_error|handle_alloc_error|capacity_overflow|begin_panic|__rust_foreign|rust_panic)/;
const CALL = 0x10;
const UNREACHABLE = 0x00;
const END = 0x0b;
const ELSE = 0x05;
const opens = (code) => code >= 0x02 && code <= 0x04;
// Behind these it is open whether what came before is also needed elsewhere.
const isBarrier = (code) => code < 0x1a || code === 0x26 || code === 0x40;

/** The module without its panics' messages; `fall` is the exported function that they call. */
export function withoutMessages(wasm, fall) {
  const parts = sections(wasm);
  const names = functionNames(parts);
  const imported = importedFunctions(wasm);
  const target = exported(parts, fall);
  const panics = new Set();
  let all = bodies(parts);
  for (const [number, name] of names) {
    if (number >= imported && number !== target && PANICS.test(name) && neverReturns(all[number - imported])) panics.add(number);
  }
  if (panics.size < 10) throw new Error('Hardly a panic was found: has the WebAssembly lost the names of its functions, or do they look different now?');
  // What does nothing but panic is itself one.
  for (let before = 0; before !== panics.size;) {
    before = panics.size;
    all = all.map((body, at) => {
      const { short, only } = cut(body, panics, target);
      if (only && at + imported !== target) panics.add(at + imported);
      return short;
    });
  }
  return assembled(wasm, parts.map((part) => (part.id === SECTION.code ? codeSection(all) : part)));
}

function exported(parts, wanted) {
  const found = exportedFunctions(parts).find(({ name }) => name === wanted);
  if (!found) throw new Error(`There is no exported function ${wanted}: src/embed/trap.rs and xtask/fit.mjs disagree.`);
  return found.number;
}

/** Whether a body ends in `unreachable`, and nothing in it leaves otherwise. */
function neverReturns(body) {
  const reader = new Reader(body);
  skipLocals(reader);
  let [depth, last, before] = [0, END, END];
  while (!reader.done) {
    const { code, operand } = instruction(reader);
    if (code === 0x0f || code === 0x0e || ((code === 0x0c || code === 0x0d) && operand === depth)) return false;
    if (opens(code)) depth += 1;
    if (code === END) depth -= 1;
    [before, last] = [last, code];
  }
  return last === END && before === UNREACHABLE;
}

/** The body with a call of `target` for each panic, and whether it does nothing else. */
function cut(body, panics, target) {
  const reader = new Reader(body);
  skipLocals(reader);
  const pieces = [];
  let [kept, barrier, only, plain] = [0, reader.at, false, true];
  const fallen = Buffer.from([CALL, ...leb(target), UNREACHABLE]);
  while (!reader.done) {
    const { code, operand } = instruction(reader);
    if (code === CALL && panics.has(operand)) {
      // What has been put on the stack since may stay away: nobody reads it behind `unreachable`.
      pieces.push(body.subarray(kept, barrier), fallen);
      kept = barrier = pastDeadCode(reader);
      only ||= plain && reader.at === body.length - 1;
      plain = false;
    } else if (isBarrier(code)) {
      barrier = reader.at;
      plain = false;
    }
  }
  return { short: Buffer.concat([...pieces, body.subarray(kept)]), only };
}

/** Up to the `end` or `else` of the block it is in. */
function pastDeadCode(reader) {
  for (let depth = 0; ;) {
    const at = reader.at;
    const { code } = instruction(reader);
    if (!depth && (code === END || code === ELSE)) return (reader.at = at);
    if (opens(code)) depth += 1;
    if (code === END) depth -= 1;
  }
}
