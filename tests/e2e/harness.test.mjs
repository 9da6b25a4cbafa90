// What `cargo xtask harness` builds, as somebody with a suite of their own would use it.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const folder = process.env.TWINCHAT_HARNESS;
if (!folder) throw new Error('Run these tests with `cargo xtask test`.');
const bytes = (text) => new TextEncoder().encode(text);

describe('parse', () => {
  let parse;
  before(async () => ({ parse } = await import(pathToFileURL(join(folder, 'twinchat-harness.js')))));

  it('reads events however the stream was cut', () => {
    const whole = bytes('\uFEFF: hello\nid: 1\nevent: delta\ndata: Xin chào\ndata:  bạn\r\n\r\ndata\rdata\r\rid\ndata: last\n\nevent: lost\ndata: x\n');
    const wanted = [
      { event: 'delta', data: 'Xin chào\n bạn', id: '1' }, { event: 'message', data: '\n', id: '1' }, { event: 'message', data: 'last', id: '' },
    ];
    assert.deepEqual(parse([whole]), wanted);
    for (let size = 1; size < whole.length; size += 1) {
      const chunks = [];
      for (let at = 0; at < whole.length; at += size) chunks.push(whole.subarray(at, at + size));
      assert.deepEqual(parse(chunks), wanted, `in pieces of ${size}`);
    }
  });

  it('refuses what is larger than the widget allows', () => {
    assert.throws(() => parse([bytes('data: '), new Uint8Array((1 << 20) + 1).fill(97)]), /too long/);
    assert.deepEqual(parse([bytes('data: ok\n\n')]), [{ event: 'message', data: 'ok', id: '' }]);
  });
});

