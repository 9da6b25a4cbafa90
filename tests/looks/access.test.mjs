// What the gallery's states are for who does not see them, sees them large, or sees other colours.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openGallery, settle, show } from './support/gallery.mjs';

const KEPT = fileURLToPath(new URL('./trees/', import.meta.url));
const UPDATE = process.env.TWINCHAT_LOOKS === 'update';
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const STATES = ['twins', 'twins-failed', 'list', 'list-empty', 'welcome', 'chat', 'rich', 'stream', 'queued', 'unsent', 'limited', 'failed', 'stopped', 'notice', 'offline', 'reconnecting', 'over', 'files', 'uploading', 'people', 'reply', 'shared', 'search'];

let gallery;
before(async () => {
  await mkdir(KEPT, { recursive: true });
  gallery = await openGallery();
});
after(() => gallery?.close());

/** Every state in a page of its own kind. */
async function each(options, states, look) {
  const page = await gallery.page(options);
  for (const state of states) {
    await show(page, `scene=${state}&locale=${options.language ?? 'en'}&scheme=${options.colorScheme ?? 'light'}`);
    await look(page, state);
  }
  assert.deepEqual(page.complaints, []);
  await page.context().close();
}

const panel = (page) => page.locator('.tc-panel');

test('a screen reader’s tree of the main states is as it was', async () => {
  const wrong = [];
  await each({}, ['twins', 'list', 'welcome', 'chat', 'rich', 'stream', 'queued', 'limited', 'failed', 'reconnecting', 'files', 'people', 'search'], async (page, state) => {
    const tree = `${await panel(page).ariaSnapshot()}\n`;
    const path = `${KEPT}${state}.yml`;
    const kept = await readFile(path, 'utf8').catch(() => '');
    if (UPDATE) await writeFile(path, tree);
    else if (tree !== kept) wrong.push(`${state}: ${tree}`);
  });
  assert.deepEqual(wrong, [], 'if that is what should be heard, run `cargo xtask looks --update`');
});

/** What fades has faded: half-way its contrast is nobody's. What goes round and round goes on. */
const faded = (page) =>
  panel(page).evaluate((panel) => {
    const ends = ({ effect }) => effect.getComputedTiming().endTime !== Infinity;
    for (const animation of panel.getAnimations({ subtree: true }).filter(ends)) animation.finish();
  });

