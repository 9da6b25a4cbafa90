// Fits what wasm-bindgen made to what the widget uses: exports nobody calls go, and the messages of panics, with all that only
// they need, and the names between the glue and the WebAssembly become short.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import binaryen from 'binaryen';
import { build } from 'esbuild';
import { functionNames, importedFunctions, sections, withoutCustomParts, withoutLinkerParts } from './binary.mjs';
import { shorter } from './glue.mjs';
import { inBestOrder } from './order.mjs';
import { withoutMessages } from './panics.mjs';
import { FIRST, withImportNames } from './split.mjs';
import { linkedPieces } from './sweep.mjs';
import { FEATURES, optimised, smallestWasm, sweptWasm } from './wasm.mjs';

const GLUE = 'twinchat-widget.js';
const WASM = 'twinchat-widget_bg.wasm';
/** What few visitors need. */
export const REST = 'twinchat-rest_bg.wasm';
// How the glue fetches it; xtask/pack.mjs and xtask/pack-npm.mjs put something in its place.
export const FETCH_REST = `fetch(new URL("${REST}",import.meta.url))`;
// What the second module calls the first; the other one it imports from is the glue, by the name it has for the first.
const FROM_FIRST = '_';
// What panics call: src/embed/trap.rs.
const FALL = 'fallen';
// With the levels, which are about how it is written; without passes, since names are only known after the last one.
const NAMING = ['--optimize-level=2', '--shrink-level=2', '--minify-imports-and-exports-and-modules', '-g'];

// Which function a number in the stack of a crash is. Not shipped.
const FUNCTIONS = 'functions.txt';
const REST_FUNCTIONS = 'rest-functions.txt';

/** Where the fitted files of this build are. */
export const fittedFolder = (built) => `${built}-fitted`;

// What takes the place of src/platform/lazy.rs's `twinchatRest`.
const NOTHING_APART = /^import \{ twinchatRest \} from .*;\n/m;
const TWO_MODULES = `let rest;
const twinchatRest = () => (rest ??= ${FETCH_REST}
  .then((answer) => {
    if (answer.status > 499) throw TypeError(answer.status); // as from fetch: it may go well the next time
    return __wbg_load(answer, { ...__wbg_get_imports(), ${FROM_FIRST}: wasm });
  })
  .catch((error) => {
    rest = undefined;
    throw error;
  }));
`;

/** Writes the files into `fittedFolder(built)`, and the functions' names; gives that. */
export async function fit(built) {
  const source = await glueOf(built);
  const { main, rest } = await shaken(source, built);
  if (!rest) throw new Error('Nothing is rare: src/platform/rare.rs and xtask/split.mjs disagree.');
  const named = await optimised(await smallestWasm(main), NAMING);
  const names = JSON.parse(named.output);
  const second = sharing(await smallestWasm(rest), glueName(named.bytes), names);
  const out = fittedFolder(built);
  await mkdir(out, { recursive: true });
  const bytes = await ordered(named.bytes, out, WASM, FUNCTIONS);
  await ordered(second.bytes, out, REST, REST_FUNCTIONS);
  await writeFile(join(out, GLUE), await bundle(renamed(source, bytes, { ...names, more: second.more }), built));
  return out;
}

/** Writes a module with its functions in a better order, and which they are. */
async function ordered(wasm, out, file, list) {
  const names = functionNames(sections(wasm));
  const { bytes, order } = inBestOrder(withoutCustomParts(wasm));
  const first = importedFunctions(bytes);
  await writeFile(join(out, file), bytes);
  await writeFile(join(out, list), order.map((old, at) => `${at + first} ${names.get(old) ?? '?'}\n`).join(''));
  return bytes;
}

/** The second module, importing by the names that the first one and the glue have; `more` are those that only it has of the glue. */
function sharing(wasm, glueName, { imports, exports }) {
  const ours = new Map(exports);
  const glue = new Map(imports.map(([, name, short]) => [name, short]));
  const more = [];
  const unused = shortNames(new Set(glue.values()));
  const shortOf = (name) => {
    if (!glue.has(name)) {
      const short = unused.next().value;
      glue.set(name, short);
      more.push([name, short]);
    }
    return glue.get(name);
  };
  const bytes = withImportNames(wasm, (module, name) => (module === FIRST ? [FROM_FIRST, ours.get(name)] : [glueName, shortOf(name)]));
  return { bytes, more };
}

/** What the module calls the glue. */
const glueName = (wasm) => WebAssembly.Module.imports(new WebAssembly.Module(wasm))[0].module;

/** Names that are not taken. */
function* shortNames(taken) {
  for (let number = 0; ; number += 1) {
    const name = `_${number.toString(36)}`;
    if (!taken.has(name)) yield name;
  }
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

/** wasm-bindgen's glue, fetching the second module, and without what would keep classes that nobody makes. */
async function glueOf(folder) {
  const glue = await readFile(join(folder, GLUE), 'utf8');
  if (!NOTHING_APART.test(glue)) throw changed('no twinchatRest');
  return shorter(glue)
    .replace(NOTHING_APART, TWO_MODULES)
    .replace(/^if \(Symbol\.dispose\) (?!Handle\.).*\n/gm, '')
    .replace(/^const (?!Handle)\w+Finalization = [^;]*;\n/gm, '');
}

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

/** Much the same WebAssembly as the first module, with the names of its functions. */
export const withNames = async (folder) => (await optimised((await shaken(await glueOf(folder), folder)).main, ['-Oz', '-g'])).bytes;

/** The glue with these names, and without the functions that this WebAssembly does not import. */
function renamed(glue, bytes, names) {
  const imports = new Map([...names.imports.map(([, name, short]) => [name, short]), ...names.more]);
  const exports = new Map(names.exports);
  const module = glueName(bytes);
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
