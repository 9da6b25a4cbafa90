// A visitor's whole way, over the real demo, in a real browser. What the tests leave on disk is searched by leaks.test.mjs.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Chat } from './support/chat.mjs';
import * as upstream from './support/upstream.mjs';
import { words } from './support/words.mjs';
import { PHONE, axe, demo, eventually, keepPage, openWorld, picture, stored } from './support/world.mjs';

const QUESTION = 'Thử việc tối đa mấy tháng và lương thử việc tính sao?';

let world;
before(async () => {
  world = await openWorld();
});
after(() => world?.close());

/** One visitor from the first page view to the last; the page may ask only these two, and must not complain. */
function journey(name, options, walk) {
  test(name, async () => {
    const visitor = await world.visitor(options);
    try {
      await walk(visitor);
      assert.deepEqual([...visitor.seen.origins].filter((origin) => origin !== demo.site && origin !== demo.proxy), [], 'asked somebody else');
      if (!options.mayComplain) assert.deepEqual(visitor.seen.complaints, [], 'the console is not silent');
    } catch (error) {
      for (const [at, page] of visitor.context.pages().entries()) await picture(page, `failed-${name.slice(0, 60)}-${at}`).catch(() => {});
      throw error;
    } finally {
      for (const page of visitor.context.pages()) await keepPage(page, 'last').catch(() => {});
      await visitor.context.close();
    }
  });
}

/** The last answer as the proxy has stored it: what the widget fetches on a page that is loaded anew. */
async function storedAnswer(chat) {
  const history = {};
  history.promise = new Promise((resolve, reject) => Object.assign(history, { resolve, reject }));
  await chat.page.route(/\/messages(\?|$)/, async (route) => {
    if (route.request().method() !== 'GET') return route.continue();
    try {
      const response = await route.fetch();
      history.resolve(await response.json());
      await route.fulfill({ response });
    } catch (error) {
      history.reject(error);
    }
  });
  await chat.comeBack();
  const { data } = await history.promise;
  return data.filter(({ role }) => role === 'assistant').at(-1);
}

journey('the bubble is there before the widget is fetched, and nothing is stored before the first message', {}, async ({ open }) => {
  const page = await open('/?lang=en');
  const chat = new Chat(page);
  await chat.launcher.waitFor();
  const fetched = () => page.evaluate(() => performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('.wasm')).length);
  assert.equal(await fetched(), 0);
  await chat.openAndPick();
  assert.equal(await fetched(), 1);
  assert.deepEqual(await stored(page), { local: {}, session: {}, databases: [], caches: [], cookies: '' });
});

journey('a visitor picks a twin, sends, sees the answer grow, and finds it again after a reload', {}, async ({ open }) => {
  const page = await open('/?lang=en');
  const chat = new Chat(page);
  await chat.open();
  const listed = await upstream.twins();
  await eventually(() => chat.twins.count(), (count) => count > listed.length, 'all twins in the picker, and those of the other upstreams');
  await chat.pick(0);
  await chat.ask(QUESTION);
  const lengths = new Set();
  await eventually(
    async () => {
      lengths.add((await chat.said()).length);
      return chat.button(words.en.copy, chat.answers.last()).isVisible();
    },
    Boolean,
    'a whole answer',
    60_000,
  );
  assert.ok(lengths.size >= 5, `the answer was seen at ${lengths.size} lengths only: it did not stream`);
  const text = await chat.whole(1);
  const kept = await storedAnswer(chat);
  assert.equal(await chat.whole(1), text);
  assert.equal(kept.content, await upstream.answer(listed[0].id, QUESTION));
  assert.equal(kept.status, 'complete');
});

for (const bytes of [400, 1500, 4000]) {
  journey(`a connection cut after ${bytes} bytes of the reply costs no character and doubles none`, { mayComplain: true }, async ({ open }) => {
    const page = await open('/?lang=en');
    const chat = new Chat(page);
    await chat.openAndPick();
    const opened = world.proxy.streams;
    const cut = world.proxy.cutStreamAfter(bytes);
    await chat.ask(QUESTION);
    await cut;
    const text = await chat.whole(1);
    assert.ok(world.proxy.streams - opened >= 2, 'the stream was not opened again');
    const kept = await storedAnswer(chat);
    assert.equal(await chat.whole(1), text, 'what was streamed differs from what was stored');
    assert.equal(kept.content, await upstream.answer((await upstream.twins())[0].id, QUESTION));
  });
}

