// Several tabs of one visitor have one access token, and one of them renews it for all (docs/architecture.md, src/client/share.rs).

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Chat } from './support/chat.mjs';
import { identityToken } from './support/identity.mjs';
import { demo, eventually, openWorld } from './support/world.mjs';

const QUESTION = 'Thử việc tối đa mấy tháng?';
const EXCHANGE = `${demo.proxy}/oauth/token`;

let world;
before(async () => {
  world = await openWorld();
});
after(() => world?.close());

/** A visitor who has asked something in a first tab, and then opened two more. `granted` are the tokens that the proxy gave. */
async function threeTabs() {
  const visitor = await world.visitor();
  const { context } = visitor;
  const granted = [];
  context.on('response', (response) => response.url() === EXCHANGE && response.ok() && granted.push(response.request().frame().page()));
  // A page's clock can be put forward: for it, that is a sleep.
  await context.addInitScript(() => {
    const now = Date.now;
    Date.now = () => now() + (globalThis.slept ?? 0);
  });
  const first = new Chat(await visitor.open('/?lang=en'));
  await first.openAndPick();
  await first.ask(QUESTION);
  await first.whole(1);
  const tabs = [first];
  for (let tab = 0; tab < 2; tab += 1) {
    const chat = new Chat(await visitor.open('/?lang=en'));
    await chat.open();
    await chat.row(QUESTION).click();
    await chat.whole(1);
    tabs.push(chat);
  }
  return { context, granted, tabs };
}

/** Time passes for a tab until its token has expired, and then it looks around. */
const wake = ({ page }) =>
  page.evaluate(() => {
    globalThis.slept = 12 * 60_000;
    document.dispatchEvent(new Event('visibilitychange'));
  });

/** A question is asked in the first of these tabs, and each shows the answer: all have a token that is good. */
async function goesOn(tabs, answers) {
  await tabs[0].ask('Cảm ơn nhé');
  const text = await tabs[0].whole(answers);
  for (const chat of tabs.slice(1)) assert.equal(await chat.whole(answers), text);
}

test('three tabs have one token, one renewal, and a tab that wakes late takes what the others have', async () => {
  const { context, granted, tabs } = await threeTabs();
  assert.equal(granted.length, 1, 'one token when all have opened');
  const [asleep, ...awake] = tabs;
  await Promise.all(awake.map(wake));
  await goesOn(awake, 2);
  assert.equal(granted.length, 2, 'one renewal for those who are awake');
  await wake(asleep);
  assert.equal(await asleep.whole(2), await awake[0].whole(2));
  await goesOn(tabs, 3);
  assert.equal(granted.length, 2, 'none for the one that was asleep');
  await awake[1].page.reload();
  await awake[1].whole(3);
  assert.equal(granted.length, 2, 'and none for a page that is loaded anew');
  await context.close();
});

test('a tab that is closed while it renews the token leaves that to another one', async () => {
  const { context, granted, tabs } = await threeTabs();
  let renewing;
  const asked = new Promise((resolve) => {
    // The first request is never answered.
    context.route(EXCHANGE, (route) => {
      if (renewing) return route.continue();
      renewing = route.request().frame().page();
      resolve();
    });
  });
  await Promise.all(tabs.map(wake));
  await asked;
  assert.equal(granted.length, 1);
  await renewing.close();
  const left = tabs.filter(({ page }) => page !== renewing);
  assert.equal(left.length, 2);
  await eventually(() => granted.length, (count) => count === 2, 'the other tab’s renewal');
  await goesOn(left, 2);
  assert.equal(granted.length, 2, 'one renewal for both that are left');
  await context.close();
});

test('a tab in which somebody is signed in keeps the token to itself', async () => {
  const { context, granted, tabs } = await threeTabs();
  const [hers, anonymous] = tabs;
  const kept = () => anonymous.page.evaluate(async () => {
    const database = await new Promise((resolve) => { indexedDB.open('twinchat').onsuccess = ({ target }) => resolve(target.result); });
    const all = database.transaction('keys').objectStore('keys').getAll();
    const values = await new Promise((resolve) => { all.onsuccess = () => resolve(all.result); });
    database.close();
    return values.filter((value) => typeof value === 'string');
  });
  const before = await kept();
  assert.equal(before.length, 1, 'the token that the tabs share');
  await hers.page.evaluate((token) => document.querySelector('twin-chat').identify(token), identityToken('user-of-one-tab'));
  assert.equal(granted.length, 2);
  assert.deepEqual(await kept(), before, 'hers was left for others');
  await goesOn([anonymous, tabs[2]], 2);
  await hers.page.evaluate(() => document.querySelector('twin-chat').identify(null));
  await goesOn([anonymous, tabs[2]], 3);
  assert.equal(granted.length, 2, 'signing out in one tab ends nobody else’s token');
  await context.close();
});
