// The emulator, asked directly: what it would answer, and what goes wrong there.

import { demo } from './world.mjs';

async function call(path, options = {}) {
  const response = await fetch(demo.emulator + path, options);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.status === 204 ? undefined : response.json();
}

const authorized = { authorization: `Bearer ${demo.twinexpert_key}`, 'content-type': 'application/json' };
const post = (path, body) => call(path, { method: 'POST', headers: authorized, body: JSON.stringify(body) });

export const twins = async () => (await call('/api/v1/twins', { headers: authorized })).data;

/** The whole text that this twin answers to this question, asked first thing in a conversation. */
export async function answer(twinId, content) {
  const { data } = await post('/api/v1/conversations', { twinId, title: 'e2e' });
  const reply = await post(`/api/v1/conversations/${data.id}/messages`, { content });
  return reply.data.content;
}

/** The next stream meets this fault. */
export const fault = (rule) => post('/__emulator/faults', { times: 1, path: '*/messages/stream', ...rule });

const control = async (path, body) => (await post(`/__emulator/${path}`, body)) ?? {};

/** People in threads, spoken for by a test. */
export const people = {
  /** The next `times` messages are answered by nobody but the test. */
  silence: (times) => control('faults', { kind: 'person', does: 'silent', path: '/teams/messages/*', times }),
  /** The thread in which somebody has said this. */
  async thread(words) {
    const { data } = await call(`/teams/messages?search=${encodeURIComponent(words)}`);
    const { rooms } = await call('/__emulator/teams');
    return data.length ? rooms.find(({ id, otherSpelling }) => [id, otherSpelling].includes(data[0].room_id)).id : undefined;
  },
  /** When somebody has said this, exactly. */
  async time(words) {
    const { data } = await call(`/teams/messages?search=${encodeURIComponent(words)}`);
    return Number(data[0].time_raw);
  },
  /** Somebody says something in a thread. Gives its id. */
  say: async (conversation, text, more = {}) => (await control('teams/say', { conversation, text, ...more })).id,
  /** Somebody changes what they said. */
  edit: (id, text) => control('teams/edit', { id, text }),
};
