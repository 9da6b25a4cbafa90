// The gallery in a browser: any component in any state, without a server behind it and with time standing still.

import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

if (!process.env.TWINCHAT_GALLERY) throw new Error('Run these tests with `cargo xtask looks`, or all with `cargo xtask test`.');

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.wasm': 'application/wasm', '.css': 'text/css', '.woff2': 'font/woff2' };
const FONTS = ['noto-sans', 'noto-sans-arabic', 'noto-sans-mono'];
const root = (path) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

// Letters look the same on every machine only if they come from the same file.
const PAGE = `<!doctype html><html><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content">
<title>gallery</title>${FONTS.map((font) => `<link rel="stylesheet" href="/fonts/${font}/index.css">`).join('')}
<link rel="stylesheet" href="/gallery.css">
<style>html{--tc-font:"Noto Sans Variable","Noto Sans Arabic Variable",sans-serif;--tc-font-mono:"Noto Sans Mono Variable",monospace}</style>
</head><body></body><script type="module">import start from '/twinchat-gallery.js'; await start({ module_or_path: '/twinchat-gallery_bg.wasm' });</script></html>`;

const PLAIN = `<!doctype html><meta charset="utf-8">${FONTS.map((font) => `<link rel="stylesheet" href="/fonts/${font}/index.css">`).join('')}
<style>body{margin:0;padding:12px;width:340px;background:#fff;color:#15181c;font:400 15px/1.5 "Noto Sans Variable","Noto Sans Arabic Variable"}
b{font-weight:650}code{font-family:"Noto Sans Mono Variable"}p{margin:0 0 8px}div{width:60px;height:24px;border-radius:12px;background:#0f766e}</style>
<p>Ướp bằng <b>gạo sen tươi</b>, hãm 90 giây.</p><p dir="rtl">يُعطَّر بأسدية <b>اللوتس</b> الطازجة.</p><p><code>return round(5 / 150)</code></p><div></div>`;

function file(path) {
  if (path === '/') return Buffer.from(PAGE);
  if (path === '/plain.html') return Buffer.from(PLAIN);
  const font = /^\/fonts\/([\w-]+)\/([\w./-]+)$/.exec(path);
  if (font && !font[2].includes('..')) return readFile(root(`node_modules/@fontsource-variable/${font[1]}/${font[2]}`));
  if (path === '/gallery.css') return readFile(root('examples/gallery/gallery.css'));
  if (path.includes('..')) throw new Error(path);
  return readFile(join(process.env.TWINCHAT_GALLERY, path));
}

/** A browser that draws letters without hints, and the gallery served to it. */
export async function openGallery() {
  const server = http.createServer(async ({ url }, response) => {
    const { pathname } = new URL(url, 'http://gallery');
    try {
      const body = await file(pathname);
      response.writeHead(200, { 'content-type': TYPES[extname(pathname) || '.html'] ?? 'application/octet-stream' }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;
  const browser = await chromium.launch({
    executablePath: process.env.CHROME || undefined,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking', '--disable-component-update',
      '--disable-sync', '--font-render-hinting=none', '--disable-lcd-text', '--force-color-profile=srgb', '--hide-scrollbars',
    ],
  });
  return {
    origin,
    browser,
    async close() {
      await browser.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
    /** A page in which scenes can be shown. The time zone is that of the invented conversations. */
    async page(options = {}) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB', timezoneId: 'Asia/Ho_Chi_Minh', ...options });
      const page = await context.newPage();
      page.complaints = [];
      page.on('pageerror', (error) => page.complaints.push(String(error)));
      await page.goto(origin);
      return page;
    },
  };
}

/** Shows a scene, `scene=chat&locale=vi`, and waits until it is drawn, with its letters. */
export async function show(page, address) {
  await page.evaluate((hash) => void (location.hash === `#${hash}` ? window.dispatchEvent(new Event('hashchange')) : (location.hash = hash)), address);
  await page.waitForFunction((hash) => document.body.dataset.shown === `#${hash}`, address);
  await settle(page);
}

/** Waits until everything is drawn that is to be, letters included. */
export async function settle(page) {
  await page.evaluate(async () => {
    const frame = () => new Promise((drawn) => requestAnimationFrame(drawn));
    await frame();
    await frame();
    await document.fonts.ready;
    await frame();
    await frame();
  });
}
