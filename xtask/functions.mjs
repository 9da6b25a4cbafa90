// Where the bytes of the WebAssembly go: by crate, and by function for the largest.
//
//   node xtask/functions.mjs <a folder with wasm-bindgen's files, their names kept> <how many functions>
//
// Bytes before compression: what brotli makes of one function depends on all the others. A function that was put into another
// one counts there.

import { bodies, functionNames, importedFunctions, sections } from './binary.mjs';
import { withNames } from './fit.mjs';

const [folder, count] = process.argv.slice(2);

/** The size and the name of each function, in their order. */
function functions(wasm) {
  const parts = sections(wasm);
  const names = functionNames(parts);
  const imported = importedFunctions(wasm);
  return bodies(parts).map(({ length }, at) => ({ size: length, name: readable(names.get(at + imported) ?? '?') }));
}

const SIGNS = { LT: '<', GT: '>', RF: '&', BP: '*', C: ',', u20: ' ', u7b: '{', u7d: '}', u5b: '[', u5d: ']', u27: "'", u3b: ';', u2b: '+' };

/** As it stands in the source: Rust's older names spell signs out. */
const readable = (name) => name.replace(/::h[0-9a-f]{16}$/, '').replace(/\$(\w+)\$/g, (whole, sign) => SIGNS[sign] ?? whole).replaceAll('..', '::');

/** The crate whose code it is; for a trait's function the type's. */
const crateOf = (name) => /^_?[<&*\s]*(?:(?:mut|dyn|const) )*(\w+)(?:\[\w+\])?::/.exec(name)?.[1] ?? 'other';

const all = functions(await withNames(folder));
const crates = new Map();
for (const { size, name } of all) crates.set(crateOf(name), (crates.get(crateOf(name)) ?? 0) + size);
const print = (rows) => rows.forEach(({ size, name }) => console.log(`${String(size).padStart(9)}  ${name.slice(0, 150)}`));
const largest = (rows) => rows.sort((a, b) => b.size - a.size);
console.log(`\n${all.length} functions, by crate:`);
print(largest([...crates].map(([name, size]) => ({ name, size }))).slice(0, 20));
console.log('\nthe largest:');
print(largest(all).slice(0, count));
