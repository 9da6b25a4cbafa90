// What comes between a visitor and an answer: other tabs, a token that is good no more, a proxy that starts again, a
// laptop that sleeps, a flight. Each ends with the whole conversation, and what was being written is kept.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, openSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Chat } from './support/chat.mjs';
import * as upstream from './support/upstream.mjs';
import { words } from './support/words.mjs';
import { demo, eventually, openWorld, ownPage, picture, run } from './support/world.mjs';

const QUESTION = 'Thử việc tối đa mấy tháng và lương thử việc tính sao?';
const DRAFT = 'Và nếu nghỉ giữa chừng thì sao';

let world;
before(async () => {
  world = await openWorld();
});
after(() => world?.close());

/** The chat with an answer under way and half of the next question written. */
async function halfway(page) {
  const chat = new Chat(page);
  await chat.openAndPick();
  await chat.ask(QUESTION);
  await chat.reaches(40, 1);
  await chat.composer.fill(DRAFT);
  return chat;
}

/** The answer is whole, as the upstream has given it, also after a reload; the draft is there before that. */
async function complete(chat) {
  const text = await chat.whole(1);
  assert.equal(await chat.composer.inputValue(), DRAFT, 'the draft');
  await chat.comeBack();
  assert.equal(await chat.whole(1), text);
  assert.equal(await chat.questions.count(), 1, 'the question was asked once');
}

test('three tabs are one visitor, and show one reply while it grows', async () => {
  const { context, open } = await world.visitor();
  const first = new Chat(await open('/?lang=en'));
  await first.openAndPick();
  await first.ask(QUESTION);
  await first.reaches(20, 1);
  const visitors = new Set();
  const asked = [];
  context.on('request', (request) => request.method() === 'POST' && /\/messages(\/stream)?$/.test(request.url()) && asked.push(request.url()));
  context.on('response', async (response) => {
    if (response.url().endsWith('/oauth/token') && response.ok()) visitors.add((await response.json()).visitor_id);
  });
  const others = [];
  for (let tab = 0; tab < 2; tab += 1) {
    const chat = new Chat(await open('/?lang=en'));
    await chat.open();
    await chat.row(QUESTION.slice(0, 20)).click();
    others.push(chat);
  }
  const text = await first.whole(1);
  for (const chat of others) assert.equal(await chat.whole(1), text);
  assert.ok(visitors.size <= 1, `the tabs are ${[...visitors]}`);
  await others[1].ask('Cảm ơn nhé');
  for (const chat of [first, others[0]]) await eventually(() => chat.questions.count(), (count) => count === 2, 'the other tab’s question');
  const thanks = await others[1].whole(2);
  for (const chat of [first, others[0]]) assert.equal(await chat.whole(2), thanks);
  assert.equal(asked.length, 1, 'only one tab has asked');
  await context.close();
});

test('a token that expires while an answer comes is renewed once and unseen', async () => {
  const { context, open } = await world.visitor();
  const page = await open('/?lang=en');
  const chat = new Chat(page);
  await chat.openAndPick();
  let refused = 0;
  let renewed = 0;
  const cut = world.proxy.cutStreamAfter(1500);
  await chat.ask(QUESTION);
  // From now on the token is not good any more, until there is a new one.
  await page.route(`${demo.proxy}/**`, async (route) => {
    const request = route.request();
    if (request.url().endsWith('/oauth/token')) renewed += 1;
    else if (!renewed && request.headers().authorization) {
      refused += 1;
      const body = { success: false, error: { code: 'TOKEN_EXPIRED', message: 'The token has expired.' } };
      const headers = { 'access-control-allow-origin': demo.site, 'www-authenticate': 'DPoP error="invalid_token"' };
      return route.fulfill({ status: 401, headers, contentType: 'application/json', body: JSON.stringify(body) });
    }
    return route.continue();
  });
  await cut;
  await chat.composer.fill(DRAFT);
  const text = await chat.whole(1);
  assert.ok(refused >= 1, 'nothing was refused');
  assert.equal(renewed, 1, 'one renewal');
  assert.equal(await chat.root.getByText(words.en.problem_identity).count(), 0, 'the visitor was told of it');
  assert.equal(await chat.composer.inputValue(), DRAFT);
  await page.unrouteAll();
  await chat.comeBack();
  assert.equal(await chat.whole(1), text);
  await context.close();
});