journey('a network that is gone for a while is told, and the answer is complete once it is back', { mayComplain: true }, async ({ open, context }) => {
  const page = await open('/?lang=en');
  const chat = new Chat(page);
  await chat.openAndPick();
  await chat.ask(QUESTION);
  await chat.reaches(40, 1);
  await context.setOffline(true);
  world.proxy.down();
  await chat.root.getByText(words.en.offline).first().waitFor();
  await picture(page, 'offline');
  world.proxy.up();
  await context.setOffline(false);
  const text = await chat.whole(1);
  await chat.comeBack();
  assert.equal(await chat.whole(1), text);
});

journey('an answer that the upstream breaks off keeps what came, says so, and can be had again', { mayComplain: true }, async ({ open }) => {
  const page = await open('/?lang=en');
  const chat = new Chat(page);
  await chat.openAndPick();
  await upstream.fault({ kind: 'error_event', afterDeltas: 3 });
  await chat.ask(QUESTION);
  const again = chat.button(words.en.answer_again);
  await again.waitFor();
  assert.notEqual(await chat.said(), '');
  await picture(page, 'broken-off');
  await again.click();
  await chat.whole(1);
});

journey('stopping keeps what came and says so', {}, async ({ open }) => {
  const page = await open('/?lang=en');
  const chat = new Chat(page);
  await chat.openAndPick();
  await chat.ask(QUESTION);
  await chat.reaches(40, 1);
  await chat.stop.click();
  await chat.root.getByText(words.en.stopped).waitFor();
  const text = await chat.said();
  assert.ok(text.length >= 40);
  const kept = await storedAnswer(chat);
  assert.equal(kept.status, 'stopped');
  await chat.root.getByText(words.en.stopped).waitFor();
});

journey('a conversation is renamed and deleted for good', {}, async ({ open }) => {
  const page = await open('/?lang=en');
  const chat = new Chat(page);
  await chat.openAndPick();
  await chat.ask('Hello');
  await chat.whole(1);
  await chat.list();
  await chat.action('Hello', words.en.rename);
  const field = chat.root.getByRole('textbox', { name: words.en.new_title });
  await field.fill('Đơn hàng của tôi');
  await field.press('Enter');
  await chat.row('Đơn hàng của tôi').waitFor();
  await chat.comeBack();
  await chat.list();
  await chat.row('Đơn hàng của tôi').waitFor();
  await picture(page, 'list');
  await chat.action('Đơn hàng của tôi', words.en.delete);
  await chat.root.getByRole('alertdialog').getByRole('button', { name: words.en.delete, exact: true }).click();
  await eventually(() => chat.root.getByText('Đơn hàng của tôi').count(), (count) => count === 0, 'the row to go');
  await chat.comeBack();
  await chat.root.getByText(words.en.choose_twin).or(chat.root.getByText(words.en.no_conversations)).first().waitFor();
  assert.equal(await chat.root.getByText('Đơn hàng của tôi').count(), 0);
});

journey('a second tab shows the reply that the first one asked for', {}, async ({ open }) => {
  const first = await open('/?lang=en');
  const here = new Chat(first);
  await here.openAndPick();
  await here.ask(QUESTION);
  await here.reaches(20, 1);
  const second = await open('/?lang=en');
  const there = new Chat(second);
  await there.open();
  await there.row(QUESTION.slice(0, 20)).click();
  const one = await here.whole(1);
  assert.equal(await there.whole(1), one);
  await there.ask('Cảm ơn nhé');
  await eventually(() => here.questions.count(), (count) => count === 2, 'the other tab’s question');
  assert.equal(await here.whole(2), await there.whole(2));
});

journey('the language changes at once and everywhere, without losing the draft', { locale: 'vi-VN' }, async ({ open }) => {
  const page = await open('/?lang=vi');
  const chat = new Chat(page, 'vi');
  await chat.openAndPick();
  await chat.composer.fill('Chưa gửi đâu');
  await chat.choose('English');
  const english = new Chat(page, 'en');
  await english.composer.waitFor();
  assert.equal(await english.composer.inputValue(), 'Chưa gửi đâu');
  await english.choose('Tiếng Việt');
  assert.equal(await chat.composer.inputValue(), 'Chưa gửi đâu');
});

