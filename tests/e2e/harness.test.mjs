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
      const body = type ? await readFile(join(folder, url)).catch(() => undefined) : '<!doctype html><main></main>';
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

  const inPage = async (work) => {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    try {
      return await page.evaluate(work);
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
