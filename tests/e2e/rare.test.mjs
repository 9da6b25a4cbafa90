// What few visitors need is in a second WebAssembly file: a first chat goes without it, and whoever comes to it finds it there.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Chat } from './support/chat.mjs';
import { words } from './support/words.mjs';
import { demo, eventually, openWorld, ownPage } from './support/world.mjs';

const REST = /\/twinchat-rest-\w+\.wasm$/;
const PAGE = { body: `<script type="module" src="${demo.proxy}/twinchat.js"></script>` };

let world;
before(async () => {
  world = await openWorld();
});
after(() => world?.close());

/** The WebAssembly files that a visitor's pages ask for from now on. */
function asked({ context }) {
  const names = [];
  context.on('request', (request) => request.url().endsWith('.wasm') && names.push(request.url()));
  return () => names.filter((name) => REST.test(name)).length;
}

/** A visitor who has said something, as far from the panel's buttons as they can be. */
async function chatting(visitor, options = PAGE) {
  const page = await ownPage(visitor, options);
  const chat = new Chat(page, 'en', options);
  await chat.openAndPick();
  await chat.composer.fill('Hello');
  await chat.composer.press('Enter');
  await chat.whole(1);
  return chat;
}

test('a first chat fetches one WebAssembly file, pointing at the header another, and that only once', async () => {
  const visitor = await world.visitor();
  const rest = asked(visitor);
  const chat = await chatting(visitor);
  assert.equal(rest(), 0);
  await chat.root.locator('.tc-header').hover();
  await eventually(rest, (count) => count === 1, 'the second file');
  await chat.button(chat.words.menu).click();
  await chat.root.getByRole('menu').waitFor();
  await chat.page.keyboard.press('Escape');
  await chat.list();
  await chat.row('Hello').waitFor();
  await chat.action('Hello', chat.words.rename);
  await chat.root.getByRole('textbox', { name: chat.words.new_title }).fill('Renamed');
  await chat.page.keyboard.press('Enter');
  await chat.row('Renamed').waitFor();
  assert.equal(rest(), 1);
  assert.deepEqual(visitor.seen.complaints, []);
  await visitor.context.close();
});

test('two widgets on a page share it', async () => {
  const visitor = await world.visitor();
  const rest = asked(visitor);
  const inline = (id) => `<twin-chat id="${id}" mode="inline" style="height:500px"></twin-chat>`;
  const page = await ownPage(visitor, { body: inline('one') + inline('two') + PAGE.body });
  for (const at of ['#one', '#two']) {
    const chat = new Chat(page, 'en', { at });
    await chat.pick(0);
    await chat.button(chat.words.menu).click();
    await chat.root.getByRole('menu').waitFor();
    await page.keyboard.press('Escape');
  }
  assert.equal(rest(), 1);
  await visitor.context.close();
});

test('when the line breaks on the way the visitor is told, and what was wanted comes with the next try', async () => {
  const visitor = await world.visitor();
  const chat = await chatting(visitor);
  await visitor.context.route(REST, (route) => route.abort());
  await chat.list();
  await chat.root.getByRole('heading', { name: chat.words.conversations }).waitFor();
  await chat.root.getByRole('alert').getByText(words.en.problem_network).waitFor();
  assert.equal(await chat.row('Hello').count(), 0);
  await visitor.context.unroute(REST);
  await chat.button(chat.words.retry).click();
  await chat.row('Hello').waitFor();
  await chat.button(chat.words.back).click();
  await chat.composer.waitFor();
  assert.match(await chat.said(), /\S/, 'what was said is still there');
  await visitor.context.close();
});

test('where the site has another version by now, the visitor is asked to reload the page', async () => {
  const visitor = await world.visitor();
  const chat = await chatting(visitor);
  const answers = (status) => visitor.context.route(REST, (route) => route.fulfill({ status, headers: { 'access-control-allow-origin': '*' } }));
  await answers(503);
  await chat.button(chat.words.menu).click();
  await chat.root.getByText(words.en.problem_network).waitFor();
  await answers(404);
  await chat.button(chat.words.menu).click();
  await chat.button(chat.words.menu).click();
  await chat.root.getByText(words.en.problem_load).waitFor();
  await chat.list();
  await chat.root.getByRole('alert').getByText(words.en.problem_load).waitFor();
  assert.equal(await chat.button(chat.words.retry).count(), 0);
  await visitor.context.close();
});

test('in a frame it comes from where the frame is', async () => {
  const visitor = await world.visitor();
  const rest = asked(visitor);
  const chat = await chatting(visitor, { body: PAGE.body.replace('></script>', ' data-frame="true"></script>'), framed: true });
  await chat.list();
  await chat.row('Hello').waitFor();
  assert.equal(rest(), 1);
  await visitor.context.close();
});
