// The npm package as it would be published: dist/npm/ and the tarball made of it.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { manifest } from '../../xtask/manifest.mjs';
import { style } from '../../xtask/style.mjs';
import { Chat } from './support/chat.mjs';
import { policy } from './support/documents.mjs';
import { demo, openWorld, ownPage, picture } from './support/world.mjs';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = join(root, 'dist/npm');
const { resolve } = createRequire(import.meta.url);
let project; // a project that has the package installed

before(async () => {
  project = await mkdtemp(join(tmpdir(), 'twinchat-project-'));
  const tarball = (await readdir(join(root, 'dist'))).find((name) => name.endsWith('.tgz'));
  await mkdir(join(project, 'node_modules/twinchat'), { recursive: true });
  await run('tar', ['-xzf', join(root, 'dist', tarball), '--strip-components=1', '-C', join(project, 'node_modules/twinchat')]);
  await writeFile(join(project, 'package.json'), '{ "name": "project", "type": "module", "private": true }');
});
after(() => rm(project, { recursive: true }));

test('it holds these files and no other', async () => {
  const packed = (await readdir(join(project, 'node_modules/twinchat'))).toSorted();
  assert.deepEqual(packed, [
    'LICENSE', 'LICENSE-APACHE', 'LICENSE-MIT', 'README.md', 'custom-elements.json', 'index.d.ts', 'index.js', 'package.json', 'react.d.ts',
    'react.js', 'twinchat-entities.js', 'twinchat-highlight.js', 'twinchat-frame.js', 'twinchat-glue.js', 'twinchat-rest-wasm.js', 'twinchat-rest_bg.wasm', 'twinchat-wasm.js', 'twinchat-widget.js', 'twinchat-widget_bg.wasm', 'twinchat.d.ts',
    'twinchat.js',
  ].toSorted());
});

test('publint and are-the-types-wrong find nothing', async () => {
  const { messages, pkg } = await publint({ pkgDir: folder, strict: true });
  assert.deepEqual(messages.map((message) => formatMessage(message, pkg)), []);
  const attw = resolve('@arethetypeswrong/cli/package.json').replace('package.json', 'dist/index.js');
  await run(process.execPath, [attw, '--pack', folder, '--profile', 'esm-only', '--exclude-entrypoints', 'custom-elements.json'], { cwd: root });
});

