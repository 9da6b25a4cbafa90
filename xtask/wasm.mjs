// The smallest WebAssembly that wasm-opt makes, judged by what travels.

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompressSync, constants } from 'node:zlib';

const run = promisify(execFile);

// What rustc's wasm32 target emits; wasm-opt refuses a feature that it was not told of.
const WASM_FEATURES = [
  'bulk-memory', 'bulk-memory-opt', 'mutable-globals', 'nontrapping-float-to-int', 'sign-ext', 'reference-types', 'multivalue',
];
// Which level is smallest after compression cannot be told beforehand.
const WASM_LEVELS = [['-Oz'], ['-Os'], ['-Oz', '--converge'], ['-O3', '-Oz']];

export const brotli = (bytes) => brotliCompressSync(bytes, {
  params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
});

/** The smallest of wasm-opt's results, by what travels. */
export async function smallestWasm(path) {
  const tool = join(dirname(createRequire(import.meta.url).resolve('binaryen/package.json')), 'bin/wasm-opt');
  const folder = await mkdtemp(join(tmpdir(), 'twinchat-wasm-'));
  try {
    let best;
    for (const [at, levels] of WASM_LEVELS.entries()) {
      const target = join(folder, `${at}.wasm`);
      const features = WASM_FEATURES.map((name) => `--enable-${name}`);
      await run(process.execPath, ['--stack-size=60000', tool, path, '-o', target, ...features, ...levels, '--strip-debug', '--strip-producers']);
      const bytes = await readFile(target);
      const size = brotli(bytes).length;
      if (!best || size < best.size) best = { bytes, size, levels };
    }
    console.error(`    wasm-opt ${best.levels.join(' ')} is the smallest of ${WASM_LEVELS.length}: ${best.size} bytes by brotli`);
    return best.bytes;
  } finally {
    await rm(folder, { recursive: true });
  }
}