test('axe finds nothing in any state, light and dark', async () => {
  for (const colorScheme of ['light', 'dark']) {
    // What is dark about a state is its colours: some have them all.
    const states = colorScheme === 'light' ? STATES : ['twins', 'list', 'rich', 'limited', 'failed', 'notice', 'reconnecting', 'people', 'search'];
    await each({ colorScheme }, states, async (page, state) => {
      await faded(page);
      await page.evaluate(AXE);
      const { violations } = await page.evaluate(() => globalThis.axe.run('.stage', { resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], rules: { region: { enabled: false }, 'page-has-heading-one': { enabled: false }, 'landmark-one-main': { enabled: false } } }));
      assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`), [], `${state}, ${colorScheme}`);
    });
  }
});

/** What sticks out of the panel sideways, or cannot be scrolled to; code and tables scroll by themselves. */
const outside = (page) =>
  panel(page).evaluate((panel) => {
    const edge = panel.getBoundingClientRect();
    const scrolls = (element) => element.closest('pre,.tc-table');
    const hidden = (element) => element.closest('.tc-hidden,[hidden],svg');
    const out = [...panel.querySelectorAll('*')].filter((element) => {
      const box = element.getBoundingClientRect();
      return box.width && !scrolls(element) && !hidden(element) && (box.left < edge.left - 1 || box.right > edge.right + 1);
    });
    const wide = document.scrollingElement.scrollWidth > innerWidth ? ['the page'] : [];
    return [...wide, ...out.map((element) => `${element.tagName} ${element.className}`)];
  });

test('at 320 pixels, and at 200 % on a small laptop, everything fits without scrolling sideways', async () => {
  for (const viewport of [{ width: 320, height: 568 }, { width: 640, height: 360 }]) {
    for (const language of ['vi', 'ar']) {
      await each({ viewport, language, deviceScaleFactor: viewport.width === 640 ? 2 : 1 }, STATES, async (page, state) => {
        assert.deepEqual(await outside(page), [], `${state} at ${viewport.width}, ${language}`);
        const composer = page.locator('textarea');
        if (await composer.count()) assert.ok((await composer.boundingBox()).y + 20 < viewport.height, `${state}: the composer is below the screen`);
      });
    }
  }
});

test('text of twice the size and wider spacing loses nothing', async () => {
  // WCAG 2.2, 1.4.4 and 1.4.12.
  await each({ viewport: { width: 1280, height: 900 } }, STATES, async (page, state) => {
    await page.addStyleTag({ content: 'html{--tc-font-size:30px}' });
    await page.evaluate(() => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync('.tc-root *{line-height:1.5!important;letter-spacing:.12em!important;word-spacing:.16em!important}');
      document.querySelector('.stage').shadowRoot.adoptedStyleSheets.push(sheet);
    });
    await settle(page);
    assert.deepEqual(await outside(page), [], state);
    const cut = await panel(page).evaluate((panel) =>
      [...panel.querySelectorAll('button,.tc-bubble,.tc-markdown p,.tc-notice,.tc-banner,.tc-status')]
        .filter((element) => element.offsetParent && element.scrollHeight > element.clientHeight + 3 && getComputedStyle(element).overflowY === 'hidden')
        .map((element) => `${element.className}: ${element.textContent.slice(0, 40)}`));
    assert.deepEqual(cut, [], state);
  });
});

test('every target is at least 24 by 24 pixels', async () => {
  for (const touch of [false, true]) {
    await each({ viewport: { width: 390, height: 780 }, hasTouch: touch, isMobile: touch }, STATES, async (page, state) => {
      const small = await panel(page).evaluate((panel) =>
        [...panel.querySelectorAll('button,input:enabled,textarea,[role=option]')]
          .filter((element) => element.offsetParent && !element.closest('.tc-markdown p'))
          .map((element) => [element.getBoundingClientRect(), element])
          .filter(([box]) => box.width < 23.9 || box.height < 23.9)
          .map(([box, element]) => `${element.className} ${element.ariaLabel ?? element.textContent}: ${box.width} × ${box.height}`));
      assert.deepEqual(small, [], `${state}, ${touch ? 'touch' : 'mouse'}`);
    });
  }
});

test('in forced colours every control has an edge, and what is chosen differs from what is not', async () => {
  await each({ forcedColors: 'active' }, STATES, async (page, state) => {
    const bare = await panel(page).evaluate((panel) =>
      [...panel.querySelectorAll('button:not(.tc-link):not(.tc-row-open):not(.tc-hit):not(.tc-header-who),textarea,input')].filter((element) => {
        const edged = (it) => parseFloat(getComputedStyle(it).borderTopWidth) > 0;
        return element.offsetParent && !edged(element) && !edged(element.parentElement);
      }).map((element) => element.className));
    assert.deepEqual(bare, [], state);
  });
  const page = await gallery.page({ forcedColors: 'active' });
  await show(page, 'scene=chat&locale=en');
  const look = (pressed) => page.locator(`.tc-actions [aria-pressed=${pressed}]`).first().evaluate((button) => [getComputedStyle(button).backgroundColor, getComputedStyle(button).borderTopColor, getComputedStyle(button).color].join());
  assert.notEqual(await look(true), await look(false), 'a thumb that is up looks like one that is not');
  await show(page, 'scene=list&locale=en');
  const row = (class_) => page.locator(class_).first().evaluate((row) => [getComputedStyle(row).backgroundColor, getComputedStyle(row).outlineStyle, getComputedStyle(row).borderTopStyle].join());
  assert.notEqual(await row('.tc-row--current'), await row('.tc-row:not(.tc-row--current)'), 'the open conversation looks like the others');
  await page.context().close();
});

/** The contrast of two colours as the browser writes them. */
const CONTRAST = `(a, b) => {
  const light = (text) => { const [r, g, b] = text.match(/[\\d.]+/g).map(Number).map((c) => (c /= 255) <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; };
  const [x, y] = [light(a), light(b)].sort((a, b) => b - a);
  return (x + .05) / (y + .05);
}`;

test('who asks for more contrast gets seven to one for text, and edges that stand out', async () => {
  for (const colorScheme of ['light', 'dark']) {
    const page = await gallery.page({ contrast: 'more', colorScheme });
    for (const accent of ['', '&accent=%23ffd400', '&accent=%23888888']) {
      await show(page, `scene=failed&locale=en${accent}`);
      const ratios = await panel(page).evaluate((panel, contrast) => {
        const of = eval(contrast);
        const style = (selector) => getComputedStyle(panel.querySelector(selector));
        const ground = getComputedStyle(panel).backgroundColor;
        return {
          quiet: of(style('.tc-header-status').color, ground),
          bubble: of(style('.tc-bubble').color, style('.tc-bubble').backgroundColor),
          failure: of(style('.tc-status--card').color, style('.tc-status--card').backgroundColor),
          field: of(style('.tc-composer-box').borderTopColor, ground),
          lines: of(style('.tc-header').borderBottomColor, ground),
        };
      }, CONTRAST);
      for (const [what, least] of [['quiet', 7], ['bubble', 7], ['failure', 7], ['field', 4.5], ['lines', 3]]) {
        assert.ok(ratios[what] >= least, `${what} in ${colorScheme}${accent}: ${ratios[what].toFixed(2)}`);
      }
    }
    await page.context().close();
  }
});

test('who asks for less motion sees none', async () => {
  await each({ reducedMotion: 'reduce' }, ['twins-loading', 'stream', 'waiting', 'notice'], async (page, state) => {
    const moving = await panel(page).evaluate((panel) => panel.getAnimations({ subtree: true }).filter(({ playState, effect }) => playState === 'running' && effect.getComputedTiming().duration > 10).map(({ animationName }) => animationName));
    assert.deepEqual(moving, [], state);
  });
});

test('what has the focus is never hidden behind something else', async () => {
  // WCAG 2.2, 2.4.11: some part of every stop of the Tab key is the topmost thing there.
  const page = await gallery.page({ viewport: { width: 400, height: 600 } });
  for (const state of ['twins', 'list', 'rich', 'people', 'files', 'notice', 'search', 'long']) {
    await show(page, `scene=${state}&locale=en`);
    const stops = new Set();
    for (let press = 0; press < 40; press += 1) {
      await page.keyboard.press('Tab');
      const stop = await page.evaluate(() => {
        const root = document.querySelector('.stage').shadowRoot;
        const element = root.activeElement;
        if (!element) return 'outside';
        const box = element.getBoundingClientRect();
        const seen = (x, y) => element.contains(root.elementFromPoint(x, y)) || root.elementFromPoint(x, y)?.contains(element);
        const parts = [0.05, 0.5, 0.95];
        const any = parts.some((y) => parts.some((x) => seen(box.left + box.width * x, box.top + box.height * y)));
        const active = element.getAttribute('aria-activedescendant');
        const shown = (active && root.getElementById(active)) || element;
        const ring = getComputedStyle(shown).outlineStyle !== 'none' || getComputedStyle(element.closest('.tc-composer-box') ?? element).boxShadow !== 'none';
        return { name: `${element.className || element.tagName} ${element.ariaLabel ?? ''}`, hidden: !any, ring };
      });
      if (stop === 'outside') break;
      assert.ok(!stop.hidden, `${state}: ${stop.name} is behind something`);
      assert.ok(stop.ring, `${state}: nothing shows that ${stop.name} has the focus`);
      stops.add(stop.name);
    }
    assert.ok(stops.size >= 3, `${state}: Tab stops at ${stops.size} things only`);
  }
  await page.context().close();
});

/** What lies under the screen's edges that are not safe, of all that can be read or pressed. */
const unsafe = (page, { top = 0, right = 0, bottom = 0, left = 0 }) =>
  panel(page).evaluate((panel, [top, right, bottom, left]) => {
    const scrolled = (element) => element !== panel && (/auto|scroll/.test(getComputedStyle(element).overflowY) || scrolled(element.parentElement));
    const out = [...panel.querySelectorAll('button,input,textarea,h1,h2,h3,[role=option],.tc-bubble,.tc-notice')].filter((element) => {
      const box = element.getBoundingClientRect();
      if (!box.width || element.closest('.tc-hidden,[hidden]')) return false;
      const sideways = box.left < left - 0.5 || box.right > innerWidth - right + 0.5;
      // What is scrolled passes under the edges; what stands still does not.
      return sideways || (!scrolled(element) && (box.top < top - 0.5 || box.bottom > innerHeight - bottom + 0.5));
    });
    return out.map((element) => `${element.tagName} ${element.className} ${JSON.stringify(element.getBoundingClientRect())}`);
  }, [top, right, bottom, left]);

test('on a phone, upright or lying, nothing that is read or pressed is under the notch, a corner or the home bar', async () => {
  const wrong = [];
  const phones = [
    { viewport: { width: 390, height: 844 }, insets: { top: 47, bottom: 34 } },
    { viewport: { width: 844, height: 390 }, insets: { left: 47, right: 47, bottom: 21 } },
  ];
  for (const { viewport, insets } of phones) {
    for (const language of ['en', 'ar']) {
      const page = await gallery.page({ viewport, hasTouch: true, isMobile: true });
      const screen = await page.context().newCDPSession(page);
      await screen.send('Emulation.setSafeAreaInsetsOverride', { insets });
      for (const state of STATES) {
        await show(page, `scene=${state}&locale=${language}`);
        wrong.push(...(await unsafe(page, insets)).map((what) => `${state}, ${language}, ${viewport.width} wide: ${what}`));
        // The last thing in a list that is scrolled to its end.
        const last = await panel(page).evaluate((panel) => {
          const list = [...panel.querySelectorAll('*')].find((element) => element.scrollHeight > element.clientHeight + 40 && /auto|scroll/.test(getComputedStyle(element).overflowY) && !element.closest('textarea,pre'));
          if (!list) return 0;
          list.scrollTop = list.scrollHeight;
          return Math.max(...[...list.querySelectorAll('button,[role=option],.tc-bubble')].map((element) => element.getBoundingClientRect().bottom));
        });
        if (last > viewport.height - insets.bottom + 0.5) wrong.push(`${state}, ${viewport.width} wide: scrolled to its end it ends at ${last}`);
      }
      await page.context().close();
    }
  }
  assert.deepEqual(wrong, []);
});

test('fields do not make a phone zoom in, and nothing lies under its keyboard', async () => {
  await each({ viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true }, ['twins', 'list', 'chat', 'search'], async (page, state) => {
    const sizes = await panel(page).evaluate((panel) => [...panel.querySelectorAll('input,textarea')].map((field) => parseFloat(getComputedStyle(field).fontSize)));
    assert.ok(sizes.length > 0 && sizes.every((size) => size >= 16), `${state}: ${sizes}`);
  });
  const page = await gallery.page({ viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true });
  await show(page, 'scene=chat&locale=en');
  // The keyboard takes the lower half: the visual viewport says so, and the panel follows it.
  await page.evaluate(() => {
    Object.defineProperty(visualViewport, 'height', { configurable: true, get: () => 400 });
    Object.defineProperty(visualViewport, 'offsetTop', { configurable: true, get: () => 30 });
    visualViewport.dispatchEvent(new Event('resize'));
  });
  await settle(page);
  const box = await panel(page).boundingBox();
  assert.deepEqual([box.y, box.height].map(Math.round), [30, 400]);
  const composer = await page.locator('.tc-composer-box').boundingBox();
  assert.ok(composer.y + composer.height <= 430.5, `the composer ends at ${composer.y + composer.height}`);
  await page.context().close();
});