test('it can be published with provenance: it says where its source is', async () => {
  const { repository, publishConfig, license, version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  assert.match(repository.url, /^git\+https:\/\/github\.com\//);
  assert.deepEqual(publishConfig, { access: 'public', provenance: true });
  assert.equal(license, 'MIT OR Apache-2.0');
  const cargo = await readFile(join(root, 'Cargo.toml'), 'utf8');
  assert.equal(version, cargo.match(/^version = "(.*)"/m)[1], 'Cargo.toml has another version');
});

test('the custom elements manifest is made from index.d.ts and up to date', async () => {
  const made = await manifest(join(root, 'npm/index.d.ts'));
  assert.equal(await readFile(join(root, 'npm/custom-elements.json'), 'utf8'), made, 'write it anew: node xtask/manifest.mjs');
  const [{ declarations: [element] }] = JSON.parse(made).modules;
  const nameless = ['attributes', 'members', 'events', 'cssProperties', 'cssParts'].flatMap((kind) => element[kind].filter(({ description }) => !description).map(({ name }) => name));
  assert.deepEqual(nameless, [], 'these have no sentence');
});

test('the style that travels is made from style/ and up to date', async () => {
  assert.equal(await readFile(join(root, 'npm/twinchat-style.js'), 'utf8'), await style(), 'write it anew: node xtask/style.mjs');
});

const APP = `
import { createRef } from 'react';
import { TwinChat } from 'twinchat/react';
import { defineTwinChat, type GetToken, type TwinChatElement } from 'twinchat';

defineTwinChat();
const getToken: GetToken = async ({ previous, reason, signal }) => (reason === 'initial' && !signal.aborted ? previous : null);
const ref = createRef<TwinChatElement>();
export const app = (
  <TwinChat ref={ref} proxy="https://chat.example.com" mode="inline" starters={['One?', 'Two?']} restore={false} open className="chat"
    style={{ height: 500 }} getToken={getToken} onThreadChange={(event) => event.detail.threadId?.length} onError={({ detail }) => detail.code} />
);
// @ts-expect-error a mode that does not exist
export const wrong = <TwinChat mode="popup" />;
// @ts-expect-error an event's detail has its own members
export const alsoWrong = <TwinChat onReady={(event) => event.detail.nothing} />;
export async function calls(element: TwinChatElement) {
  const off = element.on('twinchat.response.end', ({ detail }) => detail.status === 'complete');
  element.open = true;
  await element.open();
  await element.identify(null);
  await element.sendUserMessage({ text: 'Hello' });
  document.querySelector('twin-chat')?.setOptions({ frame: true, colorScheme: 'dark' });
  off();
}
`;

for (const [version, types] of [['18', '@types/react-18'], ['19', '@types/react']]) {
  test(`its types are right with React ${version}, strictly, in both ways of resolving modules`, async () => {
    const place = join(project, `react-${version}`);
    await mkdir(join(place, 'node_modules/@types'), { recursive: true });
    await symlink(join(root, 'node_modules', types), join(place, 'node_modules/@types/react'));
    await symlink(join(project, 'node_modules/twinchat'), join(place, 'node_modules/twinchat'));
    for (const needed of ['csstype', '@types/prop-types']) {
      await symlink(join(root, 'node_modules', needed), join(place, 'node_modules', needed)).catch(() => {});
    }
    await writeFile(join(place, 'package.json'), '{ "type": "module" }');
    await writeFile(join(place, 'app.tsx'), APP);
    for (const moduleResolution of ['bundler', 'nodenext']) {
      const module = moduleResolution === 'bundler' ? 'esnext' : 'nodenext';
      const options = ['--noEmit', '--strict', '--target', 'es2022', '--module', module, '--moduleResolution', moduleResolution, '--jsx', 'react-jsx', '--lib', 'es2022,dom', '--preserveSymlinks'];
      await run(process.execPath, [resolve('typescript/lib/tsc.js'), ...options, 'app.tsx'], { cwd: place }).catch(({ stdout }) => assert.fail(stdout));
    }
  });
}

/** What esbuild makes of a project's file, by name. */
async function bundled(source, options = {}) {
  await writeFile(join(project, 'main.js'), source);
  const { outputFiles } = await build({
    entryPoints: [join(project, 'main.js')], bundle: true, format: 'esm', splitting: true, outdir: join(project, 'out'), write: false, minify: true,
    absWorkingDir: project, ...options,
  });
  return Object.fromEntries(outputFiles.map(({ path, text }) => [path.split('/').at(-1), text]));
}

test('what is not used is left out of a bundle, and importing registers nothing', async () => {
  const unused = await bundled("import { defineTwinChat } from 'twinchat'; export const answer = 42;");
  assert.ok(unused['main.js'].length < 60, unused['main.js']);
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', "const { defineTwinChat } = await import('twinchat'); defineTwinChat(); console.log('imported');"], { cwd: project });
  assert.equal(stdout.trim(), 'imported');
});

test('a bundle works from a folder that has only its modules: the WebAssembly is within one of them', async () => {
  const files = await bundled(`import { defineTwinChat } from 'twinchat'; defineTwinChat();`);
  const world = await openWorld();
  try {
    const visitor = await world.visitor();
    const page = await ownPage(visitor, {
      name: 'bundle',
      body: `<twin-chat proxy="${demo.proxy}"></twin-chat><script type="module" src="/out/main.js"></script>`,
      policy: policy('From npm'),
      scripts: Object.fromEntries(Object.entries(files).map(([name, text]) => [`out/${name}`, text])),
    });
    const chat = new Chat(page);
    await chat.openAndPick();
    await chat.ask('Hello');
    await chat.whole(1);
    await chat.list();
    await chat.row('Hello').waitFor();
    assert.deepEqual(page.violations, []);
    await picture(page, 'bundle');
  } finally {
    await world.close();
  }
});
