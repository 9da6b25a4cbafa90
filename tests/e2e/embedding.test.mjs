// The widget on pages of others: the strictest policies, hostile styles, two at once, moved, left and come back to, crashed.
// What holds in the page holds in frame mode too, where the two are not different by nature.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { Chat } from './support/chat.mjs';
import { policy } from './support/documents.mjs';
import { identityToken } from './support/identity.mjs';
import { words } from './support/words.mjs';
import { PHONE, demo, eventually, openWorld, ownPage, picture, stored } from './support/world.mjs';

const PROXY = demo.proxy;
const OTHER = PROXY.replace('127.0.0.1', 'localhost');
const tag = (attributes = '', file = 'twinchat.js') => `<script type="module" src="${PROXY}/${file}" ${attributes}></script>`;
/** The strictest policies there can be, as docs/embedding.md publishes them. */
const STRICTEST = { direct: policy('In the page'), framed: policy('In a frame') };

let world;
before(async () => {
  world = await openWorld();
});
after(() => world?.close());

/** A test with a visitor of its own, in the page and in a frame. */
function both(name, walk, options = {}) {
  for (const kind of ['direct', 'framed']) alone(`${name} (${kind})`, (visitor) => walk(visitor, { kind, framed: kind === 'framed', data: kind === 'framed' ? 'data-frame' : '' }), options);
}

function alone(name, walk, options = {}) {
  test(name, async () => {
    const visitor = await world.visitor(options);
    try {
      await walk(visitor);
    } catch (error) {
      for (const [at, page] of visitor.context.pages().entries()) await picture(page, `failed-${name.slice(0, 60)}-${at}`).catch(() => {});
      throw error;
    } finally {
      await visitor.context.close();
    }
  });
}

const names = (page) => page.evaluate(() => Object.getOwnPropertyNames(globalThis));
const settled = (page) => page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));

both('a whole chat under the strictest policy violates nothing, asks nobody else, and stores nothing before the first message', async (visitor, { kind, framed, data }) => {
  const page = await ownPage(visitor, { body: tag(data), policy: STRICTEST[kind] });
  const chat = new Chat(page, 'en', { framed });
  await chat.launcher.waitFor();
  const before = await names(page);
  await chat.open();
  await chat.pick(0);
  const nothing = { local: {}, session: {}, databases: [], caches: [], cookies: '' };
  assert.deepEqual(await stored(page), nothing);
  if (framed) assert.deepEqual(await stored(page.frames().find((frame) => frame.url().startsWith(PROXY))), nothing);
  await picture(page, `strictest-${kind}`);
  await chat.ask('Hello');
  await chat.whole(1);
  assert.deepEqual(page.violations, []);
  assert.deepEqual(visitor.seen.complaints, []);
  assert.deepEqual([...visitor.seen.origins].filter((origin) => origin !== demo.site && origin !== PROXY), []);
  assert.deepEqual((await names(page)).filter((name) => !before.includes(name)), [], 'a global of its own');
});

alone('a policy that does not let the frame be is named with what to add, and the next press tries again', async (visitor) => {
  const page = await ownPage(visitor, { body: tag('data-frame'), policy: STRICTEST.framed.replace(`frame-src ${PROXY};`, '') });
  const chat = new Chat(page, 'en', { framed: true });
  await chat.launcher.click();
  await page.locator('twin-chat #tip').getByText(words.en.launcher[3]).waitFor();
  assert.ok(visitor.seen.complaints.some((text) => text.includes(`add ${PROXY} to frame-src`)), visitor.seen.complaints.join('\n'));
  assert.equal(await page.locator('twin-chat iframe').count(), 0);
});

alone('the frame\'s document obeys pages of the owner\'s sites and nobody else', async (visitor) => {
  const page = await visitor.context.newPage();
  const other = 'http://other.example';
  await page.route(`${other}/`, (route) => route.fulfill({ contentType: 'text/html', body: `<!doctype html><iframe src="${PROXY}/frame"></iframe>` }));
  await page.goto(`${other}/`);
  await eventually(() => visitor.seen.complaints.join(), (text) => /frame-ancestors/.test(text), 'the refusal');

  const own = await ownPage(visitor, { body: `<iframe src="${PROXY}/frame"></iframe>` });
  const frame = await eventually(() => own.frames().find((one) => one.url().startsWith(PROXY)), Boolean, 'the frame');
  await frame.waitForSelector('#place', { state: 'attached' });
  // A window that is not the one around it.
  await frame.evaluate(() => postMessage({ twinchat: 1, options: { mode: 'page' }, properties: {}, language: 'en', state: {} }, '*', [new MessageChannel().port2]));
  await settled(own);
  assert.equal(await frame.locator('.tc-panel').count(), 0);
});

