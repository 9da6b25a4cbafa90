// The smallest WebAssembly that wasm-opt makes, judged by what travels.

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompressSync, constants } from 'node:zlib';
import { withoutCustomParts } from './binary.mjs';
import { inBestOrder } from './order.mjs';
import { isRare } from './split.mjs';
import { swept } from './sweep.mjs';

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
// What Rust's WebAssembly keeps to: whatever it reads is there, and nothing is in the first kilobyte of its memory, which is the
// end of its stack. How an access is aligned is a hint that no current engine needs.
const ASSUMED = ['--ignore-implicit-traps', '--low-memory-unused'];
const WRITTEN = ['--dealign', '-g'];
// Which level is smallest after compression cannot be told beforehand.
const WASM_LEVELS = [['-Os'], ['-Os', '--one-caller-inline-max-function-size=30'], ['-Os', '-Os'], ['-Oz']];

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

/** The WebAssembly without what nothing leads to, in two (xtask/split.mjs); its functions keep their names. */
export async function sweptWasm(bytes, pieces) {
  const { bytes: whole } = await optimised(bytes, ['-Os', '-g']);
  return swept(whole, pieces, isRare);
}

/** The smallest of wasm-opt's results, by what travels; its functions keep their names. */
export async function smallestWasm(bytes) {
  let best;
  for (const levels of WASM_LEVELS) {
    const made = await optimised(bytes, [...levels, ...ASSUMED, ...WRITTEN]);
    const size = brotli(inBestOrder(withoutCustomParts(made.bytes)).bytes).length;
    if (!best || size < best.size) best = { ...made, size, levels };
  }
  console.error(`    wasm-opt ${best.levels.join(' ')} is the smallest of ${WASM_LEVELS.length}: ${best.size} bytes by brotli`);
  return best.bytes;
}
