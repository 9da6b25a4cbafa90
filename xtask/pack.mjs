// Makes the folder to ship from what Trunk built and from npm/: optimises, minifies, names by content, compresses.
//
//   node xtask/pack.mjs <Trunk's folder> <npm/> <the folder to write>
//
// Files named by their content may be cached for ever; the loader keeps its name and refers to them.

import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { brotli, smallestWasm } from './wasm.mjs';

const [built, npm, out] = process.argv.slice(2);

/** One minified module without imports of its own files. */
async function minified(path) {
  const { outputFiles } = await build({
    entryPoints: [path], bundle: true, minify: true, write: false, format: 'esm', target: 'es2022', charset: 'utf8', legalComments: 'none',
  });
  return outputFiles[0].text;
}

const named = (name, bytes) => {
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  return name.replace(/(\.[a-z]+)$/, `-${hash}$1`);
};

const LAZY = ['twinchat-highlight.js', 'twinchat-entities.js'];

/** The glue, asking for these files by the names they have here. */
function translated(glue, files) {
  const call = /import\(new URL\(([\w$]+),/;
  if (!call.test(glue)) throw new Error('The glue has no import of parts: src/platform/lazy.rs and xtask/pack.mjs disagree.');
  const names = JSON.stringify(Object.fromEntries(files.map(({ name, path }) => [name, path])));
  return glue.replace(call, (_, name) => `import(new URL(${names}[${name}],`);
}

async function pack() {
  const files = [];
  const keep = (path, role, content) => files.push({ path, role, bytes: Buffer.from(content) });

  const wasm = await smallestWasm(join(built, 'twinchat-widget_bg.wasm'));
  const wasmName = named('twinchat-widget.wasm', wasm);
  // The glue's own idea of where its WebAssembly is must be right too: whoever imports it directly relies on it.
  let glue = (await minified(join(built, 'twinchat-widget.js'))).replaceAll('twinchat-widget_bg.wasm', wasmName);
  // Parts that the widget fetches when something first needs them. Their names stand in its WebAssembly, so the glue translates.
  const lazy = await Promise.all(LAZY.map(async (name) => {
    const content = await minified(join(npm, name));
    return { name, content, path: named(name, content) };
  }));
  glue = translated(glue, lazy);
  const glueName = named('twinchat-widget.js', glue);
  const loader = (await minified(join(npm, 'twinchat.js')))
    .replaceAll('twinchat-widget_bg.wasm', wasmName)
    .replaceAll('twinchat-widget.js', glueName);
  for (const name of [glueName, wasmName]) {
    if (!loader.includes(name)) throw new Error(`npm/twinchat.js does not fetch ${name}: the loader and xtask/pack.mjs disagree on names.`);
  }

  keep('twinchat.js', 'loader', loader);
  keep(glueName, 'widget', glue);
  keep(wasmName, 'widget', wasm);
  for (const { path, content } of lazy) keep(path, 'lazy', content);
  for (const name of (await readdir(npm)).filter((name) => name.endsWith('.d.ts'))) keep(name, 'types', await readFile(join(npm, name)));
  return files;
}

async function write(files) {
  const fresh = `${out}.new`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true });
  const rows = [];
  for (const { path, role, bytes } of files) {
    const packed = { gzip: gzipSync(bytes, { level: 9 }), brotli: brotli(bytes) };
    await writeFile(join(fresh, path), bytes);
    if (role !== 'types') {
      await writeFile(join(fresh, `${path}.gz`), packed.gzip);
      await writeFile(join(fresh, `${path}.br`), packed.brotli);
    }
    rows.push({ path, role, raw: bytes.length, gzip: packed.gzip.length, brotli: packed.brotli.length });
  }
  await writeFile(join(fresh, 'manifest.json'), `${JSON.stringify({ files: files.map(({ path, role }) => ({ path, role })) }, null, 2)}\n`);
  // All at once, so that a server in front of the folder never sees half of it.
  const old = `${out}.old`;
  await rm(old, { recursive: true, force: true });
  if (await stat(out).catch(() => undefined)) {
    // `cargo xtask harness` keeps its files in here; they are not ours to remove.
    await rename(join(out, 'harness'), join(fresh, 'harness')).catch(() => undefined);
    await rename(out, old);
  }
  await rename(fresh, out);
  await rm(old, { recursive: true, force: true });
  return rows;
}

function print(rows) {
  const line = (...cells) => console.error(`    ${cells[0].padEnd(44)}${cells.slice(1).map((cell) => String(cell).padStart(10)).join('')}`);
  line(basename(out), 'role', 'raw', 'gzip', 'brotli');
  for (const row of rows) line(row.path, row.role, row.raw, row.gzip, row.brotli);
  const sum = (roles) => rows.filter((row) => roles.includes(row.role)).reduce((total, row) => total + row.brotli, 0);
  line('before the bubble shows', '', '', '', sum(['loader']));
  line('for a first chat', '', '', '', sum(['loader', 'widget']));
}

print(await write(await pack()));
