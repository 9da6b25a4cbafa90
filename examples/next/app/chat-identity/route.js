import { createHmac, randomUUID } from 'node:crypto';

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** An identity token for who is signed in (docs/identity.md); `null` for nobody. */
export async function POST() {
  const user = await signedIn();
  return Response.json({ token: user && identityToken(user) }, { headers: { 'cache-control': 'no-store' } });
}

// Your own sessions stand here.
async function signedIn() {
  return 'user-42';
}

function identityToken(user) {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: process.env.TWINCHAT_ISSUER,
    aud: process.env.NEXT_PUBLIC_TWINCHAT_PROXY,
    sub: user,
    iat: now,
    exp: now + 300,
    jti: randomUUID(),
  };
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${signed}.${createHmac('sha256', process.env.TWINCHAT_IDENTITY_SECRET).update(signed).digest('base64url')}`;
}
