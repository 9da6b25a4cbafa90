// A page with the real loader and, in the widget's place, a stand-in that writes down what it is asked to do.

import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { chromium } from 'playwright-core';

/** The strictest policy that a page with the widget can have. */
export const STRICT =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'";

const NPM = new URL('../../../npm/', import.meta.url);
const SOURCES = ['twinchat.js', 'twinchat-element.js', 'twinchat-fetch.js', 'twinchat-look.js', 'index.js'];
const EMPTY_WASM = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

// What twinchat-shell.js does, with a log in place of a widget.
const STAND_IN = `
const log = (globalThis.document.standIn ??= { asked: [], mounted: 0, instances: 0 });
let started;
export default ({ module_or_path }) => {
  started = (async () => {
    await WebAssembly.compileStreaming(await module_or_path);
    log.instances += 1;
  })();
};
export function mount(frame, options, emit) {
  log.mounted += 1;
  log.asked.push(['mount', options]);
  const panel = document.createElement('p');
  panel.textContent = 'panel';
  panel.tabIndex = 0;
  frame.append(panel);
  log.emit = emit;
  return {
    ready: started,
    async call(method, values) {
      await started;
      if (method === 'setTwin' && typeof values[0] !== 'string') throw new TypeError('twinchat: setTwin() takes an id as a string');
      log.asked.push([method, ...values]);
      if (method === 'open') emit('opened');
      if (method === 'close') emit('closed');
    },
    setOptions: (options) => log.asked.push(['setOptions', options]),
    destroy() {
      log.mounted -= 1;
      panel.remove();
    },
  };
}
`;

/** A server and a browser. `close()` ends both. */
export async function raiseStage() {
  const pages = new Map();
  const requests = [];
  const failing = new Set();
  const server = http.createServer(async (request, response) => {
    const { pathname, search } = new URL(request.url, 'http://stage');
    const name = pathname.slice(1);
    requests.push(name + search);
    const send = (type, body, headers = {}) => response.writeHead(200, { 'content-type': type, 'access-control-allow-origin': '*', ...headers }).end(body);
    if (failing.has(name)) return response.writeHead(503).end();
    if (pages.has(name)) return send('text/html; charset=utf-8', pages.get(name).html, { 'content-security-policy': pages.get(name).policy });
    if (SOURCES.includes(name)) return send('text/javascript', await readFile(new URL(name, NPM)));
    if (name === 'twinchat-shell.js') return send('text/javascript', STAND_IN);
    if (name === 'twinchat-widget_bg.wasm') return send('application/wasm', EMPTY_WASM);
    if (pages.has(`script:${name}`)) return send('text/javascript', pages.get(`script:${name}`));
    return response.writeHead(404).end();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;
  const browser = await chromium.launch({
    executablePath: process.env.CHROME || undefined,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  let count = 0;

  return {
    origin,
    failing,
    /** What was asked of the server since the last page was opened. */
    requests,
    async close() {
      await browser.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
    /** Opens a page; its body may refer to scripts by name. Complaints are all console errors and uncaught exceptions. */
    async page(body, { policy = STRICT, scripts = {}, head = '', ...context } = {}) {
      const name = `page-${(count += 1)}.html`;
      pages.set(name, { html: `<!doctype html><html lang="en"><head><title>A page</title>${head}</head><body>${body}</body></html>`, policy });
      for (const [script, source] of Object.entries(scripts)) pages.set(`script:${script}`, source);
      requests.length = 0;
      const page = await browser.newPage(context);
      page.complaints = [];
      page.on('console', (message) => message.type() === 'error' && page.complaints.push(message.text()));
      page.on('pageerror', (error) => page.complaints.push(String(error)));
      await page.goto(`${origin}/${name}`);
      return page;
    },
  };
}
