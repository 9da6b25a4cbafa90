// Makes the npm package, in dist/npm/, from npm/ and what pack.mjs has made.
//
//   node xtask/pack-npm.mjs <Trunk's folder> <npm/> <dist/>
//
// Bundlers get plain imports and `new URL(…, import.meta.url)`, which all of them follow. Nothing is minified but the
// WebAssembly's glue: that is the bundler's to do.

import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { FETCH_REST, REST, fittedFolder } from './fit.mjs';
import { manifest } from './manifest.mjs';
import { module } from './module.mjs';

const [built, npm, dist] = process.argv.slice(2);
/** What the widget fetches when something first needs it. */
const LAZY = ['twinchat-highlight.js', 'twinchat-entities.js'];
const root = join(npm, '..');
const out = join(dist, 'npm');
const FETCHED = FETCH_REST.replace('import.meta.url', '""');

/** The shell and the glue as a function, so that a page can have a fresh instance after a crash: a module is only ever run once. */
async function factory() {
  const glue = await module(join(npm, 'twinchat-shell.js'), { glue: join(fittedFolder(built), 'twinchat-widget.js'), format: 'iife', globalName: 'glue', define: { 'import.meta.url': '""' } });
  // What the glue imports by a name that only its WebAssembly knows, bundlers have to know beforehand.
  const call = /import\(new URL\(([\w$]+),[^;{}]*?\.href\)/;
  if (!call.test(glue)) throw new Error('The glue has no import of parts: src/platform/lazy.rs and xtask/pack-npm.mjs disagree.');
  if (!glue.includes(FETCHED)) throw new Error('The glue does not fetch its second module: xtask/fit.mjs and xtask/pack-npm.mjs disagree.');
  const parts = LAZY.map((name) => `  '${name}': () => import('./${name}'),`).join('\n');
  return `// Made by wasm-bindgen.
const parts = {
${parts}
};
export function makeWidget(source, fetchRest) {
${glue.replace(call, (_, name) => `parts[${name}]()`).replace(FETCHED, 'fetchRest()')}  glue.default({ module_or_path: source });
  return glue;
}
`;
}

/** The WebAssembly within a module, for where a bundler leaves files that are not modules behind. */
function copy(name, wasm) {
  return `// ${name} once more, for bundlers and servers that do not bring that file along.
const packed = '${gzipSync(wasm, { level: 9 }).toString('base64')}';
export async function bytes() {
  const blob = new Blob([Uint8Array.from(atob(packed), (char) => char.charCodeAt(0))]);
  return new Response(blob.stream().pipeThrough(new DecompressionStream('gzip'))).arrayBuffer();
}
`;
}

async function pack() {
  const { files } = JSON.parse(await readFile(join(dist, 'manifest.json'), 'utf8'));
  const wasm = await readFile(join(dist, files.find(({ path }) => /^twinchat-widget-.*\.wasm$/.test(path)).path));
  const external = ['./twinchat-frame.js', './twinchat-widget.js', './twinchat-wasm.js', './twinchat-rest-wasm.js', './index.js', 'react'];
  const readable = { minify: false, external };
  const fresh = `${out}.new`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true });
  const keep = (name, content) => writeFile(join(fresh, name), content);

  await keep('index.js', await module(join(npm, 'index.js'), { ...readable, fetching: 'twinchat-bundle.js' }));
  await keep('twinchat-frame.js', await module(join(npm, 'twinchat-frame.js'), readable));
  await keep('twinchat-widget.js', await factory());
  await keep('twinchat-widget_bg.wasm', wasm);
  await keep('twinchat-wasm.js', copy('twinchat-widget_bg.wasm', wasm));
  const rest = await readFile(join(fittedFolder(built), REST));
  await keep(REST, rest);
  await keep('twinchat-rest-wasm.js', copy(REST, rest));
  // For a script tag that points to the package, on a CDN or copied to a folder of one's own.
  const loader = await module(join(npm, 'twinchat.js'));
  await keep('twinchat.js', loader.replaceAll('twinchat-shell.js', 'twinchat-glue.js'));
  await keep('twinchat-glue.js', await module(join(npm, 'twinchat-shell.js'), { glue: join(fittedFolder(built), 'twinchat-widget.js') }));
  await keep('custom-elements.json', await manifest(join(npm, 'index.d.ts')));
  for (const name of ['index.d.ts', 'react.js', 'react.d.ts', 'twinchat.d.ts', 'package.json', 'README.md', ...LAZY]) {
    await cp(join(npm, name), join(fresh, name));
  }
  for (const name of ['LICENSE', 'LICENSE-APACHE', 'LICENSE-MIT']) await cp(join(root, name), join(fresh, name));
  await rm(out, { recursive: true, force: true });
  await rename(fresh, out);
}

/** The file that would be published. */
async function tarball() {
  const old = (await readdir(dist)).filter((name) => name.endsWith('.tgz'));
  await Promise.all(old.map((name) => rm(join(dist, name))));
  const { stdout } = await promisify(execFile)('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', dist, out]);
  const [{ filename, size, unpackedSize }] = JSON.parse(stdout);
  console.error(`    ${filename}: ${size} bytes, ${unpackedSize} unpacked`);
}

await pack();
await tarball();