describe('open', () => {
  let browser;
  let server;
  before(async () => {
    const types = { '.js': 'text/javascript', '.wasm': 'application/wasm' };
    server = createServer(async ({ url }, response) => {
      const type = types[extname(url)];
      const from = url === '/canonical.js' ? new URL('support/canonical.js', import.meta.url) : join(folder, url);
      const body = type ? await readFile(from).catch(() => undefined) : '<!doctype html><main></main>';
      response.writeHead(body ? 200 : 404, { 'Content-Type': type ?? 'text/html' }).end(body);
    });
    await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    browser = await chromium.launch({
      executablePath: process.env.CHROME, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking'],
    });
  });
  after(async () => {
    await browser?.close();
    server?.close();
  });

  const inPage = async (work, given) => {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    try {
      return await page.evaluate(work, given);
    } finally {
      await page.close();
    }
  };

  it('draws a growing text without touching what is finished, and takes itself away', async () => {
    const seen = await inPage(async () => {
      const { open } = await import('/twinchat-harness.js');
      const host = document.querySelector('main');
      const view = open(host);
      const frames = () => new Promise((resolve) => { requestAnimationFrame(() => requestAnimationFrame(resolve)); });
      view.write('# Trà **sen**\n\nMột');
      await frames();
      const [heading] = view.root.children;
      const early = view.root.textContent;
      view.write(' <img src=x onerror=alert(1)> *hai');
      await frames();
      const unfinished = view.root.querySelector('em')?.textContent;
      view.write('*');
      await view.end();
      const html = view.root.innerHTML;
      const kept = view.root.children[0] === heading;
      view.close();
      return { early, unfinished, html, kept, left: host.childNodes.length };
    });
    assert.equal(seen.early, 'Trà senMột');
    assert.equal(seen.unfinished, 'hai');
    assert.match(seen.html, /<strong>sen<\/strong>.*Một &lt;img src=x onerror=alert\(1\)&gt; <em>hai<\/em>/);
    assert.ok(seen.kept, 'the heading is the same element');
    assert.equal(seen.left, 0);
  });

  const fixture = async (path) => JSON.parse(await readFile(new URL(`../fixtures/${path}`, import.meta.url), 'utf8'));
  const allExamples = async () => {
    const byDesign = new Map((await fixture('commonmark/by_design.json')).map(({ example, html }) => [example, html]));
    const commonmark = (await fixture('commonmark/examples.json')).map((row) => ({ ...row, html: byDesign.get(row.example) ?? row.html }));
    return [...commonmark, ...(await fixture('gfm/examples.json')).filter(({ example }) => example !== 'extensions 12')];
  };

  it('draws every example of CommonMark and GFM as their HTML, whole and in pieces of every size', async () => {
    const different = await inPage(async (examples) => {
      const [{ open }, { canonical, canonicalOf }] = await Promise.all([import('/twinchat-harness.js'), import('/canonical.js')]);
      const host = document.querySelector('main');
      const frame = () => new Promise((resolve) => { requestAnimationFrame(resolve); });
      const draw = async (pieces, each) => {
        const view = open(host.appendChild(document.createElement('div')));
        for (const piece of pieces) {
          view.write(piece);
          if (each) await frame();
        }
        await view.end();
        const drawn = canonical(view.root);
        const whole = view.root.innerHTML;
        view.close();
        return { drawn, whole };
      };
      const cut = (text, size) => {
        const letters = [...text];
        return Array.from({ length: Math.ceil(letters.length / size) }, (_, at) => letters.slice(at * size, (at + 1) * size).join(''));
      };
      const differ = [];
      // Many at once: each waits for frames.
      await Promise.all(examples.map(async ({ example, markdown, html }) => {
        const wanted = canonicalOf(html);
        const { drawn, whole } = await draw([markdown], false);
        if (drawn !== wanted) differ.push({ example, markdown, drawn, wanted });
        for (const size of [1, 3, 8]) {
          const pieces = await draw(cut(markdown, size), true);
          if (pieces.whole !== whole) differ.push({ example, markdown, size, drawn: pieces.whole, wanted: whole });
        }
      }));
      return differ;
    }, await allExamples());
    assert.deepEqual(different, []);
  });

  it('changes only the link when a definition comes late, and keeps what is selected beside it', async () => {
    const seen = await inPage(async () => {
      const { open } = await import('/twinchat-harness.js');
      const view = open(document.querySelector('main'));
      const frames = () => new Promise((resolve) => { requestAnimationFrame(() => requestAnimationFrame(resolve)); });
      view.write('one **bold** before [the label] after it\n\n- [the label]\n- two\n\nlast\n\n');
      await frames();
      const [paragraph, list] = view.root.children;
      const [start, bold, end] = paragraph.childNodes;
      const selection = getSelection();
      selection.setBaseAndExtent(start, 0, end, ' before '.length);
      const before = selection.toString();
      const touched = [];
      const observer = new MutationObserver((records) => touched.push(...records.filter(({ target }) => !list.contains(target)).map(({ type, target }) => `${type} ${target.nodeName}`)));
      observer.observe(paragraph, { subtree: true, childList: true, characterData: true, attributes: true });
      view.write('[the label]: https://example.com/ "Title"\n');
      await view.end();
      return {
        before, after: selection.toString(), touched,
        kept: paragraph.childNodes[0] === start && paragraph.childNodes[1] === bold,
        links: [...view.root.querySelectorAll('a')].map(({ href, title, textContent }) => [href, title, textContent]),
        text: paragraph.textContent,
      };
    });
    assert.equal(seen.before, 'one bold before ');
    assert.equal(seen.after, seen.before);
    assert.ok(seen.kept);
    assert.deepEqual(seen.links, Array(2).fill(['https://example.com/', 'Title', 'the label']));
    assert.equal(seen.text, 'one bold before the label after it');
    assert.ok(seen.touched.length <= 6 && seen.touched.every((what) => what !== 'childList STRONG'), seen.touched.join());
  });

  it('keeps the nodes and the selection in a growing paragraph, code block and list that turns loose', async () => {
    const seen = await inPage(async () => {
      const { open } = await import('/twinchat-harness.js');
      const host = document.querySelector('main');
      const frames = () => new Promise((resolve) => { requestAnimationFrame(() => requestAnimationFrame(resolve)); });
      const results = {};
      const cases = {
        paragraph: ['selected words, ', 'p', Array(120).fill('and more of them ')],
        code: ['```js\nselected words, ', 'code', Array(120).fill('let a = 1;\n')],
        list: ['- selected words, \n- two\n', 'li', ['\n', '- three\n', '\n- four\n']],
        table: ['| selected words, | b |\n|---|---|\n', 'th', Array(50).fill('| c | d |\n')],
      };
      for (const [name, [start, selector, more]] of Object.entries(cases)) {
        const view = open(host.appendChild(document.createElement('div')));
        view.write(start);
        await frames();
        const element = view.root.querySelector(selector);
        const text = element.firstChild;
        getSelection().setBaseAndExtent(text, 0, text, 'selected'.length);
        for (const piece of more) {
          view.write(piece);
          await new Promise((resolve) => { requestAnimationFrame(resolve); });
        }
        await view.end();
        results[name] = [view.root.querySelector(selector) === element, element.contains(text), getSelection().toString()];
        view.close();
      }
      return results;
    });
    for (const [name, result] of Object.entries(seen)) assert.deepEqual(result, [true, true, 'selected'], name);
  });

  it('touches as few nodes for a delta late in a huge block as early', async () => {
    const seen = await inPage(async () => {
      const { open } = await import('/twinchat-harness.js');
      const host = document.querySelector('main');
      const cases = {
        paragraph: ['', 'more **words** of a long paragraph '],
        list: ['', '- an item with **bold** words\n'],
        nested: ['- top\n', '  - an item in another\n'],
        table: ['| a | b |\n|---|---|\n', '| one | **two** |\n'],
        quote: ['', '> a line of a long quote\n'],
        code: ['```js\n', 'let value = other;\n'],
      };
      const results = {};
      for (const [name, [start, unit]] of Object.entries(cases)) {
        const view = open(host.appendChild(document.createElement('div')));
        let touched = 0;
        const observer = new MutationObserver((records) => {
          for (const { addedNodes, removedNodes } of records) touched += 1 + addedNodes.length + removedNodes.length;
        });
        observer.observe(view.root, { subtree: true, childList: true, characterData: true, attributes: true });
        view.write(start);
        const counts = [];
        const text = unit.repeat(Math.ceil(16_000 / unit.length));
        for (let at = 0; at < text.length; at += 100) {
          view.write(text.slice(at, at + 100));
          await new Promise((resolve) => { requestAnimationFrame(() => setTimeout(resolve)); });
          counts.push(touched);
          touched = 0;
        }
        const sum = (part) => part.reduce((total, count) => total + count, 0);
        const tenth = Math.floor(counts.length / 10);
        results[name] = [sum(counts.slice(0, tenth)), sum(counts.slice(-tenth))];
        observer.disconnect();
        view.close();
      }
      return results;
    });
    for (const [name, [first, last]] of Object.entries(seen)) assert.ok(first > 0 && last <= 1.2 * first + 8, `${name}: ${first}, then ${last}`);
  });

  it('makes nothing of any payload that runs, loads or leads where it should not', async () => {
    const payloads = [...await fixture('xss/dompurify.json'), ...await fixture('xss/owasp.json')];
    const wrong = await inPage(async (payloads) => {
      const { open } = await import('/twinchat-harness.js');
      const host = document.querySelector('main');
      for (const name of ['alert', 'prompt', 'confirm']) window[name] = () => { window.ran = true; };
      const allowed = new Set('p h1 h2 h3 h4 h5 h6 ul ol li blockquote hr br pre code em strong del a span div table thead tbody tr th td input button svg path img'.split(' '));
      const found = [];
      await Promise.all(payloads.map(async (payload) => {
        const places = [payload, `[x](${payload})`, `<${payload}>`, `![x](<${payload}>)`, `[x]\n\n[x]: ${payload}`, `| ${payload} |\n|-|\n`, `\`\`\`${payload}\n${payload}`];
        const view = open(host.appendChild(document.createElement('div')));
        view.write(places.join('\n\n'));
        await view.end();
        for (const element of view.root.querySelectorAll('*')) {
          if (!allowed.has(element.localName)) found.push([payload, element.localName]);
          for (const { name, value } of element.attributes) {
            if (/^on|^style$|^srcdoc$|^formaction$|^xlink/.test(name)) found.push([payload, name, value]);
            if (name === 'src' && new URL(value, location).origin !== location.origin) found.push([payload, name, value]);
            if (name === 'href' && !['http:', 'https:', 'mailto:', 'tel:'].includes(element.protocol)) found.push([payload, name, value]);
          }
        }
        view.close();
      }));
      return window.ran ? [...found, 'something ran'] : found;
    }, payloads);
    assert.deepEqual(wrong, []);
  });

  it('survives what is huge or nested without end', async () => {
    const seen = await inPage(async () => {
      const { open } = await import('/twinchat-harness.js');
      const host = document.querySelector('main');
      const many = 10_000;
      const texts = {
        line: 'x'.repeat(1_000_000),
        words: 'some words '.repeat(90_000),
        quotes: `${'>'.repeat(many)} a`,
        lists: `${'- '.repeat(many)}a`,
        brackets: `${'['.repeat(many)}a${'](b)'.repeat(many)}`,
        images: `${'!['.repeat(many)}a${'](b)'.repeat(many)}`,
        emphasis: `${'*a **b '.repeat(many)}`,
        stars: `${'*'.repeat(many)}a${'*'.repeat(many)}`,
        ticks: Array.from({ length: 1000 }, (_, length) => '`'.repeat(length)).join(' a '),
        references: `${'[a] '.repeat(many)}\n\n[a]: https://a.example/\n`,
      };
      const results = {};
      for (const [name, text] of Object.entries(texts)) {
        const view = open(host.appendChild(document.createElement('div')));
        for (let at = 0; at < text.length; at += 100_000) view.write(text.slice(at, at + 100_000));
        await view.end();
        let depth = 0;
        for (let node = view.root; node; node = [...node.children].at(-1)) depth += 1;
        results[name] = { depth, letters: view.root.textContent.replace(/[^a-z]/g, '').length };
        view.close();
      }
      return results;
    });
    for (const [name, { depth, letters }] of Object.entries(seen)) assert.ok(depth < 80 && (letters > 0 || name === 'images'), `${name}: ${depth} deep, ${letters} letters`);
    assert.equal(seen.line.letters, 1_000_000);
    assert.equal(seen.words.letters, 90_000 * 9);
    assert.equal(seen.references.letters, 10_000);
  });

  it('copies code, and says so', async () => {
    const page = await browser.newPage();
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    await page.evaluate(async () => {
      const { open } = await import('/twinchat-harness.js');
      const view = open(document.querySelector('main'));
      view.write('```js\nlet a = 1;\n```\n');
      await view.end();
    });
    await page.getByRole('button', { name: /copy/i }).or(page.locator('.tc-copy')).first().click();
    await page.locator('.tc-copy .tc-copied').waitFor();
    assert.notEqual(await page.locator('.tc-copy [role=status]').textContent(), '');
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), 'let a = 1;\n');
    await page.close();
  });

  it('colours of long code only what is in sight, across its runs', async () => {
    const seen = await inPage(async () => {
      const { open } = await import('/twinchat-harness.js');
      const main = document.querySelector('main');
      main.style.cssText = 'display:block;height:300px;overflow:auto';
      const view = open(main);
      const lines = Array.from({ length: 600 }, (_, at) => (at >= 100 && at < 300 ? `inside ${at} /` : `let at_${at} = ${at};${at === 99 ? ' /*' : at === 300 ? ' /* */' : ''}`));
      view.write(`\`\`\`js\n${lines.join('\n')}\n\`\`\`\n`);
      await view.end();
      const frame = () => new Promise(requestAnimationFrame);
      const coloured = () => {
        const all = (kind) => [...CSS.highlights.get(`tc-${kind}`) ?? []].map(({ startContainer, startOffset, endContainer, endOffset }) => {
          const live = document.createRange();
          live.setStart(startContainer, startOffset);
          live.setEnd(endContainer, endOffset);
          return live.toString();
        });
        return { numbers: all('number'), comments: all('comment') };
      };
      // The browser tells what is in sight in its own time; what never comes is told by the assertions.
      const shown = async (at, isSo) => {
        main.scrollTop = (at / 600) * main.scrollHeight;
        for (let left = 600; left && !isSo(coloured()); left -= 1) await frame();
        return coloured();
      };
      const result = [
        await shown(0, ({ numbers }) => numbers.includes('3')),
        await shown(200, ({ numbers, comments }) => comments.some((text) => text.includes('inside 200 /')) && !numbers.includes('500')),
        await shown(500, ({ numbers, comments }) => numbers.includes('500') && !comments.some((text) => text.includes('inside 200'))),
      ];
      view.close();
      main.style.cssText = '';
      return result;
    });
    const [top, inside, below] = seen;
    assert.ok(top.numbers.includes('3') && !top.numbers.includes('500'), `${top.numbers}`);
    assert.ok(inside.comments.some((text) => text.includes('inside 200 /')) && !inside.numbers.includes('500'), `${inside.comments}`);
    assert.ok(below.numbers.includes('500') && !below.comments.some((text) => text.includes('inside 200')), `${below.numbers}`);
    assert.ok(seen.every(({ numbers }) => numbers.length < 300), `${seen.map(({ numbers }) => numbers.length)}`);
  });

  it('colours code that is seen, while it grows, and leaves the document alone', async () => {
    const seen = await inPage(async () => {
      const { open } = await import('/twinchat-harness.js');
      const view = open(document.querySelector('main'));
      const frames = async (count) => { for (let n = 0; n < count; n += 1) await new Promise((resolve) => { requestAnimationFrame(() => setTimeout(resolve)); }); };
      const ranges = () => Object.fromEntries([...CSS.highlights].map(([name, highlight]) => [name, [...highlight].map((range) => {
        const live = document.createRange();
        live.setStart(range.startContainer, range.startOffset);
        live.setEnd(range.endContainer, range.endOffset);
        return live.toString();
      })]));
      view.write('```js\nlet a = "x"; // no\n');
      await frames(6);
      const first = ranges();
      view.write('const b = f(2); /* open\n');
      await frames(3);
      view.write('still */ return 3;\n```\n');
      await view.end();
      await frames(3);
      const html = view.root.querySelector('code').innerHTML;
      const last = ranges();
      view.close();
      await frames(4);
      return { first, last, html, left: [...CSS.highlights.values()].reduce((sum, { size }) => sum + size, 0) };
    });
    assert.deepEqual(seen.first['tc-keyword'], ['let']);
    assert.deepEqual(seen.first['tc-comment'], ['// no']);
    assert.deepEqual(seen.last['tc-keyword'], ['let', 'const', 'return']);
    assert.deepEqual(seen.last['tc-comment'], ['// no', '/* open\nstill */']);
    assert.deepEqual(seen.last['tc-string'], ['"x"']);
    assert.deepEqual(seen.last['tc-number'], ['2', '3']);
    assert.equal(seen.html, 'let a = "x"; // no\nconst b = f(2); /* open\nstill */ return 3;\n');
    assert.equal(seen.left, 0, 'nothing is kept of a view that is gone');
  });

  it('keeps two views apart', async () => {
    const texts = await inPage(async () => {
      const { open } = await import('/twinchat-harness.js');
      const views = [0, 1].map(() => open(document.querySelector('main').appendChild(document.createElement('div'))));
      views[0].write('one');
      views[1].write('two');
      await Promise.all(views.map((view) => view.end()));
      return views.map((view) => view.root.textContent);
    });
    assert.deepEqual(texts, ['one', 'two']);
  });
});
