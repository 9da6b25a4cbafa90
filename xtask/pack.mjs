// Makes the folder to ship from what Trunk built and from npm/: optimises, minifies, names by content, compresses.
//
//   node xtask/pack.mjs <Trunk's folder> <npm/> <the folder to write>
//
// Files named by their content may be cached for ever; the loader, and what belongs to frame mode, keep their names and refer
// to them. The pinned loader is named by its content too, and takes no other files than those it was built with.

import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { FETCH_REST, REST, fit } from './fit.mjs';
import { module } from './module.mjs';
import { brotli } from './wasm.mjs';

const [built, npm, out] = process.argv.slice(2);

const named = (name, bytes) => {
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 8);
  return name.replace(/(\.[a-z]+)$/, `-${hash}$1`);
};

const LAZY = ['twinchat-highlight.js', 'twinchat-entities.js'];

/** The glue, asking for these files by the names they have here; how it fetches them can be replaced (npm/twinchat-pinned.js). */
function translated(glue, files, rest) {
  const call = /import\(new URL\(([\w$]+),([^;{}]*?)\.href\)/;
  if (!call.test(glue)) throw new Error('The glue has no import of parts: src/platform/lazy.rs and xtask/pack.mjs disagree.');
  const names = JSON.stringify(Object.fromEntries(files.map(({ name, path }) => [name, path])));
  const fetching = glue.replace(call, (_, name, base) => `twinchatParts.fetch(new URL(${names}[${name}],${base}.href)`);
  const both = replaced(fetching, FETCH_REST, `twinchatParts.wasm(new URL("${rest}",import.meta.url))`);
  return `${both};const twinchatParts={fetch:_=>import(_),wasm:_=>fetch(_)};export{twinchatParts as parts};`;
}

function replaced(glue, what, by) {
  if (!glue.includes(what)) throw new Error(`The glue has no ${what}: xtask/fit.mjs and xtask/pack.mjs disagree.`);
  return glue.replace(what, () => by);
}

const integrity = (bytes) => `sha384-${createHash('sha384').update(bytes).digest('base64')}`;

async function pack() {
  const files = [];
  const keep = (path, role, content) => files.push({ path, role, bytes: Buffer.from(content) });

  const fitted = await fit(built);
  const [wasm, rest] = await Promise.all(['twinchat-widget_bg.wasm', REST].map((name) => readFile(join(fitted, name))));
  const restName = named('twinchat-rest.wasm', rest);
  // Parts that the widget fetches when something first needs them. Their names stand in its WebAssembly, so the glue translates.
  const lazy = await Promise.all(LAZY.map(async (name) => {
    const content = await module(join(npm, name));
    return { name, content, path: named(name, content) };
  }));
  const translatedGlue = translated(await module(join(npm, 'twinchat-shell.js'), { glue: join(fitted, 'twinchat-widget.js') }), lazy, restName);
  // They work only together, so one hash names both: that makes the loader shorter.
  const both = Buffer.concat([wasm, Buffer.from(translatedGlue)]);
  const [wasmName, glueName] = ['twinchat-widget.wasm', 'twinchat-widget.js'].map((name) => named(name, both));
  // The glue's own idea of where its WebAssembly is must be right too: whoever imports it directly relies on it.
  const glue = translatedGlue.replaceAll('twinchat-widget_bg.wasm', wasmName);
  const naming = async (file, options) => {
    const text = await module(join(npm, file), options);
    const named = text.replaceAll('twinchat-widget_bg.wasm', wasmName).replaceAll('twinchat-shell.js', glueName);
    for (const name of [glueName, wasmName]) {
      if (!named.includes(name)) throw new Error(`npm/${file} does not fetch ${name}: it and xtask/pack.mjs disagree on names.`);
    }
    return named;
  };
  const frame = await module(join(npm, 'twinchat-frame.js'));
  const pins = { './twinchat-shell.js': integrity(glue), './twinchat-widget_bg.wasm': integrity(wasm), './twinchat-frame.js': integrity(frame) };
  for (const { path, content } of [...lazy, { path: restName, content: rest }]) pins[`./${path}`] = integrity(content);
  const pinned = await naming('twinchat.js', { fetching: 'twinchat-pinned.js', define: { TWINCHAT_INTEGRITY: JSON.stringify(pins) } });

  keep('twinchat.js', 'loader', await naming('twinchat.js'));
  keep(named('twinchat.js', pinned), 'pinned', pinned);
  keep('twinchat-frame.js', 'frame', frame);
  keep('twinchat-document.js', 'frame', await naming('twinchat-document.js', { external: ['./twinchat-shell.js'] }));
  keep(glueName, 'widget', glue);
  keep(wasmName, 'widget', wasm);
  keep(restName, 'rest', rest);
  for (const { path, content } of lazy) keep(path, 'lazy', content);
  keep('index.d.ts', 'types', await readFile(join(npm, 'index.d.ts')));
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
  await writeFile(join(fresh, 'manifest.json'), `${JSON.stringify({ files: files.map(({ path, role, bytes }) => ({ path, role, integrity: integrity(bytes) })) }, null, 2)}\n`);
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
