// What a streamed answer costs the page, beside the same text appended bare, in the same browser.
//
//   cargo xtask harness && CHROME=/usr/bin/chromium node benches/harness/measure.mjs [case...]
//
// Per case: main-thread time (all tasks of the renderer, drawing included), the longest task, and how much the last tenth
// of the deltas costs in comparison with the first. Deltas come as fast as they can: 20 per task, the next task at once.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const folder = fileURLToPath(new URL('../../dist/harness', import.meta.url));
const SIZES = [[40_000, 2_000], [200_000, 10_000]];
const CASES = {
  answer: ['', '## Một phần\n\nMột đoạn **văn** có [liên kết](https://a.example/x), `mã` và *nhấn mạnh* ở giữa, rồi thêm vài câu nữa cho đủ dài.\n\n- mục một\n- mục **hai**\n\n```js\nlet a = 1; // chú thích\nlet b = a + 1;\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n'],
  paragraph: ['', 'một câu **rất** dài trong cùng một đoạn không xuống dòng, '],
  list: ['', '- một mục **đậm** của danh sách\n'],
  nested: ['- mục\n', '  - một mục **đậm** ở trong\n'],
  table: ['| a | b |\n|---|---|\n', '| một ô | ô **hai** |\n'],
  quote: ['', '> một dòng *nghiêng* của trích dẫn\n'],
  code: ['```js\n', 'let value = other + 1; // a comment\n'],
};

const types = { '.js': 'text/javascript', '.wasm': 'application/wasm' };
const server = createServer(async ({ url }, response) => {
  const type = types[extname(url)];
  const body = type ? await readFile(join(folder, url)).catch(() => undefined) : '<!doctype html><style>main{width:400px;height:600px;overflow:auto;font:15px/1.6 sans-serif}</style><main></main>';
  response.writeHead(body ? 200 : 404, { 'Content-Type': type ?? 'text/html' }).end(body);
});
await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
const browser = await chromium.launch({ executablePath: process.env.CHROME, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });

/** Streams a text in a fresh page. */
async function stream(kind, text, deltas) {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const busy = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'TaskDuration').value * 1000;
  };
  await page.evaluate(async (kind) => {
    const host = document.querySelector('main');
    window.longest = 0;
    new PerformanceObserver((list) => { for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration); })
      .observe({ type: 'longtask' });
    if (kind === 'bare') {
      window.view = { write: (delta) => host.append(delta), end: () => new Promise((resolve) => { requestAnimationFrame(() => requestAnimationFrame(resolve)); }) };
    } else {
      window.view = (await import('/twinchat-harness.js')).open(host);
    }
    window.next = () => new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = resolve;
      port2.postMessage(0);
    });
  }, kind);
  const size = Math.ceil(text.length / deltas);
  const tenths = [];
  const before = await busy();
  for (let tenth = 0; tenth < 10; tenth += 1) {
    const from = await busy();
    await page.evaluate(async ([part, size, last]) => {
      for (let at = 0, sent = 0; at < part.length; at += size, sent += 1) {
        window.view.write(part.slice(at, at + size));
        if (sent % 20 === 19) await window.next();
      }
      await new Promise((resolve) => { requestAnimationFrame(() => setTimeout(resolve)); });
      if (last) await window.view.end();
    }, [text.slice(Math.floor(text.length * tenth / 10), Math.floor(text.length * (tenth + 1) / 10)), size, tenth === 9]);
    tenths.push(await busy() - from);
  }
  const total = await busy() - before;
  const longest = await page.evaluate(() => window.longest);
  await page.close();
  return { total, longest, ratio: (tenths[9] + tenths[8]) / (tenths[0] + tenths[1]) };
}

const chosen = process.argv.slice(2);
for (const [size, deltas] of SIZES) {
  for (const [name, [start, unit]] of Object.entries(CASES).filter(([name]) => !chosen.length || chosen.includes(name))) {
    const text = (start + unit.repeat(Math.ceil(size / unit.length))).slice(0, size);
    const best = {};
    for (let round = 0; round < 3; round += 1) {
      for (const kind of ['bare', 'view']) {
        const run = await stream(kind, text, deltas);
        if (!best[kind] || run.total < best[kind].total) best[kind] = run;
      }
    }
    const show = ({ total, longest, ratio }) => `${total.toFixed(0)} ms, longest task ${longest.toFixed(0)} ms, last/first fifth ${ratio.toFixed(2)}`;
    console.log(`${size / 1000} KB ${name}: bare ${show(best.bare)}; view ${show(best.view)}; view/bare ${(best.view.total / best.bare.total).toFixed(2)}`);
  }
}
await browser.close();
server.close();
