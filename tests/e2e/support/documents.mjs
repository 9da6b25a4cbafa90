// What stands in the documents, for tests that use it.

import { readFileSync } from 'node:fs';
import { demo } from './world.mjs';

const root = new URL('../../../', import.meta.url);

/** Our addresses in the place of the documents' examples. */
export const here = (text) => text.replaceAll('https://chat.example.com', demo.proxy).replaceAll('https://www.example.com', demo.site);

/** All fenced blocks of a document: the heading they are below, their language, their text. */
export function blocks(path) {
  const found = [];
  let heading = '';
  let open;
  for (const line of readFileSync(new URL(path, root), 'utf8').split('\n')) {
    const fence = line.match(/^\s*```(\S*)/);
    if (fence && open) {
      found.push({ path, heading, language: open.language, text: `${open.lines.join('\n')}\n` });
      open = undefined;
    } else if (fence) {
      open = { language: fence[1], lines: [] };
    } else if (open) {
      open.lines.push(line);
    } else if (/^#+ /.test(line)) {
      heading = line.replace(/^#+ /, '');
    }
  }
  return found;
}

/** A policy that docs/embedding.md publishes below this heading, for the addresses of this run. */
export function policy(heading) {
  const block = blocks('docs/embedding.md').find((one) => one.language === 'http' && one.heading === heading);
  if (!block) throw new Error(`docs/embedding.md has no policy below "${heading}"`);
  return here(block.text.trim().replace(/^Content-Security-Policy: /, ''));
}
