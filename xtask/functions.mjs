// Where the bytes of the WebAssembly go: by crate, and by function for the largest.
//
//   node xtask/functions.mjs <a folder with wasm-bindgen's files, their names kept> <how many functions>
//
// Bytes before compression: what brotli makes of one function depends on all the others. A function that was put into another
// one counts there.

import { withNames } from './fit.mjs';

const [folder, count] = process.argv.slice(2);

/** The size and the name of each function, in their order. */
function functions(wasm) {
  let at = 8;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = wasm[at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  const text = () => {
    const length = number();
    return wasm.toString('utf8', at, (at += length));
  };
  const sizes = [];
  const names = new Map();
  const module = new WebAssembly.Module(wasm);
  const imports = WebAssembly.Module.imports(module).filter(({ kind }) => kind === 'function').length;
  while (at < wasm.length) {
    const id = wasm[at++];
    const end = number() + at;
    if (id === 10) {
      for (let left = number(); left; left--) {
        const size = number();
        sizes.push(size);
        at += size;
      }
    } else if (id === 0 && text() === 'name') {
      while (at < end) {
        const kind = wasm[at++];
        const over = number() + at;
        if (kind === 1) for (let left = number(); left; left--) names.set(number(), text());
        at = over;
      }
    }
    at = end;
  }
  return sizes.map((size, index) => ({ size, name: readable(names.get(index + imports) ?? '?') }));
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