/** A proxy of the test's own, which it can end and start again. */
async function ownProxy() {
  const folder = join(run, 'own-proxy');
  mkdirSync(folder, { recursive: true });
  const port = await new Promise((resolve) => {
    const probe = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
  const origin = `http://127.0.0.1:${port}`;
  const settings = join(folder, 'twinchat.toml');
  writeFileSync(settings, `[server]\nlisten = "127.0.0.1:${port}"\npublic_urls = ["${origin}"]\nallowed_origins = ["${demo.site}"]\n
[store]\npath = "twinchat.db"\n\n[[upstream]]\nname = "demo"\nkind = "twinexpert"\norigin = "${demo.emulator}"\nkey_env = "TWINCHAT_TWINEXPERT_KEY"\n`);
  const log = openSync(join(folder, 'proxy.log'), 'a');
  let child;
  const proxy = {
    origin,
    async start() {
      child = spawn(join(process.env.TWINCHAT_PROGRAMS, 'twinchat-proxy'), ['serve', '--config', settings], {
        env: { ...process.env, TWINCHAT_TWINEXPERT_KEY: demo.twinexpert_key },
        stdio: ['ignore', log, log],
      });
      await eventually(() => fetch(`${origin}/readyz`).then((answer) => answer.ok, () => false), Boolean, 'the proxy');
    },
    /** Ends it as a crash does, with nothing said. */
    async kill() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    },
  };
  await proxy.start();
  return proxy;
}

test('a proxy that dies in mid-answer and starts again loses no conversation', async () => {
  const proxy = await ownProxy();
  const visitor = await world.visitor();
  try {
    const body = `<script type="module" src="${demo.proxy}/twinchat.js" data-proxy="${proxy.origin}"></script>`;
    const page = await ownPage(visitor, { body, name: 'restart' });
    const chat = new Chat(page);
    await chat.openAndPick();
    await chat.ask(QUESTION);
    await chat.reaches(40, 1);
    await chat.composer.fill(DRAFT);
    const came = await chat.said();
    await proxy.kill();
    await chat.root.locator('[part~=banner]').waitFor();
    await picture(page, 'proxy-gone');
    await proxy.start();
    // What was being answered when it died is told as interrupted, with what had come, and can be had again.
    const again = chat.button(words.en.answer_again);
    await again.or(chat.button(words.en.copy, chat.answers.last())).first().waitFor({ timeout: 60_000 });
    assert.equal(await chat.composer.inputValue(), DRAFT);
    assert.ok((await chat.said()).length >= Math.min(came.length, 20), 'what had come is gone');
    if (await again.count()) await again.click();
    const text = await chat.whole(1);
    assert.ok(text.length > came.length);
    assert.equal(await chat.questions.count(), 1);
  } finally {
    await proxy.kill();
    await visitor.context.close();
  }
});

test('a laptop that sleeps in mid-answer wakes to the whole of it', async () => {
  const { context, open } = await world.visitor();
  const page = await open('/?lang=en');
  const chat = await halfway(page);
  const lifecycle = await context.newCDPSession(page);
  await lifecycle.send('Page.setWebLifecycleState', { state: 'frozen' });
  // Meanwhile the line dies, as it does under a closed lid, and the answer goes on at the proxy.
  world.proxy.down();
  const [{ id: twin }] = await upstream.twins();
  await upstream.answer(twin, QUESTION); // as long as an answer takes
  world.proxy.up();
  await lifecycle.send('Page.setWebLifecycleState', { state: 'active' });
  await page.bringToFront();
  await complete(chat);
  await context.close();
});

test('a flight in mid-answer: offline is said, what is written stays, and landing completes it', async () => {
  const { context, open } = await world.visitor();
  const page = await open('/?lang=en');
  const chat = await halfway(page);
  await context.setOffline(true);
  world.proxy.down();
  await chat.root.getByText(words.en.offline).first().waitFor();
  assert.equal(await chat.composer.inputValue(), DRAFT);
  await chat.composer.fill(`${DRAFT}?`);
  await chat.composer.fill(DRAFT);
  world.proxy.up();
  await context.setOffline(false);
  await complete(chat);
  await context.close();
});

test('a question asked without a network goes out when it is back, and the view stays with its answer', async () => {
  const { context, open } = await world.visitor();
  const chat = new Chat(await open('/?lang=en'));
  await chat.openAndPick();
  await chat.ask(QUESTION);
  await chat.whole(1);
  await context.setOffline(true);
  await chat.root.getByText(words.en.offline).first().waitFor();
  await chat.ask(QUESTION);
  await chat.button(words.en.send_again).waitFor();
  // What was said of the network goes in the moment in which the answer begins.
  await context.setOffline(false);
  await chat.whole(2);
  const below = await chat.root.locator('.tc-messages').evaluate((list) => list.scrollHeight - list.scrollTop - list.clientHeight);
  assert.ok(below <= 6, `the end is ${below} pixels below the view`);
  await context.close();
});
