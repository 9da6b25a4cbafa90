// Fits what wasm-bindgen made to what the widget uses: exports nobody calls go, and the messages of panics, with all that only
// they need, and the names between the glue and the WebAssembly become short.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import binaryen from 'binaryen';
import { build } from 'esbuild';
import { functionNames, importedFunctions, sections, withoutCustomParts, withoutLinkerParts } from './binary.mjs';
import { inBestOrder } from './order.mjs';
import { withoutMessages } from './panics.mjs';
import { linkedPieces } from './sweep.mjs';
import { FEATURES, optimised, smallestWasm, sweptWasm } from './wasm.mjs';

const GLUE = 'twinchat-widget.js';
const WASM = 'twinchat-widget_bg.wasm';
// What panics call: src/embed/trap.rs.
const FALL = 'fallen';
// With the levels, which are about how it is written; without passes, since names are only known after the last one.
const NAMING = ['--optimize-level=2', '--shrink-level=2', '--minify-imports-and-exports-and-modules', '-g'];

// Which function a number in the stack of a crash is. Not shipped.
const FUNCTIONS = 'functions.txt';

/** Where the fitted files of this build are. */
export const fittedFolder = (built) => `${built}-fitted`;

/** Writes both files into `fittedFolder(built)`, and the functions' names; gives that. */
export async function fit(built) {
  const source = await glueOf(built);
  const named = await optimised(await smallestWasm(await shaken(source, built)), NAMING);
  const names = functionNames(sections(named.bytes));
  const { bytes, order } = inBestOrder(withoutCustomParts(named.bytes));
  const out = fittedFolder(built);
  await mkdir(out, { recursive: true });
  await writeFile(join(out, WASM), bytes);
  const first = importedFunctions(bytes);
  await writeFile(join(out, FUNCTIONS), order.map((old, at) => `${at + first} ${names.get(old) ?? '?'}\n`).join(''));
  await writeFile(join(out, GLUE), await bundle(renamed(source, bytes, JSON.parse(named.output)), built));
  return out;
}

/** The glue as one module with what the loader calls, and what that needs. */
async function bundle(source, folder) {
  const { outputFiles } = await build({
    stdin: { contents: "export { default, mount } from './glue';", resolveDir: folder },
    bundle: true, write: false, format: 'esm', target: 'es2022', charset: 'utf8',
    pure: ['FinalizationRegistry'], logOverride: { 'empty-import-meta': 'silent' },
    plugins: [{
      name: 'glue',
      setup: ({ onLoad, onResolve }) => {
        onResolve({ filter: /^\.\/glue$/ }, () => ({ path: 'glue', namespace: 'glue' }));
        onLoad({ filter: /.*/, namespace: 'glue' }, () => ({ contents: source, resolveDir: folder }));
      },
    }],
  });
  return outputFiles[0].text;
}

/** wasm-bindgen's glue without what would keep classes that nobody makes. */
const glueOf = async (folder) => (await readFile(join(folder, GLUE), 'utf8'))
  .replace(/^if \(Symbol\.dispose\) (?!Handle\.).*\n/gm, '')
  .replace(/^const (?!Handle)\w+Finalization = [^;]*;\n/gm, '');

/** The WebAssembly with only the exports that the loader's calls need, and nothing that only others led to. */
async function shaken(source, folder) {
  const used = new Set([...(await bundle(source, folder)).matchAll(/\bwasm\.(\w+)/g)].map(([, name]) => name));
  const linked = await readFile(join(folder, WASM));
  const wasm = binaryen.readBinary(withoutMessages(withoutLinkerParts(linked), FALL));
  wasm.setFeatures(FEATURES.reduce((all, { api }) => all | binaryen.Features[api], 0));
  const names = Array.from({ length: wasm.getNumExports() }, (_, at) => binaryen.getExportInfo(wasm.getExportByIndex(at)).name);
  for (const name of names) if (!used.has(name)) wasm.removeExport(name);
  binaryen.setDebugInfo(true); // the names of its functions, if it has them
  const bytes = Buffer.from(wasm.emitBinary());
  wasm.dispose();
  return sweptWasm(bytes, linkedPieces(linked));
}

/** Much the same WebAssembly with the names of its functions. */
export const withNames = async (folder) => (await optimised(await shaken(await glueOf(folder), folder), ['-Oz', '-g'])).bytes;

/** The glue with these names, and without the functions that this WebAssembly does not import. */
function renamed(glue, bytes, names) {
  const imports = new Map(names.imports.map(([, name, short]) => [name, short]));
  const exports = new Map(names.exports);
  const [{ module }] = WebAssembly.Module.imports(new WebAssembly.Module(bytes));
  const begin = glue.indexOf('    const import0 = {\n');
  const end = glue.indexOf('\n    };\n', begin);
  if (begin < 0 || end < 0) throw changed('no object of imports');
  // A member of that object begins at eight spaces; whatever follows at more is still it.
  const [head, ...members] = glue.slice(begin, end + 1).split(/^ {8}(?=\w+: )/m);
  const found = new Set();
  const kept = members.flatMap((member) => {
    const [name] = /^\w+/.exec(member);
    if (name !== '__proto__' && !imports.has(name)) return [];
    found.add(name);
    return [`        ${member.replace(name, imports.get(name) ?? name)}`];
  });
  const lacking = [...imports.keys()].filter((name) => !found.has(name));
  if (lacking.length) throw changed(`no ${lacking.join(', ')}`);
  const place = `"./${WASM.replace('.wasm', '.js')}": import0`;
  const rest = glue.slice(end + 1);
  if (!rest.includes(place)) throw changed('no name of the imports');
  return [glue.slice(0, begin), head, ...kept, rest.replace(place, `${module}: import0`)].join('')
    .replace(/\bwasm\.(\w+)/g, (whole, name) => (exports.has(name) ? `wasm.${exports.get(name)}` : whole));
}

const changed = (what) => new Error(`wasm-bindgen's glue is not as xtask/fit.mjs knows it: ${what}.`);
