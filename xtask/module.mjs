// One module out of many: what esbuild makes of a file of npm/.

import { basename, dirname, join } from 'node:path';
import { build } from 'esbuild';

/**
 * The file with all it imports, but for `external`.
 *
 * `fetching` is the file that takes the place of twinchat-fetch.js; `minify: false` leaves it for people to read.
 */
export async function module(path, { fetching, external = [], minify = true, ...options } = {}) {
  const instead = {
    name: 'instead',
    setup: ({ onResolve }) =>
      onResolve({ filter: /\/twinchat-fetch\.js$/ }, ({ importer }) => (fetching ? { path: join(dirname(importer), fetching) } : undefined)),
  };
  const { outputFiles } = await build({
    entryPoints: [path], bundle: true, minify, write: false, format: 'esm', target: 'es2022', charset: 'utf8', legalComments: 'none',
    external, plugins: [instead], logOverride: { 'empty-import-meta': 'silent' }, ...options,
  });
  if (outputFiles.length !== 1) throw new Error(`${basename(path)} became ${outputFiles.length} files.`);
  return outputFiles[0].text;
}
