// More visitors than the upstream's budget serves at once: who waits sees the place in line, who would wait too
// long is told when to come back and keeps what they wrote. The upstream grants a request every other second,
// and nobody waits for longer than ten.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Chat } from './support/chat.mjs';
import { fill, words } from './support/words.mjs';
import { axe, demo, eventually, openWorld, picture } from './support/world.mjs';

const SECRET = 'urn:twinchat:params:oauth:token-type:visitor-secret';

let world;
before(async () => {
  world = await openWorld();
});
after(() => world?.close());

/** Another visitor, who has no browser. */
async function somebody() {
  const form = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token_type: SECRET,
    subject_token: 'new',
  });
  const headers = { origin: demo.site, 'x-twinchat': '1' };
  const answer = await fetch(`${demo.proxy}/oauth/token`, { method: 'POST', headers, body: form });
  const { access_token: token } = await answer.json();
  const post = (path, body) =>
    fetch(demo.proxy + path, {
      method: 'POST',
      headers: { ...headers, authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const conversation = await (await post('/api/v1/conversations', { twinId: demo.proxy_twin })).json();
  return {
    /** Says something and listens to the end. `place`: the first place in line, 0 if there was none. */
    async say(content) {
      const answer = await post(`/api/v1/conversations/${conversation.data.id}/messages/stream`, { content });
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let heard = '';
      const more = async () => {
        const { done, value = '' } = await reader.read();
        heard += value;
        return !done;
      };
      while (!/"state":"(queued|connecting)"|"type":"(error|complete)"/.test(heard) && (await more()));
      const place = Number(/"position":(\d+)/.exec(heard)?.[1] ?? 0);
      const end = (async () => {
        while (await more());
        return heard;
      })();
      return { status: answer.status, place, end };
    },
  };
}

/** Lets others come until the line is so long. `served` ends when they all are. */
async function line(length) {
  const served = [];
  for (let place = 0; place < length; ) {
    const said = await (await somebody()).say('Xin chào');
    assert.equal(said.status, 200, 'the line is shorter than what is taken in');
    place = said.place;
    served.push(said.end);
  }
  return { served: Promise.all(served) };
}

/** Others who take every place in line as soon as there is one. Resolves when there is none; `end()` lets them go. */
async function crowd() {
  let [over, refused] = [false, false];
  const come = async () => {
    // Who has a conversation already needs one request, not two, and so fits in where others do not.
    const regular = await somebody();
    while (!over) {
      const { status, end } = await regular.say('Xin chào');
      refused ||= status === 429;
      await (status === 200 ? end : new Promise((again) => setTimeout(again, 100)));
    }
  };
  const all = Promise.all(Array.from({ length: 8 }, come));
  await eventually(() => refused, Boolean, 'a full line', 60_000);
  return {
    async end() {
      over = true;
      await all;
    },
  };
}

for (const language of ['en', 'vi']) {
  test(`who waits in line sees the place and is served, who would wait too long is told when to come back: ${language}`, async () => {
    const { context, open } = await world.visitor({ locale: language });
    const chat = new Chat(await open(`/?lang=${language}`), language);
    await chat.openAndPick();

    const others = await line(1);
    await chat.ask('Xin chào');
    const waiting = chat.answers.last().getByText(new RegExp(`^${fill(words[language].queued, '\\d+')}`));
    await waiting.waitFor();
    await picture(chat.page, `queue-${language}-1-waiting`);
    assert.deepEqual(await axe(chat.page), []);
    assert.ok((await chat.whole(1)).length > 0);
    await others.served;

    // Refused at once, or after waiting in vain: when to try again is said, and what was written is there.
    const { send_again: send, answer_again: answer, try_again_in: when } = words[language];
    const refused = chat.log.getByText(new RegExp(fill(when, '\\d:\\d\\d'))).last();
    const served = (at) => chat.button(chat.words.copy, chat.answers.nth(at));
    const busy = await crowd();
    let asked = 0;
    do {
      asked += 1;
      await chat.ask(`Còn câu thứ ${asked}`);
      await refused.or(served(asked)).first().waitFor({ timeout: 60_000 });
    } while (!(await refused.isVisible()));
    await picture(chat.page, `queue-${language}-2-refused`);
    assert.deepEqual(await axe(chat.page), []);
    await busy.end();
    await refused.waitFor({ state: 'hidden', timeout: 60_000 });
    await chat.button(send).or(chat.button(answer)).last().click();
    await chat.whole(1 + asked);
    await context.close();
  });
}
