// The owner's server, as far as it says who somebody is (docs/identity.md).

import { createHmac, randomUUID } from 'node:crypto';
import { demo } from './world.mjs';

/** An identity token of the pretend site. */
export function identityToken(user, seconds = 300) {
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ iss: demo.site, aud: demo.proxy, sub: user, iat: now, exp: now + seconds, jti: randomUUID() })}`;
  return `${signed}.${createHmac('sha256', demo.identity_secret).update(signed).digest('base64url')}`;
}
