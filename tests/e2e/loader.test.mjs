// The loader in a browser: everything <twin-chat> does before, around and after the widget itself.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { TEXTS } from '../../npm/twinchat-look.js';
import { raiseStage, STRICT } from './support/stage.mjs';

const TAG = '<script type="module" src="/twinchat.js"></script>';
const launcher = 'twin-chat #launcher';
let stage;

before(async () => {
  stage = await raiseStage();
});
after(() => stage.close());

/** What the stand-in was asked, without the options it was mounted with. */
const asked = (page) => page.evaluate(() => (document.standIn?.asked ?? []).map(([name, ...rest]) => (/mount|setOptions/.test(name) ? [name] : [name, ...rest])));
const options = (page) => page.evaluate(() => document.standIn.asked.filter(([name]) => /mount|setOptions/.test(name)).at(-1)[1]);
const widgetFiles = () => stage.requests.filter((name) => /^twinchat-(widget|shell)/.test(name));

test('one script tag puts a launcher on the page and fetches no WebAssembly', async () => {
  const page = await stage.page(TAG);
  await page.waitForSelector(launcher);
  assert.equal(await page.getAttribute(launcher, 'aria-label'), 'Open chat');
  assert.equal(await page.getAttribute(launcher, 'aria-expanded'), 'false');
  assert.deepEqual(widgetFiles(), []);
  assert.deepEqual(await page.evaluate(() => Object.keys(localStorage).concat(Object.keys(sessionStorage), document.cookie || [])), []);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('pointing at the launcher fetches the widget, pressing it opens the panel, pressing it again closes it', async () => {
  const page = await stage.page(TAG);
  await page.hover(launcher);
  await page.waitForFunction(() => document.standIn?.mounted === 1);
  assert.deepEqual(await asked(page), [['mount']]);
  await page.click(launcher);
  await page.waitForSelector('twin-chat[open]');
  assert.equal(await page.getAttribute(launcher, 'aria-label'), 'Close chat');
  assert.equal(await page.getAttribute(launcher, 'aria-expanded'), 'true');
  await page.click(launcher);
  await page.waitForSelector('twin-chat:not([open])');
  assert.deepEqual(await asked(page), [['mount'], ['open'], ['close']]);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('the keyboard alone opens the panel, and closing gives the focus back to the launcher', async () => {
  const page = await stage.page(TAG);
  await page.waitForSelector(launcher);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.waitForSelector('twin-chat[open]');
  await page.locator('twin-chat p').focus();
  await page.evaluate(() => document.querySelector('twin-chat').close());
  await page.waitForSelector('twin-chat:not([open])');
  assert.equal(await page.evaluate(() => document.querySelector('twin-chat').shadowRoot.activeElement?.id), 'launcher');
  await page.close();
});

test('the options of a script tag reach the widget, and the proxy is where the script came from', async () => {
  const page = await stage.page(
    '<script type="module" src="/twinchat.js" data-twin="twin_1" data-color-scheme="dark" data-locale="vi" data-heading="Hỏi Sen" data-starters="Một? | Hai?" data-open></script>',
  );
  await page.waitForSelector('twin-chat[open]');
  const { proxy, twin, colorScheme, locale, heading, starters, mode } = await options(page);
  assert.deepEqual([proxy, twin, colorScheme, locale, heading, starters, mode], [stage.origin, 'twin_1', 'dark', 'vi', 'Hỏi Sen', 'Một? | Hai?', 'bubble']);
  assert.equal(await page.getAttribute(launcher, 'aria-label'), 'Đóng trò chuyện');
  await page.close();
});

test('a second tag, or an element that the page has placed itself, leaves it at one', async () => {
  for (const body of [TAG + TAG, `${TAG}<script type="module" src="/twinchat.js?again"></script>`, `<twin-chat mode="inline"></twin-chat>${TAG}`]) {
    const page = await stage.page(body);
    await page.waitForFunction(() => customElements.get('twin-chat'));
    await page.waitForLoadState('networkidle');
    assert.equal(await page.locator('twin-chat').count(), 1, body);
    assert.deepEqual(page.complaints, []);
    await page.close();
  }
});

test('a tag in the head works, async or not, and so does one for another proxy beside it', async () => {
  const page = await stage.page('<p>Later</p>', {
    head: '<script type="module" async src="/twinchat.js"></script><script type="module" src="/twinchat.js?other" data-proxy="https://other.example" data-position="left"></script>',
  });
  await page.waitForFunction(() => document.querySelectorAll('twin-chat').length === 2);
  const proxies = await page.evaluate(() => [...document.querySelectorAll('twin-chat')].map((element) => element.proxy));
  assert.deepEqual(proxies.toSorted(), [stage.origin, 'https://other.example'].toSorted());
  await page.close();
});

test('importing the package registers nothing; defining it twice is harmless; its default proxy is the page', async () => {
  const page = await stage.page('<twin-chat></twin-chat><script type="module" src="/app.js"></script>', {
    scripts: {
      'app.js': `import { defineTwinChat } from './index.js';
        document.before = !!customElements.get('twin-chat');
        defineTwinChat(); defineTwinChat();
        document.querySelector('twin-chat').open();`,
    },
  });
  await page.waitForSelector('twin-chat[open]');
  assert.equal(await page.evaluate(() => document.before), false);
  assert.equal((await options(page)).proxy, '');
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('importing the package on a server does not fail', async () => {
  const { defineTwinChat, TwinChatElement } = await import('../../npm/index.js');
  defineTwinChat();
  assert.equal(typeof TwinChatElement, 'function');
});

test('properties set before the element is defined are kept, and a framework that assigns open does not lose the method', async () => {
  const page = await stage.page('<twin-chat></twin-chat><script src="/early.js"></script><script type="module" src="/twinchat.js"></script>', {
    scripts: { 'early.js': `Object.assign(document.querySelector('twin-chat'), { heading: 'Early', starters: ['a', 'b'], open: true });` },
  });
  await page.waitForSelector('twin-chat[open]');
  const { heading, starters } = await options(page);
  assert.deepEqual([heading, starters], ['Early', 'a|b']);
  assert.equal(await page.evaluate(() => typeof document.querySelector('twin-chat').open), 'function');
  await page.evaluate(() => void (document.querySelector('twin-chat').open = false));
  await page.waitForSelector('twin-chat:not([open])');
  await page.close();
});

test('calls made before the widget is there, even before the element is on the page, are carried out in their order', async () => {
  const page = await stage.page(TAG);
  await page.waitForSelector(launcher);
  await page.evaluate(async () => {
    document.querySelector('twin-chat').remove();
    const element = document.createElement('twin-chat');
    const calls = [element.setTwin('twin_1'), element.setComposerValue({ text: 'Hi' }), element.open()];
    document.body.append(element);
    await Promise.all(calls);
    await element.ready;
  });
  assert.deepEqual(await asked(page), [['mount'], ['setTwin', 'twin_1'], ['setComposerValue', { text: 'Hi' }], ['open']]);
  assert.match(await page.evaluate(() => document.querySelector('twin-chat').setTwin(7).catch(String)), /takes an id as a string/);
  await page.close();
});

test('events bubble out of shadow roots, and on() ends when it is told to', async () => {
  const page = await stage.page(TAG);
  await page.waitForSelector(launcher);
  const heard = await page.evaluate(async () => {
    const element = document.querySelector('twin-chat');
    const heard = [];
    document.addEventListener('twinchat.opened', (event) => heard.push(['document', event.composed]));
    const off = element.on('twinchat.closed', () => heard.push(['closed']));
    await element.open();
    await element.close();
    off();
    await element.open();
    await element.close();
    return heard;
  });
  assert.deepEqual(heard, [['document', true], ['closed'], ['document', true]]);
  await page.close();
});

test('several changed attributes are told as one; setOptions() puts those not given back to their defaults', async () => {
  const page = await stage.page(TAG);
  await page.evaluate(() => customElements.whenDefined('twin-chat').then(() => document.querySelector('twin-chat').open()));
  await page.evaluate(() => Object.assign(document.querySelector('twin-chat'), { heading: 'One', locale: 'vi' }));
  await page.evaluate(() => document.querySelector('twin-chat').setOptions({ greeting: 'Xin chào' }));
  const tellings = (await asked(page)).filter(([name]) => name === 'setOptions');
  assert.equal(tellings.length, 2);
  const { heading, greeting, locale } = await options(page);
  assert.deepEqual([heading, greeting, locale], ['', 'Xin chào', '']);
  assert.equal(await page.evaluate(() => document.querySelector('twin-chat').isOpen), true);
  await page.close();
});

test('the badge and the label tell how many answers are new', async () => {
  const page = await stage.page(TAG);
  await page.hover(launcher);
  await page.waitForFunction(() => document.standIn?.emit);
  await page.evaluate(() => document.standIn.emit('unread.change', { unread: 3 }));
  assert.equal(await page.textContent('twin-chat #badge'), '3');
  assert.equal(await page.getAttribute(launcher, 'aria-label'), 'Open chat, 3 unread');
  await page.close();
});

test('an element moved in the page keeps its widget; a removed one frees it and works again when it is back', async () => {
  const page = await stage.page(`<div id="there"></div>${TAG}`);
  await page.click(launcher);
  await page.waitForSelector('twin-chat[open]');
  await page.evaluate(() => document.getElementById('there').append(document.querySelector('twin-chat')));
  await page.evaluate(() => new Promise(requestAnimationFrame));
  assert.deepEqual([await page.evaluate(() => document.standIn.mounted), await page.locator('twin-chat p').count()], [1, 1]);

  await page.evaluate(async () => {
    document.element = document.querySelector('twin-chat');
    await document.element.destroy();
    await new Promise(requestAnimationFrame);
  });
  assert.equal(await page.evaluate(() => document.standIn.mounted), 0);
  await page.evaluate(async () => {
    document.body.append(document.element);
    await document.element.open();
  });
  assert.deepEqual([await page.evaluate(() => document.standIn.mounted), await page.locator('twin-chat p').count()], [1, 1]);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('ten elements made and removed leave one WebAssembly instance and nothing mounted', async () => {
  const page = await stage.page(TAG);
  await page.waitForSelector(launcher);
  await page.evaluate(async () => {
    document.querySelector('twin-chat').remove();
    for (let round = 0; round < 10; round += 1) {
      const element = document.createElement('twin-chat');
      document.body.append(element);
      await element.open();
      element.remove();
      await new Promise(requestAnimationFrame);
    }
  });
  assert.deepEqual(await page.evaluate(() => [document.standIn.mounted, document.standIn.instances]), [0, 1]);
  assert.equal(await page.evaluate(() => Object.keys(window).filter((name) => /twin|wasm/i.test(name)).length), 0);
  await page.close();
});

test('when the widget cannot be fetched the launcher says so, and the next press tries again', async () => {
  for (const file of ['twinchat-shell.js', 'twinchat-widget_bg.wasm']) {
    stage.failing.add(file);
    try {
      const page = await stage.page(TAG);
      await page.evaluate(() => document.addEventListener('twinchat.error', ({ detail }) => (document.code = detail.code)));
      await page.click(launcher);
      await page.waitForSelector('twin-chat #tip:not(:empty)');
      assert.equal(await page.textContent('twin-chat [role=alert]'), TEXTS.en[3]);
      assert.equal(await page.evaluate(() => document.code), 'LOAD_FAILED');
      assert.equal(await page.getAttribute(launcher, 'aria-busy'), 'false');
      stage.failing.delete(file);
      await page.click(launcher);
      await page.waitForSelector('twin-chat[open]');
      assert.equal(await page.textContent('twin-chat [role=alert]'), '');
      await page.close();
    } finally {
      stage.failing.delete(file); // the tests after this one share the stage
    }
  }
});

test('while it loads the launcher shows that something is going on', async () => {
  const page = await stage.page(TAG);
  let go;
  await page.route('**/twinchat-widget_bg.wasm', async (route) => {
    await new Promise((resolve) => (go = resolve));
    await route.continue();
  });
  await page.click(launcher);
  await page.waitForSelector('twin-chat #launcher[aria-busy=true]');
  while (!go) await page.evaluate(() => new Promise(requestAnimationFrame));
  go();
  await page.waitForSelector('twin-chat[open]');
  assert.equal(await page.getAttribute(launcher, 'aria-busy'), 'false');
  await page.close();
});

test('a policy that refuses WebAssembly is named in the console with what to add', async () => {
  const page = await stage.page(TAG, { policy: STRICT.replace(" 'wasm-unsafe-eval'", '') });
  await page.click(launcher);
  await page.waitForSelector('twin-chat #tip:not(:empty)');
  assert.ok(page.complaints.some((text) => text.includes("add 'wasm-unsafe-eval' to script-src")), page.complaints.join('\n'));
  await page.close();
});

test('a crash takes down the panel and not the page, and the next press makes a fresh instance', async () => {
  const page = await stage.page(TAG);
  await page.click(launcher);
  await page.waitForSelector('twin-chat[open]');
  await page.evaluate(() => document.standIn.emit('trap'));
  await page.waitForSelector('twin-chat #tip:not(:empty)');
  assert.equal(await page.locator('twin-chat p').count(), 0);
  assert.equal(await page.evaluate(() => document.querySelector('twin-chat').isOpen), false);
  await page.click(launcher);
  await page.waitForSelector('twin-chat[open]');
  assert.equal(await page.evaluate(() => document.standIn.instances), 2);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('load="idle" fetches without mounting, load="eager" mounts, hide() takes only the launcher away', async () => {
  const idle = await stage.page('<script type="module" src="/twinchat.js" data-load="idle"></script>');
  await idle.waitForFunction(() => document.standIn?.instances === 1);
  assert.equal(await idle.evaluate(() => document.standIn.mounted), 0);
  await idle.close();
  const eager = await stage.page('<script type="module" src="/twinchat.js" data-load="eager"></script>');
  await eager.waitForFunction(() => document.standIn?.mounted === 1);
  await eager.evaluate(() => document.querySelector('twin-chat').hide());
  await eager.waitForSelector(launcher, { state: 'hidden' });
  await eager.evaluate(() => document.querySelector('twin-chat').open());
  await eager.waitForSelector('twin-chat[open]');
  await eager.evaluate(() => document.querySelector('twin-chat').show());
  await eager.waitForSelector(launcher, { state: 'visible' });
  await eager.close();
});

test('styles of the page do not reach the launcher', async () => {
  const hostile = `const sheet = new CSSStyleSheet();
    sheet.replaceSync('* { all: unset !important } button, span, div { font-size: 40px; background: red; width: 9px }');
    document.adoptedStyleSheets = [sheet];`;
  const look = async (page) => {
    await page.waitForSelector(launcher);
    await page.evaluate(() => Promise.all(document.querySelector('twin-chat').shadowRoot.getAnimations().map((animation) => animation.finished)));
    return page.evaluate(() => {
      const element = document.querySelector('twin-chat').shadowRoot.getElementById('launcher');
      const { width, height, right, bottom } = element.getBoundingClientRect();
      return [width, height, innerWidth - right, innerHeight - bottom, getComputedStyle(element).backgroundColor];
    });
  };
  const plain = await stage.page(TAG);
  const wild = await stage.page(`<script src="/hostile.js"></script>${TAG}`, { scripts: { 'hostile.js': hostile } });
  const expected = await look(plain);
  assert.deepEqual(expected.slice(0, 4), [60, 60, 20, 20]);
  assert.deepEqual(await look(wild), expected);
  await plain.close();
  await wild.close();
});

test('a loader built for Arabic speaks it, and any other the page’s language or English', async () => {
  const label = async (lang, arabic) => {
    const page = await stage.page(`<script src="/first.js"></script>${TAG}`, { scripts: { 'first.js': `document.documentElement.lang = '${lang}'; globalThis.TWINCHAT_ARABIC = ${arabic};` } });
    await page.waitForSelector(launcher);
    const text = await page.evaluate(() => document.querySelector('twin-chat').shadowRoot.getElementById('launcher').ariaLabel);
    await page.close();
    return text;
  };
  assert.deepEqual(
    [await label('ar-EG', true), await label('ar', false), await label('vi-VN', true), await label('fr', false)],
    ['فتح المحادثة', 'Open chat', 'Mở trò chuyện', 'Open chat'],
  );
});

test('the icon is white on a dark brand colour and black on a light one', async () => {
  for (const [accent, expected] of [['#3b1d8f', 'oklch(1 0 0)'], ['#ffe14d', 'oklch(0 0 0)']]) {
    const page = await stage.page(`<script type="module" src="/twinchat.js" data-accent="${accent}"></script>`);
    await page.waitForSelector(launcher);
    assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector('twin-chat').shadowRoot.getElementById('launcher')).color), expected);
    await page.close();
  }
});

test('a panel that was open when the page was left is asked for again, by the proxy it belongs to', async () => {
  const page = await stage.page(TAG);
  await page.waitForSelector(launcher);
  await page.evaluate(() => sessionStorage.setItem('twinchat.open.https://other.example', '1'));
  await page.reload();
  await page.waitForSelector(launcher);
  assert.equal(await page.evaluate(() => document.standIn), undefined);
  await page.evaluate((origin) => sessionStorage.setItem(`twinchat.open.${origin}`, '1'), stage.origin);
  await page.reload();
  await page.waitForFunction(() => document.standIn?.asked.length === 2);
  assert.deepEqual(await asked(page), [['mount'], ['restore']]);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('a page that may not store anything has its launcher all the same', async () => {
  const page = await stage.page(`<script src="/closed.js"></script>${TAG}`, {
    scripts: { 'closed.js': `Object.defineProperty(window, 'sessionStorage', { get() { throw new DOMException('', 'SecurityError'); } });` },
  });
  await page.click(launcher);
  await page.waitForSelector('twin-chat[open]');
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('setLocale() is told even when it says what the page has said before; a property assigned again is not', async () => {
  const page = await stage.page(TAG);
  await page.evaluate(() => customElements.whenDefined('twin-chat').then(() => document.querySelector('twin-chat').open()));
  const tellings = async () => (await asked(page)).filter(([name]) => name === 'setOptions').length;
  await page.evaluate(() => document.querySelector('twin-chat').setLocale('vi'));
  assert.equal(await tellings(), 1);
  await page.evaluate(() => document.querySelector('twin-chat').setLocale('vi'));
  assert.equal(await tellings(), 2);
  await page.evaluate(() => void (document.querySelector('twin-chat').locale = 'vi'));
  assert.equal(await tellings(), 2);
  assert.equal((await options(page)).locale, 'vi');
  await page.close();
});
