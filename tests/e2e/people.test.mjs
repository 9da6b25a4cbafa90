// Twins that are people in threads: whose answer reaches whom, also late, and what is quoted.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Chat } from './support/chat.mjs';
import { people } from './support/upstream.mjs';
import { words } from './support/words.mjs';
import { PHONE, axe, eventually, openWorld, picture } from './support/world.mjs';

const SUPPORT = 'Bàn hỗ trợ';
const LOBBY = 'The lobby';

let world;
before(async () => {
  world = await openWorld();
});
after(() => world?.close());

/** A visitor who is in the chat with the twin of this name. */
async function arrive(name, { language = 'en', ...options } = {}) {
  const visitor = await world.visitor(options);
  const chat = new Chat(await visitor.open(`/?lang=${language}`), language);
  await chat.open();
  await chat.twins.filter({ hasText: name }).click();
  await chat.composer.waitFor();
  return { visitor, chat };
}

/** Asks something that only the test answers, and gives the thread in which it stands. */
async function ask(chat, text) {
  await people.silence(1);
  await chat.ask(text);
  return eventually(() => people.thread(text), Boolean, 'the question in a thread');
}

/** What somebody says who is in the thread, once the widget shows it. */
async function heard(chat, text) {
  const answer = chat.answers.filter({ hasText: text });
  await answer.waitFor();
  return answer;
}

test('two visitors talk to people in two threads and neither sees the other, also when the answer is late', async () => {
  const [ann, binh] = [await arrive(SUPPORT), await arrive(SUPPORT, { language: 'vi', viewport: PHONE, colorScheme: 'dark', locale: 'vi-VN' })];
  const threads = [await ask(ann.chat, 'Ann wants a room for two'), await ask(binh.chat, 'Bình hỏi giá vé')];
  assert.notEqual(threads[0], threads[1], 'a thread of their own');
  for (const { chat } of [ann, binh]) await chat.log.getByText(chat.words.awaiting).waitFor();
  assert.equal(await ann.chat.stop.count(), 0, 'nobody can be stopped');
  await picture(ann.chat.page, 'people-waiting');
  await picture(binh.chat.page, 'people-waiting-phone-dark');

  await people.say(threads[1], 'Chào Bình, vé 120.000 đồng.', { name: 'Thu Hà' });
  assert.equal(await (await heard(binh.chat, 'Chào Bình')).getAttribute('aria-label'), 'Thu Hà');
  await binh.chat.log.getByText(binh.chat.words.awaiting).waitFor({ state: 'detached' });
  await picture(binh.chat.page, 'people-answered-phone-dark');

  // Ann leaves; what is said to her meanwhile is there when she is back, and what is said then comes by itself.
  await ann.chat.page.goto('about:blank');
  await people.say(threads[0], 'Room 7 is free, Ann.', { name: 'Minh Tuấn' });
  await ann.chat.page.goBack();
  await ann.chat.panel.waitFor();
  await heard(ann.chat, 'Room 7 is free');
  const id = await people.say(threads[0], 'Breakfast is at *seven*.', { name: 'Minh Tuấn' });
  await heard(ann.chat, 'Breakfast is at seven.');
  await people.edit(id, 'Breakfast is at *eight*.');
  await heard(ann.chat, 'Breakfast is at eight.');
  assert.equal(await ann.chat.answers.count(), 2, 'what was changed stands in its old place');
  assert.deepEqual(await axe(ann.chat.page), []);
  await picture(ann.chat.page, 'people-answered');

  assert.doesNotMatch(await ann.chat.log.innerText(), /Bình|120/);
  assert.doesNotMatch(await binh.chat.log.innerText(), /Ann|Room|Breakfast/);
  await Promise.all([ann.visitor.context.close(), binh.visitor.context.close()]);
});

test('what is answered is shown both ways, and leads to what was said', async () => {
  const { visitor, chat } = await arrive(SUPPORT);
  const thread = await ask(chat, 'How much is a ticket?');
  await people.say(thread, 'It is 120,000 dong.', { name: 'Lan Chi' });
  const price = await heard(chat, 'It is 120,000 dong.');
  await price.hover();
  await chat.button(words.en.reply, price).click();
  await chat.root.getByText('Replying to Lan Chi').waitFor();
  await picture(chat.page, 'people-replying');
  await ask(chat, 'Also for a child?');
  const quote = (message) => message.getByRole('button', { name: words.en.in_reply_to });
  assert.match(await quote(chat.questions.last()).innerText(), /Lan Chi\s+It is 120,000 dong\./);
  await people.say(thread, 'Half of it.', { name: 'Lan Chi', quotes: await people.time('Also for a child?') });
  const half = await heard(chat, 'Half of it.');
  assert.match(await quote(half).innerText(), /Also for a child\?/);
  await picture(chat.page, 'people-quoted');
  assert.deepEqual(await axe(chat.page), []);
  await chat.comeBack();
  assert.match(await quote(await heard(chat, 'Half of it.')).innerText(), /Also for a child\?/, 'also on a page that is loaded anew');
  await quote(chat.answers.last()).click();
  await eventually(() => chat.root.locator('.tc-pointed').innerText(), (text) => text.includes('Also for a child?'), 'what is quoted is pointed at');
  await visitor.context.close();
});

test('who finds everybody with others keeps the message and is told to try again', async () => {
  // All three threads are taken by the tests before.
  const { visitor, chat } = await arrive(SUPPORT);
  await chat.ask('Is anybody free?');
  const alert = chat.questions.last().getByRole('alert');
  await alert.getByText(words.en.problem_nobody.split('.')[0]).waitFor();
  await chat.button(words.en.send_again, alert).waitFor();
  assert.equal(await people.thread('Is anybody free?'), undefined, 'nobody reads it');
  await picture(chat.page, 'people-nobody-free');
  assert.deepEqual(await axe(chat.page), []);
  await visitor.context.close();
});

test('where visitors share a thread a sign says so from the beginning, and they read each other', async () => {
  const ann = await arrive(LOBBY);
  await ann.chat.root.getByRole('note').filter({ hasText: words.en.shared }).first().waitFor();
  await picture(ann.chat.page, 'people-shared-welcome');
  await ask(ann.chat, 'Hello everybody, Ann here');
  const binh = await arrive(LOBBY);
  await ask(binh.chat, 'And Binh');
  assert.equal(await (await heard(ann.chat, 'And Binh')).getAttribute('aria-label'), 'Khách', 'not the name under which the bridge posts');
  await ann.chat.root.getByRole('note').filter({ hasText: words.en.shared }).first().waitFor();
  await picture(ann.chat.page, 'people-shared');
  assert.doesNotMatch(await binh.chat.log.innerText(), /Ann here/, 'what was said before one came is not read');
  assert.deepEqual(await axe(ann.chat.page), []);
  await Promise.all([ann, binh].map(({ visitor }) => visitor.context.close()));
});
