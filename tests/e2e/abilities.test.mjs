// What one twin can do and another cannot: files that a bot reads, search that leads to what was said, and a server of
// models that somebody else wrote.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Chat } from './support/chat.mjs';
import { fill, words } from './support/words.mjs';
import { axe, eventually, openWorld, picture } from './support/world.mjs';

const LETTER = { name: 'thư xin việc.txt', mimeType: 'text/plain', buffer: Buffer.from('Dear Sir or Madam, I would like to apply.') };
const PROGRAM = { name: 'setup.exe', mimeType: 'application/x-msdownload', buffer: Buffer.from('MZ') };

let world;
before(async () => {
  world = await openWorld();
});
after(() => world?.close());

/** The chat with the twin of this name. */
async function talkTo(visitor, name) {
  const chat = new Chat(await visitor.open('/?lang=en'));
  await chat.open();
  await chat.twins.filter({ hasText: name }).click();
  await chat.composer.waitFor();
  return chat;
}

test('a file is checked, sent with its message, answered, and listed by name after a reload', async () => {
  const visitor = await world.visitor();
  const chat = await talkTo(visitor, 'Emma (takes files)');
  const input = chat.root.locator('input[type=file]');
  await chat.button(words.en.attach).waitFor();
  await input.setInputFiles([LETTER, PROGRAM]);
  await chat.root.getByText(`${PROGRAM.name}: ${words.en.file_type}`).waitFor();
  await chat.button(fill(words.en.detach, LETTER.name)).waitFor();
  await picture(chat.page, 'files-composer');
  assert.deepEqual(await axe(chat.page), []);
  const sent = chat.page.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith('/messages/stream'));
  await chat.ask('What do you think of my letter?');
  assert.match((await (await sent).allHeaders())['content-type'], /^multipart\/form-data; boundary=/);
  assert.ok((await chat.whole(1)).length > 0);
  await chat.questions.last().getByText(LETTER.name).waitFor();
  assert.equal(await chat.root.getByText(PROGRAM.name).count(), 0, 'what was refused is gone with the message');
  await chat.comeBack();
  await chat.questions.last().getByText(LETTER.name).waitFor();
  await picture(chat.page, 'files-sent');
  await visitor.context.close();
});

test('a dropped file goes along, also without words, and only where files are taken', async () => {
  const visitor = await world.visitor();
  const chat = await talkTo(visitor, 'Emma (takes files)');
  const drop = () =>
    chat.log.evaluate((log, { name }) => {
      const data = new DataTransfer();
      data.items.add(new File(['Hello'], name, { type: 'text/plain' }));
      for (const type of ['dragover', 'drop']) {
        log.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, composed: true, cancelable: true }));
      }
    }, LETTER);
  await drop();
  await chat.button(fill(words.en.detach, LETTER.name)).waitFor();
  await chat.button(words.en.send).click();
  await chat.questions.last().getByText(LETTER.name).waitFor();
  await chat.whole(1);

  const other = await talkTo(await world.visitor(), 'Ferris');
  assert.equal(await other.button(words.en.attach).count(), 0);
  await visitor.context.close();
});

test('a search finds what was said and leads to it', async () => {
  const visitor = await world.visitor();
  const chat = await talkTo(visitor, 'Ferris');
  await chat.ask('Explain ownership with a small example');
  await chat.whole(1);
  await chat.ask('And thanks for the zebra crossing');
  await chat.whole(2);
  await chat.button(words.en.menu).click();
  await chat.root.getByRole('menuitem', { name: words.en.search_messages }).click();
  await chat.root.getByRole('searchbox', { name: words.en.search_messages }).fill('ZEBRA');
  const hit = chat.root.getByRole('search').getByRole('button').filter({ hasText: 'zebra crossing' });
  await hit.first().waitFor();
  await picture(chat.page, 'search');
  assert.deepEqual(await axe(chat.page), []);
  await hit.last().click();
  await eventually(() => chat.root.locator('.tc-pointed').innerText(), (text) => text.includes('zebra'), 'the message is pointed at');
  await visitor.context.close();
});

test('a server of models that somebody else wrote answers in the same chat, and what it thinks and fails with is not shown', async () => {
  const visitor = await world.visitor();
  const chat = await talkTo(visitor, 'A stranger');
  await chat.ask('Who are you?');
  assert.match(await chat.whole(1), /I am somebody else's server\.\s+.*I stream Chat Completions/s);
  assert.equal(await chat.answers.last().locator('strong').innerText(), "somebody else's");
  await picture(chat.page, 'stranger');
  await chat.ask('Think first');
  assert.equal(await chat.whole(2), 'Thought through.');
  await chat.ask('Fail, please');
  await chat.answers.last().getByText(words.en.problem_upstream).waitFor();
  await chat.button(words.en.answer_again).waitFor();
  assert.doesNotMatch(await chat.log.innerText(), /words of a stranger|no visitor reads/);
  await visitor.context.close();
});
