// What stands in the documents and is made of something else: tables of npm/index.d.ts, sizes of dist/.
//
//   node xtask/documents.mjs           writes all; tests/e2e/documents.test.mjs fails when they are not up to date
//   node xtask/documents.mjs sizes     writes the sizes that are no longer about right, as `cargo xtask dist` does
//
// A table stands between `<!-- made: options -->` and `<!-- end -->`, a size between `<!-- size: loader -->` and `<!-- end -->`.

import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const WITH_TABLES = ['docs/embedding.md', 'docs/theming.md', 'docs/events.md'];
const WITH_SIZES = ['README.md'];
/** As much as the size of a widget may differ from what the documents say. */
const ABOUT = 0.05;

const cell = (text) => text.replaceAll('|', '\\|').replace(/\{@link \w*?\.?(\w+)\}/g, '`$1`').replace(/\s+/g, ' ').trim();
const code = (text) => `\`${text.replaceAll('|', '\\|')}\``;
const rows = (head, list) => [head, head.replace(/[^|]+/g, '---'), ...list].join('\n');
/** `"bubble"`, or `"" (the owner's setting, then #0f766e)`, where only the words say something. */
const byDefault = (text = '') => cell(text.replace(/^""\s*\((.*)\)$/, '$1').replace(/^"(.*)"$/, '`$1`'));

/** Each table by its name. */
async function tables() {
  // Of npm's tools; who only wants sizes does without.
  const { manifest } = await import('./manifest.mjs');
  const [{ declarations: [element] }] = JSON.parse(await manifest(join(root, 'npm/index.d.ts'))).modules;
  const { attributes, members, events, cssProperties, cssParts } = element;
  const fields = members.filter(({ kind, attribute, name }) => kind === 'field' && !attribute && name === 'getToken');
  const methods = members.filter(({ kind }) => kind === 'method');
  const takes = ({ parameters = [] }) => parameters.map(({ name, type }) => `${name}: ${type.text}`).join(', ');
  return {
    options: rows('| attribute | on a script tag | values | what it is | default |', [
      ...attributes.map((option) => `| ${code(option.name)} | ${code(`data-${option.name}`)} | ${code(option.type.text)} | ${cell(option.description)} | ${byDefault(option.default)} |`),
      ...fields.map((field) => `| no attribute: the property ${code(field.name)} | | a function | ${cell(field.description)} | ${byDefault(field.default)} |`),
    ]),
    methods: rows('| method | what it does |', methods.map((method) => `| ${code(`${method.name}(${method.name === 'on' ? 'name, listener' : takes(method)})`)} | ${cell(method.description)} |`)),
    events: rows('| event | `detail` | when |', events.map(({ name, type, description }) => `| ${code(name)} | ${code(type.text.replace(/^CustomEvent<(.*)>$/, '$1').replace(/;\s*\}/, ' }'))} | ${cell(description)} |`)),
    properties: rows('| property | what it is | default |', cssProperties.map((property) => `| ${code(property.name)} | ${cell(property.description)} | ${byDefault(property.default)} |`)),
    parts: rows('| part | what it is |', cssParts.map((part) => `| ${code(part.name)} | ${cell(part.description)} |`)),
  };
}

/** What travels before the bubble shows and for a first chat, in bytes by brotli. */
async function sizes() {
  const { files } = JSON.parse(await readFile(join(root, 'dist/manifest.json'), 'utf8'));
  const of = async (roles) => {
    const all = await Promise.all(files.filter(({ role }) => roles.includes(role)).map(({ path }) => stat(join(root, 'dist', `${path}.br`))));
    return all.reduce((total, { size }) => total + size, 0);
  };
  return { loader: await of(['loader']), chat: await of(['loader', 'widget']) };
}

const number = (value) => value.toLocaleString('en-US');

/** The document with every table and every size as it should be; a size that is about right is left as it is. */
async function upToDate(text, { withTables, withSizes }) {
  const made = withTables && (await tables());
  const measured = withSizes && (await sizes());
  let result = text;
  if (made) {
    result = result.replace(/(<!-- made: (\w+) -->\n)[^]*?(<!-- end -->)/g, (_, before, name, after) => {
      if (!made[name]) throw new Error(`there is no table "${name}"`);
      return `${before}\n${made[name]}\n\n${after}`;
    });
  }
  if (measured) {
    result = result.replace(/(<!-- size: (\w+) -->)([\d,]*)(<!-- end -->)/g, (all, before, name, said, after) => {
      if (!measured[name]) throw new Error(`there is no size "${name}"`);
      const told = Number(said.replaceAll(',', ''));
      const step = measured[name] < 10_000 ? 100 : 1000;
      return Math.abs(told - measured[name]) <= ABOUT * measured[name] ? all : before + number(Math.round(measured[name] / step) * step) + after;
    });
  }
  return result;
}

/** The documents that are not up to date, as [path, what they should be]. */
export async function stale({ withTables = true, withSizes = true } = {}) {
  const found = [];
  for (const path of new Set([...(withTables ? WITH_TABLES : []), ...(withSizes ? WITH_SIZES : [])])) {
    const text = await readFile(join(root, path), 'utf8');
    const should = await upToDate(text, { withTables, withSizes });
    if (should !== text) found.push([path, should]);
  }
  return found;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, text] of await stale({ withTables: process.argv[2] !== 'sizes' })) {
    await writeFile(join(root, path), text);
    console.error(`    ${path} is written anew`);
  }
}
