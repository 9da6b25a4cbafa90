// Each folder of examples/, built and served as its README says, with the package as it would be published, and used in a
// browser. Nothing is written into the folders themselves: they are copied to examples/.run first.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { cp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { createRequire } from 'node:module';
import net from 'node:net';
import { extname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { Chat } from './support/chat.mjs';
import { policy } from './support/documents.mjs';
import { demo, eventually, openWorld, picture } from './support/world.mjs';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const examples = join(root, 'examples');
const copies = join(examples, '.run');
const require = createRequire(join(examples, 'package.json'));
const TWIN = 'Ferris';
const QUESTION = 'Explain ownership with a small example';
/** What the examples take for the proxy, as somebody who tries them has it. */
const USUAL_PROXY = 'http://127.0.0.1:8081';

process.env.VITE_TWINCHAT_PROXY = demo.proxy;

before(async () => {
  const installed = join(examples, 'node_modules/twinchat');
  const tarball = (await readdir(join(root, 'dist'))).find((name) => name.endsWith('.tgz'));
  await rm(installed, { recursive: true, force: true });
  await mkdir(installed);
  await run('tar', ['-xzf', join(root, 'dist', tarball), '--strip-components=1', '-C', installed]);
  await rm(copies, { recursive: true, force: true });
  const made = /\/(node_modules|dist|\.next|\.vite)$/;
  for (const entry of await readdir(examples, { withFileTypes: true })) {
    if (!entry.isDirectory() || entry.name.startsWith('.') || entry.name === 'node_modules') continue;
    await cp(join(examples, entry.name), join(copies, entry.name), { recursive: true, filter: (path) => !made.test(path) });
  }
});
after(() => rm(copies, { recursive: true, force: true }));

/** A visitor of the site that a server on this port stands in for. */
async function visit(port, walk, { name, mayComplain, ...options }) {
  const world = await openWorld({ sitePort: port });
  try {
    const visitor = await world.visitor(options);
    const page = await visitor.context.newPage();
    page.violations = [];
    await page.exposeBinding('violated', (_, what) => void page.violations.push(what));
    await page.addInitScript(() => document.addEventListener('securitypolicyviolation', (event) => globalThis.violated(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`)));
    try {
      await page.goto(demo.site);
      await walk(page, new Chat(page), visitor);
      await picture(page, `example-${name}`);
      assert.deepEqual(page.violations, []);
      assert.deepEqual(visitor.seen.complaints.filter((text) => !mayComplain?.test(text)), []);
      assert.deepEqual([...visitor.seen.origins].filter((origin) => origin !== demo.site && origin !== demo.proxy), []);
    } catch (error) {
      await picture(page, `failed-example-${name}`).catch(() => {});
      error.message += `\nthe console: ${visitor.seen.complaints.join('\n')}`;
      throw error;
    }
  } finally {
    await world.close();
  }
}

/** Asks for code, and waits until it is there and has its colours. */
async function talk(page, chat) {
  await chat.twins.filter({ hasText: TWIN }).click();
  await chat.composer.waitFor();
  await chat.ask(QUESTION);
  const said = await chat.whole(1);
  await coloured(page);
  return said;
}

const coloured = (page) => eventually(() => page.evaluate(() => [...CSS.highlights.values()].reduce((sum, { size }) => sum + size, 0)), (count) => count > 0, 'coloured words in the code');

/** The two things that every example with a framework does: says which conversation is open, and hands its options on. */
async function framework(page, chat) {
  await chat.launcher.waitFor();
  assert.equal(await page.locator('output').textContent(), 'none yet');
  await page.getByRole('button', { name: 'Ask a question' }).click();
  await chat.panel.waitFor();
  await chat.twins.filter({ hasText: TWIN }).click();
  await chat.root.getByRole('button', { name: 'What is a lifetime?' }).waitFor();
  await chat.ask(QUESTION);
  await chat.whole(1);
  await coloured(page);
  await page.locator('output', { hasText: /^(?!none yet)./ }).waitFor();
  const paper = () => chat.panel.evaluate((panel) => getComputedStyle(panel).backgroundColor);
  const light = await paper();
  await page.getByRole('checkbox', { name: 'Dark' }).check();
  await eventually(paper, (colour) => colour !== light, 'the dark palette');
  assert.equal(await page.locator('twin-chat').count(), 1);
}

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.wasm': 'application/wasm' };

/** A folder of files, with the proxy of this run in the place of the usual one. */
async function files(folder, walk) {
  const server = http.createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://site');
    const path = pathname === '/' ? '/index.html' : pathname;
    const bytes = await readFile(join(folder, path)).catch(() => undefined);
    if (!bytes) return response.writeHead(404).end();
    response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'application/octet-stream' });
    return response.end(path.endsWith('.html') ? bytes.toString().replaceAll(USUAL_PROXY, demo.proxy) : bytes);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await walk(server.address().port);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** A program that serves the site on a free port, until the walk is over. */
async function program(command, argumentsFor, options, walk) {
  const port = await new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
  const child = spawn(command, argumentsFor(port), { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  const ended = new Promise((resolve) => child.on('close', resolve));
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
  try {
    const answers = () => fetch(`http://127.0.0.1:${port}/`).then(({ status }) => status, () => child.exitCode ?? 0);
    await eventually(answers, (is) => is !== 0, `${command} ${argumentsFor(port).join(' ')}`, 60_000);
    assert.equal(child.exitCode, null, said);
    await walk(port);
  } catch (error) {
    error.message += `\n${command}: ${said.slice(-2000)}`;
    throw error;
  } finally {
    child.kill();
    await ended;
  }
}

/** The strictest policy for a page with a bundle; Vue and Svelte need a Trusted Types policy of their own. */
const bundled = (types) => policy('From npm').replace("trusted-types 'none'", `trusted-types ${types}`);

const vite = () => import(pathToFileURL(join(require.resolve('vite/package.json'), '../dist/node/index.js')));

/** Built as for the owner's server, under a strict policy. */
async function built(name, walk, { outDir = 'dist', types = "'none'", ...options } = {}) {
  const { build, preview } = await vite();
  process.env.NODE_ENV = 'production';
  const folder = join(copies, name);
  await build({ root: folder, configFile: join(folder, 'vite.config.js'), logLevel: 'warn', ...options, build: { outDir } });
  const server = await preview({ root: folder, configFile: join(folder, 'vite.config.js'), build: { outDir }, preview: { host: '127.0.0.1', port: 0, headers: { 'content-security-policy': bundled(types) } } });
  try {
    await walk(server.httpServer.address().port, join(folder, outDir));
  } finally {
    await server.close();
  }
}

/** With the development server, which tells the page of changes. */
async function developed(name, walk) {
  const { createServer } = await vite();
  process.env.NODE_ENV = 'development'; // a build before has said otherwise
  const folder = join(copies, `${name}-dev`);
  await cp(join(copies, name), folder, { recursive: true });
  const server = await createServer({ root: folder, configFile: join(folder, 'vite.config.js'), logLevel: 'warn', cacheDir: join(folder, '.vite'), server: { host: '127.0.0.1', port: 0 } });
  await server.listen();
  try {
    await walk(server.httpServer.address().port, folder);
  } finally {
    await server.close();
  }
}

async function change(path, from, to) {
  const text = await readFile(path, 'utf8');
  assert.ok(text.includes(from), `${path} has no ${from}`);
  await writeFile(path, text.replace(from, to));
}

test('plain HTML', () =>
  files(join(copies, 'html'), (port) =>
    visit(port, async (page, chat) => {
      await page.getByRole('button', { name: 'Ask about opening hours' }).click();
      await chat.panel.waitFor();
      await talk(page, chat);
      await page.getByText('The answer is complete.').waitFor();
    }, { name: 'html' })));

test('Vite and React 19, under a strict policy, and its files named for ever', () =>
  built('vite-react', async (port, folder) => {
    await visit(port, framework, { name: 'vite-react' });
    const names = await readdir(join(folder, 'assets'));
    assert.equal(names.filter((name) => /^twinchat-widget_bg-[\w-]+\.wasm$/.test(name)).length, 1, names.join(' '));
  }));

test('the same with React 18', () =>
  built('vite-react', (port) => visit(port, framework, { name: 'vite-react-18' }), {
    outDir: 'dist-18',
    resolve: { alias: { react: join(root, 'node_modules/react'), 'react-dom': join(root, 'node_modules/react-dom') } },
  }));

for (const [name, source, stays] of [['vite-react', 'src/App.jsx', true], ['vue', 'src/App.vue', true], ['svelte', 'src/App.svelte', false]]) {
  test(`${name} while it is written: one chat however often it is mounted, and a change of the code does not end what was said`, () =>
    developed(name, (port, folder) =>
      visit(port, async (page, chat) => {
        await framework(page, chat);
        await chat.composer.fill('Half a sentence');
        await change(join(folder, source), 'Ask a question', 'Ask away');
        await page.getByRole('button', { name: 'Ask away' }).waitFor();
        await chat.panel.waitFor();
        await chat.whole(1);
        // Svelte mounts a changed component anew.
        if (stays) assert.equal(await chat.composer.inputValue(), 'Half a sentence');
        assert.equal(await page.locator('twin-chat').count(), 1);
        await page.reload();
        await chat.panel.waitFor();
        await chat.whole(1);
      }, { name: `${name}-dev` })));
}

test('Vue', () => built('vue', (port) => visit(port, framework, { name: 'vue' }), { types: 'vue' }));

test('Svelte', () => built('svelte', (port) => visit(port, framework, { name: 'svelte' }), { types: 'svelte-trusted-html' }));

const next = join(require.resolve('next/package.json'), '../dist/bin/next');
const NEXT = { ...process.env, NEXT_PUBLIC_TWINCHAT_PROXY: demo.proxy, TWINCHAT_ISSUER: demo.site, TWINCHAT_IDENTITY_SECRET: demo.identity_secret, NEXT_TELEMETRY_DISABLED: '1' };

/** The example by this bundler, running. */
async function nextBy(bundler, walk) {
  const cwd = join(copies, 'next');
  await rm(join(cwd, '.next'), { recursive: true, force: true });
  await run(process.execPath, [next, 'build', `--${bundler}`], { cwd, env: NEXT }).catch(({ stdout, stderr }) => assert.fail(stdout + stderr));
  await program(process.execPath, (port) => [next, 'start', '-H', '127.0.0.1', '-p', String(port)], { cwd, env: NEXT }, async (port) => {
    const html = await (await fetch(`http://127.0.0.1:${port}/`)).text();
    assert.match(html, /<twin-chat proxy="http:\/\/127\.0\.0\.1:\d+"><\/twin-chat>/);
    await visit(port, async (page, chat) => {
      await chat.launcher.waitFor();
      assert.equal(await page.locator('output').textContent(), 'nobody yet');
      await page.getByRole('button', { name: 'Ask a question' }).click();
      await chat.panel.waitFor();
      await page.locator('output', { hasText: 'you' }).waitFor();
      await walk(page, chat);
    }, { name: `next-${bundler}` });
  });
}

test('Next.js, by Turbopack and by webpack: drawn on the server, and who is signed in there finds what was said on another device', async () => {
  let said;
  await nextBy('turbopack', async (page, chat) => {
    said = await talk(page, chat);
  });
  await nextBy('webpack', async (page, chat) => {
    await chat.row(QUESTION).click();
    assert.equal(await chat.whole(1), said);
    await coloured(page);
  });
});

const php = await run('php', ['--version']).then(() => true, () => false);
if (!php) console.log('SKIPPED: examples/php, since php is not installed');

test('a page as WordPress makes it, with the plugin, signed in and not', { skip: !php && 'php is not installed' }, () => {
  const env = { ...process.env, TWINCHAT_PROXY: demo.proxy, TWINCHAT_IDENTITY_SECRET: demo.identity_secret };
  return program('php', (port) => ['-S', `127.0.0.1:${port}`, 'index.php'], { cwd: join(copies, 'php'), env }, (port) =>
    visit(port, async (page, chat, visitor) => {
      await chat.open();
      const anonymous = await talk(page, chat);
      await page.getByRole('link', { name: 'Sign in as user 7' }).click();
      await chat.panel.waitFor();
      await chat.button(chat.words.take_over).click();
      await chat.root.getByText('1 conversation was added to your account.').waitFor();

      // On another device the user finds it again.
      const elsewhere = await visitor.context.browser().newContext({ locale: 'en-GB' });
      const other = await elsewhere.newPage();
      await other.goto(`${demo.site}/sign-in`);
      const there = new Chat(other);
      await there.open();
      await there.row(QUESTION).click();
      assert.equal(await there.whole(1), anonymous);
      await elsewhere.close();
      // The conversation that was open is asked for, which the user did not have yet.
    }, { name: 'php', mayComplain: /404/ }));
});

test('Leptos: the components in an app of one\'s own', () =>
  files(join(process.env.TWINCHAT_SCRATCH, 'leptos'), (port) =>
    visit(port, async (page, chat) => {
      chat.root = page.locator('body');
      await talk(page, chat);
      await page.locator('header output', { hasText: TWIN }).waitFor();
      await page.locator('aside').getByText(QUESTION).waitFor();
      await page.getByRole('button', { name: 'New conversation' }).first().click();
      await eventually(() => chat.answers.count(), (count) => count === 0, 'an empty conversation');
      await page.locator('aside').getByText(QUESTION).click();
      await chat.whole(1);
    }, { name: 'leptos' })));
