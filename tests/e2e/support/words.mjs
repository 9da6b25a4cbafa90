// The widget's own sentences, read from where it keeps them, so that tests find things by the names people see.

import { readFileSync } from 'node:fs';
import { TEXTS } from '../../../npm/twinchat-look.js';

const read = (language) => {
  const source = readFileSync(new URL(`../../../src/i18n/${language}.rs`, import.meta.url), 'utf8');
  const own = Object.fromEntries([...source.matchAll(/^\s+(\w+): "(.*)",$/gm)].map(([, name, text]) => [name, text]));
  return { ...own, launcher: TEXTS[language] };
};

/** `words.en.send` is what the send button is called in English. */
export const words = { en: read('en'), vi: read('vi') };

/** `{n}` filled in. */
export const fill = (text, value) => text.replace('{n}', value);
