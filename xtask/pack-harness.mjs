// One module and its WebAssembly from what wasm-bindgen wrote.
//
//   node xtask/pack-harness.mjs <wasm-bindgen's folder> <benches/harness/harness.js> <the folder to write>

import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { withoutCustomParts, withoutLinkerParts } from './binary.mjs';
import { linkedPieces } from './sweep.mjs';
import { smallestWasm, sweptWasm } from './wasm.mjs';

const [glue, wrapper, out] = process.argv.slice(2);
const source = await readFile(wrapper, 'utf8');
await build({
  stdin: { contents: source, resolveDir: glue, sourcefile: 'harness.js' },
  bundle: true, format: 'esm', target: 'es2022', charset: 'utf8', external: ['node:*'], outfile: join(out, 'twinchat-harness.js'),
});
// What the view fetches when it needs it.
for (const name of ['twinchat-highlight.js', 'twinchat-entities.js']) await copyFile(join('npm', name), join(out, name));
const linked = await readFile(join(glue, 'glue_bg.wasm'));
const { main } = await sweptWasm(withoutLinkerParts(linked), linkedPieces(linked));
await writeFile(join(out, 'twinchat-harness.wasm'), withoutCustomParts(await smallestWasm(main)));
