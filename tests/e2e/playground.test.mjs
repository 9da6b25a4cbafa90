// The demo's playground: what is chosen is seen at once, and what is copied does the same elsewhere.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { snippet, DEFAULTS, PROPERTIES } from '../../demo/snippets.js';
import { Chat } from './support/chat.mjs';
import { policy } from './support/documents.mjs';
import { DESKTOP, PHONE, axe, demo, eventually, openWorld, ownPage, picture } from './support/world.mjs';

let world;
before(async () => {
  world = await openWorld();
});
after(() => world?.close());

async function visit(options, walk) {
  const visitor = await world.visitor(options);
  try {
    await walk(visitor);
    assert.deepEqual(visitor.seen.complaints, []);
  } finally {
    await visitor.context.close();
  }
}

/** The playground, when the chat in its window is there. */
async function enter(visitor, query) {
  const page = await visitor.open(`/playground.html?${query}`);
  const window = page.frameLocator('#preview');
  await window.locator('twin-chat').waitFor({ state: 'attached' });
  await page.locator('#snippet', { hasText: 'twinchat' }).waitFor();
  return { page, window, code: () => page.locator('#snippet').textContent(), choose: (name) => page.getByRole('radio', { name, exact: true }).check() };
}

const attributes = (element) => element.evaluate((node) => Object.fromEntries(node.getAttributeNames().filter((name) => name !== 'open').map((name) => [name, node.getAttribute(name)])));

test('what is chosen is seen, and the lines that are copied do the same on another page', () =>
  visit({ permissions: ['clipboard-read', 'clipboard-write'] }, async (visitor) => {
    const { page, window, code, choose } = await enter(visitor, 'lang=en');
    assert.equal(await code(), `<script type="module" src="${demo.proxy}/twinchat.js"></script>\n`);
    await window.locator('.tc-root:not(.tc-shell) [part~=panel]').waitFor();
    await choose('Left');
    await page.locator('[name=swatch][value="#7c3aed"]').check();
    await page.getByLabel('Heading').fill('Ask <us> & "them"');
    await page.getByLabel('Questions to start with, one per line').fill('One?\nTwo?');
    await page.getByText('More', { exact: true }).click();
    await page.getByLabel('Roundness').fill('6');
    await window.getByText('Ask <us> & "them"').first().waitFor();
    assert.equal(await window.locator('.tc-root:not(.tc-shell) [part~=panel]').evaluate((panel) => getComputedStyle(panel).borderRadius), '6px');
    await page.getByRole('button', { name: 'Copy' }).first().click();
    await page.getByText('Copied.').waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.equal(copied, await code());
    const there = await ownPage(visitor, { body: copied, name: 'pasted' });
    const pasted = there.locator('twin-chat');
    await pasted.waitFor({ state: 'attached' });
    assert.deepEqual(await attributes(pasted), {
      position: 'left', accent: '#7c3aed', heading: 'Ask <us> & "them"', starters: 'One?|Two?', proxy: demo.proxy,
    });
    assert.equal(await pasted.evaluate((element) => getComputedStyle(element).getPropertyValue('--tc-radius')), '6px');

    // What npm and React are told is what the element is told.
    await page.getByRole('tab', { name: 'npm' }).click();
    assert.match(await code(), /heading: 'Ask <us> & "them"',\n {2}starters: \['One\?', 'Two\?'\],/);
    await page.keyboard.press('ArrowRight');
    assert.match(await code(), /<TwinChat\n.*proxy=".*"\n.*position="left"/);
    await page.keyboard.press('ArrowRight');
    assert.match(await code(), /data-frame="true"/);
    assert.equal(await page.locator('#policy').textContent(), `Content-Security-Policy: ${policy('In a frame')}`);
    await page.getByRole('button', { name: 'As at first' }).click();
    await page.getByRole('tab', { name: 'HTML' }).click();
    assert.equal(await code(), `<script type="module" src="${demo.proxy}/twinchat.js"></script>\n`);
    assert.equal(await page.locator('#policy').textContent(), `Content-Security-Policy: ${policy('In the page')}`);
  }));

test('every mode can be seen, in a frame too, and the chat answers in it', () =>
  visit({}, async (visitor) => {
    const { page, window, choose } = await enter(visitor, 'lang=vi');
    for (const mode of ['Trong trang', 'Cả trang', 'Bong bóng']) {
      await choose(mode);
      await window.locator('.tc-root:not(.tc-shell) [part~=panel]').waitFor();
    }
    await eventually(() => page.evaluate(() => document.activeElement.value), (value) => value === 'bubble', 'the focus where it was');
    await page.getByText('Thêm', { exact: true }).click();
    await page.getByLabel('Chạy trong khung riêng').check();
    await window.frameLocator('twin-chat iframe').getByRole('option').first().click();
    await window.frameLocator('twin-chat iframe').locator('.tc-root:not(.tc-shell) [part~=input]').fill('Xin chào');
    await page.getByRole('button', { name: 'Điện thoại' }).click();
    await eventually(() => page.locator('#preview').evaluate(({ offsetWidth }) => offsetWidth), (width) => width === 390, 'the width of a phone');
  }));

for (const kind of ['script', 'frame']) {
  test(`the lines of "${kind}" run under the policy that is shown beside them`, () =>
    visit({}, async (visitor) => {
      const { text, policy: shown } = snippet(kind, { proxy: demo.proxy, options: { ...DEFAULTS, heading: 'Sen' }, properties: PROPERTIES });
      const page = await ownPage(visitor, { body: text, policy: shown, name: kind });
      const chat = new Chat(page, 'en', { framed: kind === 'frame' });
      await chat.launcher.click();
      await chat.twins.first().waitFor();
      assert.deepEqual(page.violations, []);
    }));
}

for (const [name, options, query] of [
  ['desktop-light-vi', { viewport: DESKTOP }, 'lang=vi'],
  ['desktop-dark-en', { viewport: DESKTOP, colorScheme: 'dark' }, 'lang=en'],
  ['phone-light-en', { viewport: PHONE, hasTouch: true, isMobile: true }, 'lang=en'],
  ['phone-dark-vi', { viewport: PHONE, hasTouch: true, isMobile: true, colorScheme: 'dark' }, 'lang=vi'],
]) {
  test(`it looks right and axe finds nothing: ${name}`, () =>
    visit(options, async (visitor) => {
      const { page, window } = await enter(visitor, query);
      await (options.isMobile ? window.locator('#launcher') : window.getByRole('option').first()).waitFor();
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, 'wider than the screen');
      await picture(page, `playground-${name}`);
      await page.locator('.code').scrollIntoViewIfNeeded();
      await picture(page, `playground-${name}-code`);
      assert.deepEqual(await axe(page, 'main'), []);
    }));
}
