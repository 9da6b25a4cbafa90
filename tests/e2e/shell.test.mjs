// Before the WebAssembly is there: the panel, the field to write in, and how both pass to the widget.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Chat } from './support/chat.mjs';
import { words } from './support/words.mjs';
import { PHONE, axe, demo, eventually, openWorld, ownPage, picture } from './support/world.mjs';

const PROXY = demo.proxy;
const SHELL = '.tc-shell';

let world;
before(async () => {
  world = await openWorld();
});
after(() => world?.close());

/** A test with a visitor of its own, whose WebAssembly waits for `go()`; `go('fail')`: it does not come the first time. */
function early(name, walk, options = {}) {
  test(name, async () => {
    const visitor = await world.visitor(options);
    let go;
    const gone = new Promise((resolve) => (go = resolve));
    let count = 0;
    await visitor.context.route('**/*.wasm', async (route) => {
      const fails = (await gone) === 'fail' && (count += 1) === 1;
      await (fails ? route.abort() : route.continue()).catch(() => {}); // the test may be over
    });
    try {
      await walk(visitor, go);
    } finally {
      go();
      await visitor.context.close();
    }
  });
}

const tag = (attributes = '') => `<script type="module" src="${PROXY}/twinchat.js" data-twin="${demo.proxy_twin}" ${attributes}></script>`;

/** A chat whose panel is open, drawn by the shell. */
async function opened(visitor, { body = tag(), framed = false, language = 'en', press = true } = {}) {
  const page = await ownPage(visitor, { body, head: '<meta name="viewport" content="width=device-width">' });
  const chat = new Chat(page, language, { framed });
  if (press) await chat.launcher.click();
  chat.shell = chat.root.locator(SHELL);
  chat.field = chat.shell.getByRole('textbox');
  await chat.shell.locator('.tc-panel').waitFor();
  return chat;
}

/** Field and cursor of the widget, as they are now. */
const written = (chat) => chat.composer.evaluate((field) => ({ text: field.value, at: field.selectionStart, isFocused: field.getRootNode().activeElement === field }));

early('what is typed before the widget is there stays, with cursor and focus', async (visitor, go) => {
  const chat = await opened(visitor);
  assert.equal(await chat.launcher.count(), 0, 'the launcher closes now');
  assert.equal(await chat.field.getAttribute('placeholder'), words.en.write);
  await chat.page.keyboard.type('Chào bạn');
  await chat.page.keyboard.press('ArrowLeft');
  await chat.page.keyboard.press('ArrowLeft');
  assert.deepEqual(await axe(chat.page), []);
  await picture(chat.page, 'shell-typed');
  go();
  await chat.composer.waitFor();
  await chat.shell.waitFor({ state: 'detached' });
  assert.deepEqual(await written(chat), { text: 'Chào bạn', at: 6, isFocused: true });
  await chat.page.keyboard.type('!');
  assert.equal((await written(chat)).text, 'Chào b!ạn');
});

early('what is sent before the widget is there is sent once it is, once, and what follows is the next draft', async (visitor, go) => {
  const chat = await opened(visitor);
  const sent = [];
  chat.page.on('request', (request) => request.url().endsWith('/messages/stream') && sent.push(request.postData()));
  await chat.page.keyboard.type('The first');
  await chat.page.keyboard.press('Enter');
  await chat.shell.getByText(words.en.sending).waitFor();
  await chat.page.keyboard.type('The second');
  await chat.page.keyboard.press('Enter'); // one is enough to wait
  go();
  await chat.whole(1);
  assert.equal(await chat.questions.count(), 1);
  assert.match(await chat.questions.first().innerText(), /^The first/);
  assert.equal(sent.length, 1);
  assert.equal((await written(chat)).text, 'The second');
});

early('a word in the making is finished where it was begun', async (visitor, go) => {
  const chat = await opened(visitor);
  const session = await visitor.context.newCDPSession(chat.page);
  await session.send('Input.imeSetComposition', { text: 'にほん', selectionStart: 3, selectionEnd: 3 });
  go();
  await chat.composer.waitFor();
  await chat.page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))));
  assert.equal(await chat.field.inputValue(), 'にほん');
  await session.send('Input.insertText', { text: '日本' });
  await chat.shell.waitFor({ state: 'detached' });
  assert.deepEqual(await written(chat), { text: '日本', at: 2, isFocused: true });
});

early('it can be closed and opened again before the widget is there, with the text in it', async (visitor, go) => {
  const chat = await opened(visitor);
  const events = await chat.page.evaluateHandle(() => {
    const heard = [];
    for (const name of ['opened', 'closed', 'ready']) document.addEventListener(`twinchat.${name}`, () => heard.push(name));
    return heard;
  });
  await chat.page.keyboard.type('kept');
  await chat.page.keyboard.press('Escape');
  await chat.launcher.waitFor();
  assert.equal(await chat.field.isVisible(), false);
  assert.equal(await chat.page.evaluate(() => document.querySelector('twin-chat').isOpen), false);
  await chat.launcher.click();
  await chat.field.waitFor();
  assert.equal(await chat.field.inputValue(), 'kept');
  go();
  await chat.shell.waitFor({ state: 'detached' });
  await eventually(() => written(chat), ({ text, isFocused }) => text === 'kept' && isFocused, 'the text in the widget');
  assert.deepEqual(await events.jsonValue(), ['closed', 'opened', 'ready']);
});

