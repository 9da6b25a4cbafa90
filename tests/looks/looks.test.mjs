// Every state of the gallery as a picture, held against the one that somebody has looked at and found good.
// `cargo xtask looks --update` keeps new ones: look at them before you commit them.

import assert from 'node:assert/strict';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openGallery, settle, show } from './support/gallery.mjs';
import { openJudge } from './support/judge.mjs';

const KEPT = fileURLToPath(new URL('./snapshots/', import.meta.url));
const RESULTS = fileURLToPath(new URL('../e2e/results/looks/', import.meta.url));
const UPDATE = process.env.TWINCHAT_LOOKS === 'update';
/** Only pictures with this in their name. */
const ONLY = process.env.TWINCHAT_LOOKS_ONLY ?? '';

// Each state is looked at in two ways that have nothing in common, so that every device, palette and script has it; the
// next state has the next two, so that every two of these meet somewhere.
const DESKTOP = { viewport: { width: 1280, height: 800 } };
const PHONE = { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true };
const way = (name) => {
  const [device, scheme, locale] = name.split('-');
  return { name, device: { phone: PHONE, desktop: DESKTOP }[device], scheme, locale };
};
const WAYS = [
  ['phone-light-vi', 'desktop-dark-ar'],
  ['phone-dark-ar', 'desktop-light-vi'],
  ['phone-dark-vi', 'desktop-light-ar'],
  ['phone-light-ar', 'desktop-dark-vi'],
].map((pair) => pair.map(way));
const STATES = [
  'twins', 'twins-few', 'twins-loading', 'twins-failed', 'twins-none', 'list', 'list-empty', 'list-loading', 'welcome', 'chat', 'rich', 'stream',
  'waiting', 'queued', 'unsent', 'limited', 'failed', 'stopped', 'notice', 'offline', 'reconnecting', 'loading', 'chat-failed', 'long', 'away', 'over',
  'hostile', 'files', 'uploading', 'people', 'awaiting', 'shared', 'reply', 'search', 'searching', 'search-nothing',
];
/** States that a visitor's hand makes. */
const HANDS = {
  menu: ['chat', (page) => page.locator('.tc-header .tc-menu-anchor > button').click()],
  'row-menu': ['list', (page) => page.locator('.tc-row .tc-menu-anchor > button').nth(1).evaluate((button) => button.click())],
  rename: ['list', (page) => rowItem(page, 0)],
  delete: ['list', (page) => rowItem(page, 1)],
  'picker-search': ['twins', (page) => page.locator('.tc-picker input').fill('tra')],
  'picker-keys': ['twins', async (page) => (await page.locator('.tc-picker input').focus(), await page.keyboard.press('ArrowDown'), await page.keyboard.press('ArrowDown'))],
  focus: ['chat', (page) => page.locator('textarea').focus()],
};
/** Also in English, on a page of their own, with other brand colours, and by themselves. */
const MORE = [
  ...['twins', 'welcome', 'rich', 'list', 'failed'].map((scene) => ({ name: `${scene}.desktop-light-en`, scene, device: DESKTOP, scheme: 'light', locale: 'en' })),
  ...['twins', 'rich', 'welcome', 'list', 'loading'].map((scene) => ({ name: `${scene}.page-light-vi`, scene, device: DESKTOP, scheme: 'light', locale: 'vi', mode: 'page' })),
  { name: 'rich.page-dark-ar', scene: 'rich', device: DESKTOP, scheme: 'dark', locale: 'ar', mode: 'page' },
  { name: 'closed.desktop-light-vi', scene: 'closed', device: DESKTOP, scheme: 'light', locale: 'vi', clip: '.tc-launcher' },
  { name: 'closed.phone-dark-ar', scene: 'closed', device: PHONE, scheme: 'dark', locale: 'ar', clip: '.tc-launcher' },
  ...[['yellow', '%23ffd400'], ['red', '%23e11d48'], ['black', '%23000000'], ['white', '%23ffffff']].flatMap(([colour, accent]) => [
    { name: `accent-${colour}.desktop-light-en`, scene: 'chat', device: DESKTOP, scheme: 'light', locale: 'en', accent },
    { name: `accent-${colour}.desktop-dark-en`, scene: 'chat', device: DESKTOP, scheme: 'dark', locale: 'en', accent },
  ]),
  ...['launcher', 'picker', 'list', 'messages', 'composer', 'notice', 'banner', 'markdown'].map((part) => ({
    name: `alone-${part}.desktop-light-en`, scene: `alone-${part}`, device: DESKTOP, scheme: 'light', locale: 'en', mode: 'inline', clip: part === 'launcher' ? '.tc-launcher' : '.stage',
  })),
];
const IN_HANDS = Object.entries(HANDS).map(([name, [scene, move]]) => ({ name, scene, move }));
const ALL = [
  ...[...STATES.map((scene) => ({ name: scene, scene })), ...IN_HANDS].flatMap((state, at) =>
    WAYS[at % WAYS.length].map((way) => ({ ...way, ...state, name: `${state.name}.${way.name}` }))),
  ...MORE,
].filter(({ name }) => name.includes(ONLY));