journey('the keyboard alone does everything', {}, async ({ open }) => {
  const page = await open('/?lang=en');
  const chat = new Chat(page);
  const press = (...keys) => keys.reduce((done, key) => done.then(() => page.keyboard.press(key)), Promise.resolve());
  await chat.launcher.focus();
  await press('Enter');
  await chat.twins.first().waitFor();
  await eventually(
    () => page.evaluate(() => document.querySelector('twin-chat').shadowRoot.activeElement?.getAttribute('role') ?? ''),
    (role) => role === 'combobox' || role === 'listbox',
    'the focus in the picker',
  );
  await press('ArrowDown', 'Enter');
  await chat.composer.waitFor();
  await eventually(() => chat.composer.evaluate((field) => field.getRootNode().activeElement === field), Boolean, 'the focus in the composer');
  await page.keyboard.type('Hello');
  await press('Shift+Enter');
  await page.keyboard.type('there');
  assert.equal(await chat.composer.inputValue(), 'Hello\nthere');
  await press('Enter');
  await chat.whole(1);
  await press('Escape');
  await eventually(() => chat.launcher.evaluate((button) => button.getRootNode().activeElement === button), Boolean, 'the focus back on the bubble');
});

journey('a word that the input method composes is not sent by the Enter that ends it', {}, async ({ open, context }) => {
  const page = await open('/?lang=en');
  const chat = new Chat(page);
  await chat.openAndPick();
  const input = await context.newCDPSession(page);
  const compose = (text) => input.send('Input.imeSetComposition', { text, selectionStart: text.length, selectionEnd: text.length });
  const enter = async (windowsVirtualKeyCode) => {
    for (const type of ['rawKeyDown', 'keyUp']) await input.send('Input.dispatchKeyEvent', { type, key: 'Enter', code: 'Enter', windowsVirtualKeyCode });
  };
  await chat.composer.focus();
  for (const text of ['t', 'ti', 'tiê', 'tiế', 'tiếng']) await compose(text);
  await enter(229);
  assert.equal(await chat.composer.inputValue(), 'tiếng', 'half a word was sent');
  await input.send('Input.insertText', { text: 'tiếng' });
  assert.equal(await chat.composer.inputValue(), 'tiếng');
  await enter(13);
  await chat.questions.getByText('tiếng', { exact: true }).waitFor();
  assert.equal(await chat.composer.inputValue(), '');
  await chat.whole(1);
});

journey('on a phone the panel fills the screen', { viewport: PHONE, hasTouch: true, isMobile: true }, async ({ open }) => {
  const page = await open('/?lang=en');
  const chat = new Chat(page);
  await chat.launcher.tap();
  await chat.twins.first().waitFor();
  await eventually(() => chat.panel.boundingBox(), (box) => box.width >= PHONE.width && box.height >= PHONE.height - 1, 'the whole screen');
  await chat.twins.first().tap();
  await chat.ask('Hello');
  await chat.whole(1);
  const wide = await page.evaluate(() => document.scrollingElement.scrollWidth);
  assert.ok(wide <= PHONE.width, `the page is ${wide} wide`);
});

for (const [device, viewport] of [['desktop', { width: 1280, height: 800 }], ['phone', PHONE]]) {
  for (const colorScheme of ['light', 'dark']) {
    for (const language of ['vi', 'en']) {
      const locale = { vi: 'vi-VN', en: 'en-GB' }[language];
      const look = `${device}-${colorScheme}-${language}`;
      journey(`axe finds nothing serious in picker, chat and list: ${look}`, { viewport, colorScheme, locale }, async ({ open }) => {
        const page = await open(`/?lang=${language}`);
        const chat = new Chat(page, language);
        await picture(page, `${look}-1-page`);
        await chat.open();
        await chat.twins.first().waitFor();
        await picture(page, `${look}-2-picker`);
        const found = { picker: await axe(page) };
        await chat.pick(0);
        await chat.ask(QUESTION);
        await chat.reaches(200, 1);
        await picture(page, `${look}-3-streaming`);
        await chat.whole(1);
        await picture(page, `${look}-4-chat`);
        found.chat = await axe(page);
        await chat.list();
        await picture(page, `${look}-5-list`);
        found.list = await axe(page);
        await keepPage(page, look);
        assert.deepEqual(found, { picker: [], chat: [], list: [] });
      });
    }
  }
}