early('closed for good it stays closed, and the text is there at the next time', async (visitor, go) => {
  const chat = await opened(visitor);
  await chat.page.keyboard.type('later');
  await chat.page.keyboard.press('Escape');
  go();
  await chat.page.evaluate(() => document.querySelector('twin-chat').ready);
  assert.equal(await chat.panel.last().isVisible(), false);
  await chat.launcher.click();
  await chat.composer.waitFor();
  await eventually(() => written(chat), ({ text }) => text === 'later', 'the text in the widget');
});

early('what was written is not lost when the widget cannot be had', async (visitor, go) => {
  const chat = await opened(visitor);
  await chat.page.keyboard.type('not lost');
  go('fail');
  await chat.page.locator('twin-chat #tip').getByText(words.en.launcher[3]).waitFor();
  assert.equal(await chat.shell.count(), 0);
  await chat.launcher.click();
  await chat.composer.waitFor();
  await eventually(() => written(chat), ({ text }) => text === 'not lost', 'the text in the widget');
});

early('without a twin that is named there is nothing to write in yet', async (visitor, go) => {
  const chat = await opened(visitor, { body: `<script type="module" src="${PROXY}/twinchat.js" data-heading="Sen"></script>` });
  await chat.shell.getByRole('heading', { name: 'Sen' }).waitFor();
  assert.equal(await chat.field.count(), 0);
  await chat.page.evaluate(() => void document.querySelector('twin-chat').setComposerValue({ text: 'from the page' }));
  go();
  await chat.pick(0);
  await chat.shell.waitFor({ state: 'detached' });
  await eventually(() => written(chat), ({ text }) => text === 'from the page', 'the text in the widget');
});

early('in a frame it is the same', async (visitor, go) => {
  const chat = await opened(visitor, { body: tag('data-frame'), framed: true });
  await chat.field.click();
  await chat.page.keyboard.type('framed');
  await picture(chat.page, 'shell-framed');
  go();
  await chat.shell.waitFor({ state: 'detached' });
  await eventually(() => written(chat), ({ text, isFocused }) => text === 'framed' && isFocused, 'the text in the widget');
});

early('it speaks the language and has the colours that the visitor has chosen before', async (visitor, go) => {
  const chat = await opened(visitor);
  await chat.page.evaluate((proxy) => localStorage.setItem(`twinchat.choices.${proxy}`, 'vi|dark'), PROXY);
  await chat.page.reload();
  await chat.launcher.click();
  await chat.field.waitFor();
  assert.equal(await chat.field.getAttribute('placeholder'), words.vi.write);
  assert.equal(await chat.shell.getAttribute('data-scheme'), 'dark');
  go();
});

/** Where the parts of what is drawn stand and what colours they have. */
const look = (root) =>
  root.evaluate((root) =>
    ['.tc-panel', '.tc-header', '.tc-header-title', '.tc-skeleton-row', '.tc-skeleton-lines', '.tc-composer', '.tc-composer-box', 'textarea', '.tc-send', '.tc-icon-button'].map((selector) => {
      const part = root.querySelector(selector);
      const { x, y, width, height } = part.getBoundingClientRect();
      const { color, backgroundColor, borderRadius, font, boxShadow, borderColor } = getComputedStyle(part);
      const last = [...root.querySelectorAll(selector)].at(-1).getBoundingClientRect();
      return { selector, box: [x, y, width, height].map(Math.round), last: [last.x, last.y].map(Math.round), color, backgroundColor, borderRadius, font, boxShadow, borderColor };
    }));

const LOOKS = {
  'on a desk, light': {}, 'on a desk, dark': { colorScheme: 'dark' },
  'on a phone, light': { viewport: PHONE, hasTouch: true, isMobile: true }, 'on a phone, dark': { viewport: PHONE, hasTouch: true, isMobile: true, colorScheme: 'dark' },
};
for (const [name, options] of Object.entries(LOOKS)) {
  for (const mode of ['bubble', 'inline']) {
    early(`it looks as the widget does at first: ${mode}, ${name}`, async (visitor, go) => {
      await visitor.context.route('**/api/**', () => {}); // the widget does not get beyond its first look
      const chat = await opened(visitor, { body: `<div style="height:600px">${tag(`data-mode="${mode}"`)}</div>`, press: mode === 'bubble' });
      await chat.page.evaluate(() => document.querySelector('twin-chat').shadowRoot.activeElement?.blur());
      const before = await look(chat.shell);
      go();
      await chat.shell.waitFor({ state: 'detached' });
      await chat.page.evaluate(() => document.querySelector('twin-chat').shadowRoot.activeElement?.blur());
      const now = await look(chat.root.locator('.tc-root'));
      const different = now.flatMap((part, at) => Object.keys(part).filter((key) => `${part[key]}` !== `${before[at][key]}`).map((key) => `${part.selector} ${key}: ${before[at][key]}, then ${part[key]}`));
      assert.deepEqual(different, []);
    }, { ...options, reducedMotion: 'reduce' });
  }
}