alone('a plain <iframe> needs no script at all', async (visitor) => {
  const page = await ownPage(visitor, {
    body: `<iframe src="${PROXY}/frame?mode=inline&lang=vi&heading=Sen" style="width:420px;height:640px" title="Chat"></iframe>`,
    policy: `${policy('A plain iframe')}; style-src-attr 'unsafe-inline'`,
  });
  const frame = page.frameLocator('iframe');
  await frame.getByRole('option').first().click();
  await frame.locator('.tc-root:not(.tc-shell) [part~=input]').fill('Hello');
  await frame.getByRole('button', { name: words.vi.send, exact: true }).click();
  await frame.getByRole('button', { name: words.vi.copy, exact: true }).waitFor({ timeout: 60_000 });
  await picture(page, 'plain-iframe');
  assert.deepEqual(page.violations, []);
});

alone('the pinned loader with Subresource Integrity works, and takes no other widget than its own', async (visitor) => {
  const { files } = JSON.parse(await readFile(new URL('../../dist/manifest.json', import.meta.url)));
  const { path, integrity } = files.find(({ role }) => role === 'pinned');
  const pinned = tag(`integrity="${integrity}" crossorigin="anonymous"`, path);
  const page = await ownPage(visitor, { body: pinned, policy: STRICTEST.direct });
  await new Chat(page).open();
  assert.deepEqual(page.violations, []);

  const glue = files.find(({ role, path: name }) => role === 'widget' && name.endsWith('.js')).path;
  const forged = await ownPage(visitor, { body: pinned, name: 'forged' });
  await forged.route(`${PROXY}/${glue}`, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${await response.text()}\n;document.title = 'forged';` });
  });
  await new Chat(forged).launcher.click();
  await forged.locator('twin-chat #tip').getByText(words.en.launcher[3]).waitFor();
  assert.equal(await forged.title(), 'A page');

  // What the widget fetches later: what few visitors need…
  const rest = files.find(({ role }) => role === 'rest').path;
  for (const honest of [true, false]) {
    const later = await ownPage(visitor, { body: pinned, policy: STRICTEST.direct, name: `rest-${honest}` });
    await later.route(`${PROXY}/${rest}`, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: Buffer.concat([await response.body(), Buffer.from(honest ? [] : [0, 1, 0])]) });
    });
    const chat = new Chat(later);
    await chat.openAndPick();
    await chat.button(chat.words.menu).click();
    await (honest ? chat.root.getByRole('menu') : chat.root.getByText(words.en.problem_network)).waitFor();
    assert.equal(await chat.root.getByRole('menu').count(), honest ? 1 : 0);
    assert.deepEqual(later.violations, []);
  }

  // … and here the colours of code.
  const lazy = files.find(({ path: name }) => name.startsWith('twinchat-highlight')).path;
  for (const honest of [true, false]) {
    const later = await ownPage(visitor, { body: pinned, policy: STRICTEST.direct, name: `later-${honest}` });
    await later.route(`${PROXY}/${lazy}`, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: honest ? await response.text() : `${await response.text()}\n;document.title = 'forged';` });
    });
    const complaints = visitor.seen.complaints.length;
    const chat = new Chat(later);
    await chat.open();
    if (honest) {
      await chat.twins.filter({ hasText: 'Ferris' }).click();
      await chat.ask('Explain ownership with a small example');
    } else {
      await chat.row('Explain ownership').click();
    }
    await chat.whole(1);
    const colours = () => later.evaluate(() => [...CSS.highlights.values()].reduce((sum, { size }) => sum + size, 0));
    if (honest) {
      await eventually(colours, (count) => count > 0, 'coloured words');
    } else {
      const refused = () => visitor.seen.complaints.slice(complaints).join('\n');
      await eventually(refused, (text) => /integrity/.test(text) && text.includes(lazy), 'the refusal');
      assert.equal(await colours(), 0);
    }
    assert.equal(await later.title(), 'A page');
    assert.deepEqual(later.violations, []);
  }
});

const { resolve } = createRequire(import.meta.url);
const own = (name) => new URL(`fixtures/${name}.css`, import.meta.url);
const SHEETS = {
  unset: own('unset'),
  reset: own('reset'),
  'Tailwind preflight': resolve('tailwindcss/preflight.css'),
  'Bootstrap reboot': resolve('bootstrap/dist/css/bootstrap-reboot.css'),
};

/** How everything in the widget looks, an element a line. */
const looks = (page) => page.evaluate(() => {
  const root = document.querySelector('twin-chat').shadowRoot;
  for (const animation of root.getAnimations()) if (animation.effect.getComputedTiming().endTime !== Infinity) animation.finish();
  return [...root.querySelectorAll('[part~=panel], [part~=panel] *, #launcher')].map((element) => {
    const style = getComputedStyle(element);
    const { x, y, width, height } = element.getBoundingClientRect();
    const box = `${element.tagName} ${element.getAttribute('class')} ${x} ${y} ${width} ${height}`;
    // Custom properties are inherited everywhere; the widget looks at its own only.
    return [box, ...[...style].filter((name) => !name.startsWith('--')).map((name) => `${name}: ${style.getPropertyValue(name)}`)];
  });
});

for (const [sheet, path] of Object.entries(SHEETS)) {
  alone(`styles of the page do not change the widget, nor the widget the page: ${sheet}`, async (visitor) => {
    const css = await readFile(path, 'utf8');
    let plain;
    for (const [name, head] of [['plain', ''], ['styled', '<link rel="stylesheet" href="/page.css">']]) {
      const page = await ownPage(visitor, { name, head, body: `<h1>Heading</h1><p>Words <a href="#">and a link</a></p><button>A button</button>${tag('data-style="--tc-radius:0px"')}`, scripts: { 'page.css': css } });
      const host = () => page.evaluate(() => ['h1', 'p', 'a', 'button', 'body'].map((tag) => JSON.stringify(Object.fromEntries([...getComputedStyle(document.querySelector(tag))].map((key) => [key, getComputedStyle(document.querySelector(tag))[key]])))));
      const chat = new Chat(page);
      await chat.launcher.waitFor();
      const before = await host();
      await chat.open();
      await chat.twins.first().waitFor();
      await chat.twins.first().click();
      await chat.composer.fill('A draft');
      await chat.panel.hover({ position: { x: 5, y: 5 } });
      plain ??= await looks(page);
      const others = async () => (await looks(page)).flatMap(([box, ...rules], at) => [box, ...rules].filter((rule) => !plain[at]?.includes(rule)).map((rule) => `${box}: ${rule}`));
      await eventually(others, (found) => found.length === 0, 'other looks than on a plain page', 5000);
      if (head) await picture(page, `host-${sheet}`);
      assert.deepEqual(await host(), before, 'the page looks different');
      await page.close();
    }
  });
}

both('ten mounts and unmounts leave nothing behind', async (visitor, { framed, data }) => {
  const page = await ownPage(visitor, { body: `<div id="place"></div>${tag(data)}` });
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const put = (framed) => page.evaluate(async (framed) => {
    document.querySelector('twin-chat')?.remove();
    const element = document.createElement('twin-chat');
    if (framed) element.frame = 'true';
    document.getElementById('place').append(element);
    await element.open();
  }, framed);
  const take = () => page.evaluate(async () => {
    document.querySelector('twin-chat').remove();
    await new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)));
  });
  const rounds = async (count) => {
    for (let round = 0; round < count; round += 1) {
      await put(framed);
      // Chromium never lets go of a document that is gone before the database it opens is there.
      if (framed) await new Chat(page, 'en', { framed }).twins.first().waitFor();
      await take();
    }
  };
  const held = async () => {
    await session.send('HeapProfiler.collectGarbage');
    await session.send('HeapProfiler.collectGarbage');
    const { metrics } = await session.send('Performance.getMetrics');
    const of = (name) => metrics.find((metric) => metric.name === name).value;
    return { nodes: of('Nodes'), listeners: of('JSEventListeners'), heap: of('JSHeapUsedSize'), frames: page.frames().length };
  };
  await new Chat(page).launcher.waitFor();
  await rounds(3);
  const before = await held();
  await rounds(10);
  // The browser lets go of the last ones in its own time.
  const now = await eventually(held, ({ nodes, listeners }) => nodes - before.nodes < 100 && listeners - before.listeners < 10, `as little as ${JSON.stringify(before)}`);
  assert.ok(now.heap - before.heap < 2_000_000, `${now.heap - before.heap} bytes more`);
  assert.equal(now.frames, 1);
  assert.equal(await page.locator('#place > *').count(), 0);
});

both('two widgets with different proxies on one page are two visitors', async (visitor, { framed }) => {
  const frame = framed ? 'frame="true"' : '';
  const element = (id, proxy, position) => `<twin-chat id="${id}" proxy="${proxy}" position="${position}" ${frame}></twin-chat>`;
  const page = await ownPage(visitor, { body: element('one', PROXY, 'left') + element('two', OTHER, 'right') + tag() });
  const chats = ['one', 'two'].map((id) => new Chat(page, 'en', { framed, at: `#${id}` }));
  for (const [at, chat] of chats.entries()) {
    await chat.openAndPick();
    await chat.ask(`Hello ${at}`);
    await chat.whole(1);
  }
  for (const [at, chat] of chats.entries()) {
    await chat.list();
    await chat.row(`Hello ${at}`).waitFor();
    assert.equal(await chat.root.getByText(`Hello ${1 - at}`).count(), 0);
  }
  await picture(page, `two-proxies-${framed ? 'framed' : 'direct'}`);
  assert.equal(await page.locator('twin-chat').count(), 2, 'the tag put a third one there');
});

both('moved in the page it keeps its conversation, its draft and that it is open', async (visitor, { framed, data }) => {
  const page = await ownPage(visitor, { body: `<div id="there"></div>${tag(data)}` });
  const chat = new Chat(page, 'en', { framed });
  await chat.openAndPick();
  await chat.ask('Hello');
  const said = await chat.whole(1);
  await chat.composer.fill('Not sent yet');
  await page.evaluate(() => document.getElementById('there').append(document.querySelector('twin-chat')));
  await chat.composer.waitFor();
  assert.equal(await chat.composer.inputValue(), 'Not sent yet');
  assert.equal(await chat.whole(1), said);
  assert.equal(await page.evaluate(() => document.querySelector('twin-chat').isOpen), true);
});

both('left and come back to, by the browser\'s own memory or anew, it is there and works', async (visitor, { framed, data }) => {
  const page = await ownPage(visitor, { body: tag(data) });
  const chat = new Chat(page, 'en', { framed });
  await chat.openAndPick();
  await chat.ask('Hello');
  const said = await chat.whole(1);
  await page.goto(`${demo.site}/?lang=en`);
  await page.goBack();
  await chat.panel.waitFor();
  assert.equal(await chat.whole(1), said);
  await chat.ask('And again');
  await chat.whole(2);
});

both('a crash of the widget shows a notice and a way to start it again, and never takes the page along', async (visitor, { framed, data }) => {
  const page = await ownPage(visitor, { body: `<button id="own">Own</button>${tag(data)}`, scripts: {} });
  const chat = new Chat(page, 'en', { framed });
  await chat.openAndPick();
  await chat.ask('Hello');
  await chat.whole(1);
  // A real panic: the next element cannot be made.
  const inside = framed ? page.frames().find((frame) => frame.url().startsWith(PROXY)) : page;
  await inside.evaluate(() => {
    const { createElement } = Document.prototype;
    Document.prototype.createElement = function (name, ...rest) {
      if (name === 'div' && !document.spared) {
        document.spared = true;
        throw new Error('no element today');
      }
      return createElement.call(this, name, ...rest);
    };
  });
  await chat.button(words.en.conversations).click();
  await page.locator('twin-chat').getByRole('alert').getByText(words.en.launcher[3]).waitFor();
  await picture(page, `crashed-${framed ? 'framed' : 'direct'}`);
  assert.equal(await page.evaluate(() => document.querySelector('twin-chat').isOpen), false);
  await page.click('#own');
  await chat.launcher.click();
  await chat.panel.waitFor();
  await chat.answers.first().waitFor();
  assert.equal(await page.locator('twin-chat #tip').textContent(), '');
});

both('on a phone the panel covers the screen', async (visitor, { framed, data }) => {
  const page = await ownPage(visitor, { head: '<meta name="viewport" content="width=device-width">', body: tag(data) });
  const chat = new Chat(page, 'en', { framed });
  await chat.launcher.tap();
  await chat.twins.first().waitFor();
  const box = await (framed ? page.locator('twin-chat iframe') : chat.panel).boundingBox();
  assert.ok(box.width >= PHONE.width && box.height >= PHONE.height - 1, JSON.stringify(box));
  await picture(page, `phone-${framed ? 'framed' : 'direct'}`);
  await chat.button(words.en.close).tap();
  await chat.launcher.waitFor();
}, { viewport: PHONE, hasTouch: true, isMobile: true });

both('the element\'s calls and events are the same in the page and in a frame', async (visitor, { framed, data }) => {
  const page = await ownPage(visitor, { body: tag(data) });
  const chat = new Chat(page, 'en', { framed });
  await chat.launcher.waitFor();
  const heard = await page.evaluate(async (twin) => {
    const element = document.querySelector('twin-chat');
    const heard = [];
    for (const name of ['ready', 'opened', 'twin.change', 'closed', 'error']) document.addEventListener(`twinchat.${name}`, (event) => heard.push(name + (event.detail?.twinId ? ' ' + event.detail.twinId : '')));
    await element.setTwin(twin);
    await element.setComposerValue({ text: 'From the page' });
    const wrong = await element.sendUserMessage('x').catch((error) => `${error.name} ${error.message}`);
    const denied = await element.identify('no.token.atall').catch((error) => error.code);
    return { heard, wrong, denied, open: element.isOpen };
  }, demo.twin);
  await chat.composer.waitFor();
  assert.equal(await chat.composer.inputValue(), 'From the page');
  assert.match(heard.wrong, /^TypeError .*takes an object with a text/);
  assert.equal(heard.denied, 'IDENTITY_REFUSED');
  assert.equal(heard.open, true);
  assert.deepEqual(heard.heard.slice(0, 2), ['opened', 'ready']);
  await page.evaluate(() => document.querySelector('twin-chat').close());
  await chat.panel.waitFor({ state: 'hidden' });
});

both('a visitor who signs in is asked about what was said before, finds it again, and signed out sees none of it', async (visitor, { framed, data }) => {
  const page = await ownPage(visitor, { body: tag(data) });
  const chat = new Chat(page, 'en', { framed });
  const identify = (token) => page.evaluate((text) => document.querySelector('twin-chat').identify(text), token);
  const user = `user-${randomUUID()}`;
  await chat.openAndPick();
  await chat.ask('Before signing in');
  await chat.whole(1);
  await chat.composer.fill('Half a sentence');
  await identify(identityToken(user));
  await chat.root.getByText(words.en.offer).waitFor();
  assert.equal(await chat.composer.inputValue(), 'Half a sentence');
  assert.equal(await chat.answers.count(), 0);
  await picture(page, `offer-${framed ? 'framed' : 'direct'}`);
  await chat.button(words.en.take_over).click();
  await chat.root.getByText('1 conversation was added to your account.').waitFor();
  await picture(page, `taken-over-${framed ? 'framed' : 'direct'}`);
  await chat.button(words.en.dismiss).click();
  await chat.list();
  await chat.row('Before signing in').waitFor();
  await identify(null);
  await chat.root.getByText('Before signing in').waitFor({ state: 'detached' });

  // On another device, where nobody calls: the page's getToken is asked when the panel is opened, not before.
  const elsewhere = await world.visitor();
  const there = await ownPage(elsewhere, { body: tag(data) });
  await there.exposeFunction('tokenFor', identityToken);
  await there.evaluate((name) => {
    document.querySelector('twin-chat').getToken = async ({ previous, reason, signal }) => {
      (document.asked ??= []).push([previous, reason, signal.aborted]);
      return globalThis.tokenFor(name);
    };
  }, user);
  assert.equal(await there.evaluate(() => document.asked), undefined);
  const other = new Chat(there, 'en', { framed });
  await other.open();
  await other.row('Before signing in').waitFor();
  assert.deepEqual(await there.evaluate(() => document.asked), [[null, 'initial', false]]);
  await elsewhere.context.close();
});

both('a page may say who is signed in after the chat has begun', async (visitor, { framed, data }) => {
  const page = await ownPage(visitor, { body: tag(data) });
  const chat = new Chat(page, 'en', { framed });
  const user = `user-${randomUUID()}`;
  await chat.openAndPick();
  await chat.ask('Before anybody said who this is');
  await chat.whole(1);
  await page.exposeFunction('tokenFor', identityToken);
  const told = page.evaluate((name) => {
    const element = document.querySelector('twin-chat');
    const signedIn = new Promise((resolve) => element.addEventListener('twinchat.identity.change', ({ detail }) => resolve(detail.signedIn)));
    element.getToken = async ({ reason }) => ((document.asked ??= []).push(reason), globalThis.tokenFor(name));
    return signedIn;
  }, user);
  assert.equal(await told, true);
  await chat.root.getByText(words.en.offer).waitFor();
  assert.equal(await chat.answers.count(), 0);
  // As React does whenever it draws: another function is the same page's word.
  await page.evaluate(() => {
    const element = document.querySelector('twin-chat');
    const { getToken } = element;
    element.getToken = (request) => getToken(request);
  });
  await chat.button(words.en.take_over).click();
  await chat.root.getByText('1 conversation was added to your account.').waitFor();
  assert.deepEqual(await page.evaluate(() => document.asked), ['initial']);
});
