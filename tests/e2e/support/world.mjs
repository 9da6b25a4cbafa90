// The demo that xtask started, a browser in front of it, and a record of all that happened.

import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { layWire } from './wire.mjs';

if (!process.env.TWINCHAT_DEMO) throw new Error('Run these tests with `cargo xtask test`, or `cargo xtask e2e` for them alone.');

/** What `cargo xtask demo --json` prints. */
export const demo = JSON.parse(process.env.TWINCHAT_DEMO);
/** Where this run's files are: settings, database, logs, what the browser saw. */
export const run = process.env.TWINCHAT_RUN;
export const results = join(dirname(fileURLToPath(import.meta.url)), '../results');

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const port = (address) => Number(new URL(address).port);

export const PHONE = { width: 390, height: 844 };
export const DESKTOP = { width: 1280, height: 800 };

/** A browser whose every byte to the site and the proxy goes over a wire of ours. Another server can stand in for the site. */
export async function openWorld({ sitePort = port(demo.site) } = {}) {
  mkdirSync(join(run, 'pages'), { recursive: true });
  const [site, proxy] = await Promise.all([
    layWire(sitePort, join(run, 'wire-site.bin')),
    layWire(port(demo.proxy), join(run, 'wire-proxy.bin')),
  ]);
  const detour = (address, wire) => `MAP 127.0.0.1:${port(address)} 127.0.0.1:${wire.port}`;
  const browser = await chromium.launch({
    executablePath: process.env.CHROME,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync',
      // Pages that a test answers itself come from no address: the browser takes them for the internet's.
      '--disable-features=LocalNetworkAccessChecks', `--host-resolver-rules=${detour(demo.site, site)}, ${detour(demo.proxy, proxy)}`,
    ],
  });
  return {
    proxy,
    async close() {
      await browser.close();
      await Promise.all([site.close(), proxy.close()]);
    },
    /** A visitor who was never here before. */
    async visitor(options = {}) {
      const context = await browser.newContext({ viewport: DESKTOP, locale: 'en-GB', colorScheme: 'light', ...options });
      context.setDefaultTimeout(15_000);
      const seen = { complaints: [], origins: new Set() };
      context.on('page', (page) => listen(page, seen));
      return { context, seen, open: async (path = '/') => open(context, path) };
    },
  };
}

/**
 * A page of the owner's, at an address that the proxy allows: what it holds, and under which policy, is the test's.
 * `violations` are what its policy refused, in it and in its frames.
 */
export async function ownPage({ context }, { head = '', body = '', policy = '', scripts = {}, name = 'own' }) {
  const page = await context.newPage();
  const address = `${demo.site}/${name}.html`;
  const html = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page</title>${head}</head><body>${body}</body></html>`;
  await page.route(address, (route) => route.fulfill({ contentType: 'text/html', headers: policy ? { 'content-security-policy': policy } : {}, body: html }));
  for (const [script, source] of Object.entries(scripts)) {
    const contentType = script.endsWith('.css') ? 'text/css' : 'text/javascript';
    await page.route(`${demo.site}/${script}`, (route) => route.fulfill({ contentType, body: source }));
  }
  page.violations = [];
  await page.exposeBinding('violated', (_, what) => void page.violations.push(what));
  await page.addInitScript(() => {
    const tell = ({ violatedDirective, blockedURI, sample }) => globalThis.violated(`${location.pathname}: ${violatedDirective} ${blockedURI} ${sample}`);
    document.addEventListener('securitypolicyviolation', tell);
  });
  await page.goto(address);
  return page;
}

async function open(context, path) {
  const page = await context.newPage();
  await page.goto(demo.site + path);
  return page;
}

/** Keeps what a page says and whom it asks. */
function listen(page, seen) {
  page.on('console', (message) => {
    appendFileSync(join(run, 'pages/console.txt'), `${message.type()} ${message.text()}\n`);
    // Browsers ask for an icon by themselves; pages of tests have none.
    if (message.location().url.endsWith('/favicon.ico')) return;
    if (message.type() === 'error' || message.type() === 'warning') seen.complaints.push(message.text());
  });
  page.on('pageerror', (error) => seen.complaints.push(String(error)));
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol !== 'data:' && protocol !== 'blob:') seen.origins.add(origin);
    appendFileSync(join(run, 'pages/requests.txt'), `${request.method()} ${request.url()}\n${JSON.stringify(request.headers())}\n`);
  });
}

/** Everything the page holds, shadow roots included, as text, for the record. */
export async function keepPage(page, name) {
  const html = await page.evaluate(() => {
    const roots = [...document.querySelectorAll('*')].map((element) => element.shadowRoot).filter(Boolean);
    return document.documentElement.getHTML({ serializableShadowRoots: true, shadowRoots: roots });
  });
  appendFileSync(join(run, `pages/${name}.html`), html);
}

/** What axe finds serious or critical, as sentences. */
export async function axe(page, where = 'twin-chat') {
  await page.evaluate(AXE);
  const found = await page.evaluate((within) => globalThis.axe.run(within, { resultTypes: ['violations'], iframes: false }), where);
  return found.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.target.flat().join(' ')).join(', ')}`);
}

/** What the browser keeps for the site. */
export const stored = (page) =>
  page.evaluate(async () => ({
    local: { ...localStorage },
    session: { ...sessionStorage },
    databases: (await indexedDB.databases()).map(({ name }) => name),
    caches: await caches.keys(),
    cookies: document.cookie,
  }));

export async function picture(page, name) {
  await page.screenshot({ path: join(results, `${name}.png`), animations: 'disabled', caret: 'hide' });
}

/** Polls until the value is as wanted; for what no event tells. */
export async function eventually(value, wanted, what, patience = 20_000) {
  const end = performance.now() + patience;
  for (;;) {
    const is = await value();
    if (wanted(is)) return is;
    if (performance.now() > end) throw new Error(`${what}: still ${JSON.stringify(is)?.slice(0, 500)} after ${patience} ms`);
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
}
