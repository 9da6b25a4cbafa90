// npm/twinchat-style.js: the whole stylesheet, for the shell and, once it is there, for the widget in the same shadow root.
//
//   node xtask/style.mjs        writes it; tests/e2e/package.test.mjs fails when it is not up to date

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transform } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const TARGET = join(root, 'npm/twinchat-style.js');

// The shell lies on the widget until it goes.
const OWN = `
.tc-shell:not([data-mode=bubble]){position:absolute;inset:0;z-index:1}
.tc-root.tc-shell[data-mode=bubble] .tc-panel{z-index:calc(var(--tc-z-index,2147483000) + 2)}`;

/** What the file has to hold. */
export async function style() {
  const theme = await readFile(join(root, 'src/theme/mod.rs'), 'utf8');
  const parts = [.../concat!\(([\s\S]*?)\n\);/.exec(theme)[1].matchAll(/include_str!\("..\/..\/(.*?)"\)|"(.*?)"/g)];
  const whole = await Promise.all(parts.map(([, file, text]) => (file ? readFile(join(root, file), 'utf8') : text)));
  const frame = await readFile(join(root, 'style/frame.css'), 'utf8');
  const { code } = await transform(whole.join('') + OWN + frame, { loader: 'css', minify: true, target: 'es2022', legalComments: 'none' });
  return `// Made by xtask/style.mjs from style/.\nexport const STYLE = ${JSON.stringify(code.trim())};\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(TARGET, await style());