async function rowItem(page, at) {
  await page.locator('.tc-row .tc-menu-anchor > button').nth(1).evaluate((button) => button.click());
  await page.locator('.tc-menu-item').nth(at).evaluate((item) => item.click());
}

let gallery;
let judge;
let same = true;
before(async () => {
  await mkdir(RESULTS, { recursive: true });
  await mkdir(KEPT, { recursive: true });
  gallery = await openGallery();
  judge = await openJudge(gallery.browser);
  const plain = await gallery.browser.newPage({ viewport: { width: 364, height: 160 } });
  await plain.goto(`${gallery.origin}/plain.html`);
  await settle(plain);
  const drawn = await plain.screenshot();
  const kept = await readFile(`${KEPT}/plain.webp`).catch(() => undefined);
  if (UPDATE && !kept) await writeFile(`${KEPT}/plain.webp`, await judge.encode(drawn));
  else same = (await judge.compare(drawn, kept ?? (await judge.encode(drawn)))).same;
  if (!same) console.error('\n*** This browser draws plain letters otherwise than the one the pictures are from: NO PICTURE IS COMPARED. ***\n');
});
after(() => gallery?.close());

async function picture(page, { scene, scheme, locale, mode = 'bubble', accent, move, clip = '.tc-panel' }) {
  await show(page, `scene=${scene}&scheme=${scheme}&locale=${locale}&mode=${mode}${accent ? `&accent=${accent}` : ''}`);
  if (move) {
    await move(page);
    await settle(page);
  }
  const caret = clip === '.tc-panel' && mode === 'bubble' ? {} : { caret: 'hide' };
  return page.locator(clip).first().screenshot({ animations: 'disabled', caret: 'hide', ...caret });
}

const contexts = [...new Set(ALL.map(({ device, scheme }) => JSON.stringify([device, scheme])))];
for (const context of contexts) {
  const [device, scheme] = JSON.parse(context);
  test(`looks as it did: ${device.isMobile ? 'phone' : 'desktop'}, ${scheme}`, async (t) => {
    if (!same) return t.skip('this browser draws plain letters otherwise than the one the pictures are from');
    const page = await gallery.page({ ...device, colorScheme: scheme });
    const wrong = [];
    for (const look of ALL.filter((it) => JSON.stringify([it.device, it.scheme]) === context)) {
      const drawn = await picture(page, look);
      const path = join(KEPT, `${look.name}.webp`);
      const kept = await readFile(path).catch(() => undefined);
      const told = kept && (await judge.compare(drawn, kept));
      if (told?.same) continue;
      if (UPDATE) await writeFile(path, await judge.encode(drawn));
      else {
        await writeFile(join(RESULTS, `${look.name}.png`), drawn);
        if (told?.marked.length) await writeFile(join(RESULTS, `${look.name}.difference.png`), told.marked);
        wrong.push(`${look.name}: ${kept ? (told.size ?? `${(told.part * 100).toFixed(2)} % of the pixels differ`) : 'there is no picture of it'}`);
      }
    }
    assert.deepEqual(page.complaints, []);
    assert.deepEqual(wrong, [], `see ${RESULTS}; if that is how it should look, run \`cargo xtask looks --update\``);
    await page.context().close();
  });
}

test('every picture that is kept is of something, and all together are small', { skip: ONLY ? 'only some are drawn' : false }, async () => {
  const kept = (await readdir(KEPT)).filter((name) => name !== 'plain.webp');
  const known = new Set(ALL.map(({ name }) => `${name}.webp`));
  for (const name of UPDATE ? kept.filter((name) => !known.has(name)) : []) await rm(join(KEPT, name));
  const sizes = await Promise.all(kept.map(async (name) => (known.has(name) ? (await readFile(join(KEPT, name))).length : 0)));
  if (!UPDATE) assert.deepEqual(kept.filter((name) => !known.has(name)), []);
  assert.ok(sizes.reduce((sum, size) => sum + size, 0) < 3_000_000, `${sizes.reduce((sum, size) => sum + size, 0)} bytes`);
});
