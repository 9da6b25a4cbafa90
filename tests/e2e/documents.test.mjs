// The documents: what stands in them is used. HTML is loaded in a browser and chats, TypeScript is compiled, tables and sizes
// are compared with what they are made of. TOML is read by proxy/src/config/tests, the programs of docs/identity.md by
// proxy/tests/api/snippets, the files of docs/deploying.md by proxy/tests/deploy.rs.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { stale } from '../../xtask/documents.mjs';
import { Chat } from './support/chat.mjs';
import { blocks, here, policy } from './support/documents.mjs';
import { identityToken } from './support/identity.mjs';
import { demo, openWorld, ownPage } from './support/world.mjs';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const { resolve } = createRequire(import.meta.url);
const DOCUMENTS = ['README.md', 'npm/README.md', 'docs/embedding.md', 'docs/events.md', 'docs/theming.md', 'docs/identity.md', 'docs/troubleshooting.md'];
const all = DOCUMENTS.flatMap(blocks);
const of = (...languages) => all.filter(({ language }) => languages.includes(language));

let world;
before(async () => {
  world = await openWorld();
});
after(() => world?.close());

test('tables and sizes in the documents are what they are made of', async () => {
  const paths = (await stale()).map(([path]) => path);
  assert.deepEqual(paths, [], 'write them anew: node xtask/documents.mjs');
});

test('every block is in a language that something looks at', () => {
  // `http` are the policies, `mermaid` is drawn; those of identity.md are run in proxy/tests.
  const known = ['html', 'ts', 'tsx', 'jsx', 'js', 'toml', 'http', 'sh', 'mermaid'];
  const other = all.filter(({ language, path }) => !known.includes(language) && path !== 'docs/identity.md');
  assert.deepEqual(other.map(({ path, heading, language }) => `${path}: ${heading}: ${language}`), []);
});

const { files } = JSON.parse(await readFile(join(root, 'dist/manifest.json'), 'utf8'));
const pinned = files.find(({ role }) => role === 'pinned');

/** A page with this in its body, which has everything that a reader of the document has. */
async function pageWith(visitor, html, options = {}) {
  const loader = html.includes('<script') || html.includes('<iframe') ? '' : `<script type="module" src="${demo.proxy}/twinchat.js"></script>`;
  const body = here(html).replaceAll('twinchat-0123abcd.js', pinned.path).replaceAll('sha384-…', pinned.integrity) + loader;
  await visitor.context.route(`${demo.site}/twinchat/*`, async (route) => {
    const name = new URL(route.request().url()).pathname.split('/').at(-1);
    const bytes = await readFile(join(root, 'dist', name)).catch(() => readFile(join(root, 'dist/npm', name)));
    await route.fulfill({ contentType: name.endsWith('.wasm') ? 'application/wasm' : 'text/javascript', body: bytes });
  });
  await visitor.context.route(`${demo.site}/chat-identity`, (route) => route.fulfill({ contentType: 'text/plain', body: identityToken('reader') }));
  return ownPage(visitor, { body, ...options });
}

for (const [at, { path, heading, text }] of of('html').entries()) {
  test(`HTML ${at + 1} works as it stands: ${path}, ${heading}`, async () => {
    const visitor = await world.visitor();
    try {
      const page = await pageWith(visitor, text);
      if (text.includes('<iframe')) {
        await page.frameLocator('iframe').getByRole('option').first().waitFor();
      } else {
        const count = await page.locator('twin-chat').count();
        assert.ok(count >= 1);
        for (let one = 0; one < count; one += 1) {
          const framed = /data-frame|frame="true"/.test(text);
          await page.evaluate((index) => document.querySelectorAll('twin-chat')[index].open(), one);
          const chat = new Chat(page, /locale="vi"/.test(text) ? 'vi' : 'en', { framed, at: count === 1 ? 'twin-chat' : `twin-chat >> nth=${one}` });
          await chat.twins.first().waitFor();
        }
        for (const button of await page.locator('body > button').all()) await button.click();
      }
      assert.deepEqual(visitor.seen.complaints, []);
    } finally {
      await visitor.context.close();
    }
  });
}

for (const [heading, html] of [
  ['With a nonce', '<script type="module" nonce="r4nd0m" src="https://chat.example.com/twinchat.js"></script>'],
  ['A plain iframe', '<iframe src="https://chat.example.com/frame?mode=inline" title="Chat" width="420" height="640"></iframe>'],
  ['From npm', '<script type="module" src="/twinchat/twinchat.js" data-proxy="https://chat.example.com"></script>'],
]) {
  test(`the policy in docs/embedding.md is enough: ${heading}`, async () => {
    const visitor = await world.visitor();
    try {
      const page = await pageWith(visitor, html, { policy: policy(heading) });
      if (html.includes('<iframe')) {
        await page.frameLocator('iframe').getByRole('option').first().waitFor();
      } else {
        const chat = new Chat(page);
        await chat.openAndPick();
        await chat.ask('Hello');
        await chat.whole(1);
      }
      assert.deepEqual(page.violations, []);
      assert.deepEqual(visitor.seen.complaints, []);
    } finally {
      await visitor.context.close();
    }
  });
}

test('what a shell is told can be read by one', async () => {
  const wrong = [];
  for (const { path, heading, text } of of('sh')) await run('sh', ['-n', '-c', text]).catch(({ stderr }) => wrong.push(`${path}: ${heading}: ${stderr}`));
  assert.deepEqual(wrong, []);
});

test('TypeScript and JSX compile, strictly, with the package as it would be published', async () => {
  const project = await mkdtemp(join(tmpdir(), 'twinchat-documents-'));
  try {
    const installed = join(project, 'node_modules/twinchat');
    const tarball = (await readdir(join(root, 'dist'))).find((name) => name.endsWith('.tgz'));
    await mkdir(installed, { recursive: true });
    await run('tar', ['-xzf', join(root, 'dist', tarball), '--strip-components=1', '-C', installed]);
    await mkdir(join(project, 'node_modules/@types'));
    await symlink(join(root, 'node_modules/@types/react'), join(project, 'node_modules/@types/react'));
    await symlink(join(root, 'node_modules/csstype'), join(project, 'node_modules/csstype'));
    await writeFile(join(project, 'package.json'), '{ "type": "module" }');
    const sources = of('ts', 'tsx', 'jsx', 'js').filter(({ text }) => text.includes("'twinchat"));
    assert.ok(sources.length >= 4);
    const names = await Promise.all(sources.map(async ({ language, text }, at) => {
      const name = `${at}.${language.includes('x') ? 'tsx' : 'ts'}`;
      // An element alone, as a document shows it, is an expression.
      await writeFile(join(project, name), text.replace(/^<TwinChat/m, 'export const shown = <TwinChat'));
      return name;
    }));
    const options = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'esnext', '--moduleResolution', 'bundler', '--jsx', 'react-jsx', '--lib', 'es2022,dom', '--preserveSymlinks'];
    await run(process.execPath, [resolve('typescript/lib/tsc.js'), ...options, ...names], { cwd: project }).catch(({ stdout }) => assert.fail(stdout + JSON.stringify(sources.map(({ path, heading }) => `${path}: ${heading}`))));
  } finally {
    await rm(project, { recursive: true });
  }
});
