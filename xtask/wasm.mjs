// The smallest WebAssembly that wasm-opt makes, judged by what travels.

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompressSync, constants } from 'node:zlib';

const run = promisify(execFile);

// What rustc's wasm32 target emits, as wasm-opt and its library call it; both refuse a feature they were not told of.
export const FEATURES = [
  { option: 'bulk-memory', api: 'BulkMemory' },
  { option: 'bulk-memory-opt', api: 'BulkMemoryOpt' },
  { option: 'mutable-globals', api: 'MutableGlobals' },
  { option: 'nontrapping-float-to-int', api: 'NontrappingFPToInt' },
  { option: 'sign-ext', api: 'SignExt' },
  { option: 'reference-types', api: 'ReferenceTypes' },
  { option: 'multivalue', api: 'Multivalue' },
];
// Which level is smallest after compression cannot be told beforehand.
const WASM_LEVELS = [['-Oz'], ['-Os'], ['-Oz', '--converge'], ['-O3', '-Oz']];

export const brotli = (bytes) => brotliCompressSync(bytes, {
  params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
});

/** What wasm-opt makes of these bytes with these options, and what it writes. */
export async function optimised(bytes, options) {
  const tool = join(dirname(createRequire(import.meta.url).resolve('binaryen/package.json')), 'bin/wasm-opt');
  const folder = await mkdtemp(join(tmpdir(), 'twinchat-wasm-'));
  const [source, target] = ['in.wasm', 'out.wasm'].map((name) => join(folder, name));
  try {
    await writeFile(source, bytes);
    const features = FEATURES.map(({ option }) => `--enable-${option}`);
    const { stdout } = await run(process.execPath, ['--stack-size=60000', tool, source, '-o', target, ...features, ...options], { maxBuffer: 1e8 });
    return { bytes: await readFile(target), output: stdout };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The smallest of wasm-opt's results, by what travels. */
export async function smallestWasm(bytes) {
  let best;
  for (const levels of WASM_LEVELS) {
    const made = await optimised(bytes, [...levels, '--strip-debug', '--strip-producers', '--strip-target-features']);
    const size = brotli(made.bytes).length;
    if (!best || size < best.size) best = { ...made, size, levels };
  }
  console.error(`    wasm-opt ${best.levels.join(' ')} is the smallest of ${WASM_LEVELS.length}: ${best.size} bytes by brotli`);
  return best.bytes;
}
