// One module out of many: what esbuild makes of a file of npm/.

import { basename, dirname, join } from 'node:path';
import { build } from 'esbuild';

/** What `cargo xtask dist --features` was given; the widget's WebAssembly is built with the same. */
const features = (process.env.TWINCHAT_FEATURES ?? '').split(',');

/**
 * The file with all it imports, but for `external`.
 *
 * `fetching` is the file that takes the place of twinchat-fetch.js, `glue` what wasm-bindgen made; `minify: false` leaves it for
 * people to read.
 */
export async function module(path, { fetching, glue, external = [], minify = true, define, ...options } = {}) {
  const instead = {
    name: 'instead',
    setup({ onResolve }) {
      onResolve({ filter: /\/twinchat-fetch\.js$/ }, ({ importer }) => (fetching ? { path: join(dirname(importer), fetching) } : undefined));
      onResolve({ filter: /\/twinchat-widget\.js$/ }, () => (glue ? { path: glue } : undefined));
    },
  };
  const { outputFiles } = await build({
    entryPoints: [path], bundle: true, minify, write: false, format: 'esm', target: 'es2022', charset: 'utf8', legalComments: 'none',
    define: { 'globalThis.TWINCHAT_ARABIC': `${features.includes('arabic')}`, ...define },
    external, plugins: [instead], logOverride: { 'empty-import-meta': 'silent' }, ...options,
  });
  if (outputFiles.length !== 1) throw new Error(`${basename(path)} became ${outputFiles.length} files.`);
  return outputFiles[0].text;
}
