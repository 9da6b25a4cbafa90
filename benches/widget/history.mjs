// A long conversation of somebody who is signed in, made by asking the proxy as any program can.

import { createHmac, randomUUID } from 'node:crypto';

const made = new Map();

/** What the site's server says of who somebody is (docs/identity.md). */
function identityToken({ site, proxy, secret }, user) {
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: site, aud: proxy, sub: user, iat: now, exp: now + 300, jti: randomUUID() };
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

async function accessToken(world, user) {
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    subject_token: identityToken(world.issuer, user),
  });
  const answer = await fetch(`${world.proxy}/oauth/token`, { method: 'POST', body, headers: { 'X-TwinChat': '1', Origin: world.site } });
  if (!answer.ok) throw new Error(`no token for ${user}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()).access_token;
}

/** A conversation of so many messages, made once. */
export function fill(world, user, twin, count) {
  if (!made.has(user)) made.set(user, make(world, user, twin, count));
  return made.get(user);
}

async function make(world, user, twin, count) {
  const headers = { Authorization: `Bearer ${await accessToken(world, user)}`, 'Content-Type': 'application/json', Origin: world.site };
  const post = async (path, body) => {
    const answer = await fetch(`${world.proxy}/api/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()).data;
  };
  const { id } = await post('/conversations', { twinId: twin, title: 'bench' });
  for (let at = 1; at < count; at += 2) {
    await post(`/conversations/${id}/messages`, { content: JSON.stringify({ kind: 'mixed', characters: 300 + (at % 7) * 100, deltas: 1, seed: at }) });
  }
  return { conversation: id, identity: () => identityToken(world.issuer, user) };
}
