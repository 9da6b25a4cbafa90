// npm/twinchat-shell-style.js: of the widget's rules those that apply to what twinchat-shell.js draws, and all of frame.css.
//
//   node xtask/shell-style.mjs        writes it; tests/e2e/package.test.mjs fails when it is not up to date

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transform } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const TARGET = join(root, 'npm/twinchat-shell-style.js');

// The shell lies on the widget until it goes.
const OWN = `
.tc-shell:not([data-mode=bubble]){position:absolute;inset:0;z-index:1}
.tc-root.tc-shell[data-mode=bubble] .tc-panel{z-index:calc(var(--tc-z-index,2147483000) + 2)}`;

/** The attributes that stand in a selector for an element of the shell. */
const ATTRIBUTES = ['data-mode', 'data-scheme', 'data-framed', 'dir', 'hidden', 'mode', 'position', 'aria-expanded'];

/** The text split where `mark` stands outside of parentheses, brackets and quotes. */
function split(text, mark) {
  const parts = [''];
  let depth = 0;
  let quote = '';
  for (const char of text) {
    if (quote) quote = char === quote ? '' : quote;
    else if (char === '"' || char === "'") quote = char;
    else if ('([{'.includes(char)) depth += 1;
    else if (')]}'.includes(char)) depth -= 1;
    if (char === mark && depth === 0 && !quote) parts.push('');
    else parts[parts.length - 1] += char;
  }
  return parts;
}

/** `head{body}`, `head;` … as [head, body] each. */
function rules(css) {
  const found = [];
  let depth = 0;
  let begin = 0;
  let head = '';
  for (let at = 0; at < css.length; at += 1) {
    if (css[at] === '{' && depth++ === 0) {
      head = css.slice(begin, at).trim();
      begin = at + 1;
    }
    if (css[at] === '}' && --depth === 0) {
      found.push([head, css.slice(begin, at)]);
      begin = at + 1;
    }
  }
  return found;
}

/** The selector without alternatives that stand for nothing here; undefined if nothing is left. */
function selectorFor(classes, selector) {
  let isNone = false;
  const shorter = selector.replace(/:(is|where)\(((?:[^()]|\([^()]*\))*)\)/g, (_, name, list) => {
    const kept = split(list, ',').filter((one) => selectorFor(classes, one));
    if (!kept.length) isNone = true;
    return `:${name}(${kept.join(',')})`;
  });
  const named = shorter.replace(/:not\([^()]*\)/g, '');
  const isHere = [...named.matchAll(/\.(tc-[\w-]+)/g)].every(([, name]) => classes.has(name));
  const isPossible = [...named.matchAll(/\[([\w-]+)/g)].every(([, name]) => ATTRIBUTES.includes(name));
  return !isNone && isHere && isPossible ? shorter : undefined;
}

function pick(classes, css) {
  return rules(css).map(([head, body]) => {
    if (/^@keyframes/.test(head)) return `${head}{${body}}`;
    if (head.startsWith('@')) {
      const inner = pick(classes, body);
      return inner && `${head}{${inner}}`;
    }
    const selectors = split(head, ',').map((one) => selectorFor(classes, one.trim())).filter(Boolean);
    return selectors.length ? `${selectors.join(',')}{${body}}` : '';
  }).join('\n');
}

/** Without properties that are used nowhere, and without animations that are not. */
function shaken(css) {
  const unused = (name) => !css.includes(`var(${name}`);
  const shorter = css.replace(/(--_[\w]+):(?:[^;{}()]|\((?:[^()]|\([^()]*\))*\))+;?/g, (all, name) => (unused(name) ? '' : all))
    .replace(/@keyframes ([\w-]+)\{(?:[^{}]|\{[^{}]*\})*\}/g, (all, name) => (new RegExp(`animation:[^;}]*${name}[ ;}]`).test(css) ? all : ''));
  return shorter === css ? css : shaken(shorter);
}

/** What the file has to hold. */
export async function shellStyle() {
  const theme = await readFile(join(root, 'src/theme/mod.rs'), 'utf8');
  const parts = [.../concat!\(([\s\S]*?)\n\);/.exec(theme)[1].matchAll(/include_str!\("..\/..\/(.*?)"\)|"(.*?)"/g)];
  const whole = await Promise.all(parts.map(([, file, text]) => (file ? readFile(join(root, file), 'utf8') : text)));
  const shell = await readFile(join(root, 'npm/twinchat-shell.js'), 'utf8');
  const classes = new Set([...shell.matchAll(/tc-[a-z][\w-]*/g)].map(([name]) => name));
  const css = pick(classes, whole.join('').replace(/\/\*[\s\S]*?\*\//g, ''));
  const frame = await readFile(join(root, 'style/frame.css'), 'utf8');
  const { code } = await transform(shaken(css) + OWN + frame, { loader: 'css', minify: true, target: 'es2022', legalComments: 'none' });
  return `// Made by xtask/shell-style.mjs from style/.\nexport const STYLE = ${JSON.stringify(code.trim())};\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(TARGET, await shellStyle());
