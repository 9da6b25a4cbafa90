// Runs last: searches every byte that the run produced for the upstream's key, however it may be written.
//
// What the browser and the proxy said to each other is on tape (wire-*.bin), compressed files apart, which are those of
// dist/ and are searched there. Pages, console and requests are in pages/. The servers still run, so the database's
// write-ahead log is there too.

import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { demo, run } from './support/world.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const key = demo.twinexpert_key;

/** The key in every spelling that something on the way could give it. */
function spellings(secret) {
  const bytes = Buffer.from(secret);
  const hex = bytes.toString('hex');
  // Base64 of a text that contains it: three alignments, without the ends that depend on the neighbours.
  const base64 = [0, 1, 2].map((shift) => Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64').slice(shift && shift + 1, -4));
  return [
    secret,
    [...secret].reverse().join(''),
    ...base64,
    ...base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
    hex,
    hex.toUpperCase(),
    [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
    [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0').toUpperCase()}`).join(''),
    encodeURIComponent(secret),
    [...secret].map((char) => `\\u${char.codePointAt(0).toString(16).padStart(4, '0')}`).join(''),
    JSON.stringify(secret).slice(1, -1),
    // A part is a leak as well: the random part's halves.
    secret.slice(-20),
    secret.slice(9, 29),
  ].map((text) => Buffer.from(text));
}

async function files(folder) {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}

const search = (bytes) => spellings(key).some((spelling) => bytes.includes(spelling));

test('the search finds the key in every spelling, and nothing where there is none', () => {
  for (const text of [
    `x${key}y`,
    Buffer.from(`Bearer ${key}`).toString('base64'),
    Buffer.from(`key:${key}!`).toString('base64url'),
    Buffer.from(`ab${key}`).toString('base64'),
    Buffer.from(key).toString('hex'),
    JSON.stringify({ a: key }),
  ]) {
    assert.ok(search(Buffer.from(text)), text.replaceAll(key, '<key>').slice(0, 40));
  }
  assert.ok(!search(Buffer.from('txp_live_ and nothing else')));
});

test('the run left its traces', async () => {
  const names = (await files(run)).map((path) => relative(run, path));
  for (const name of ['wire-site.bin', 'wire-proxy.bin', 'pages/requests.txt', 'proxy.log', 'emulator.log', 'twinchat.db']) {
    assert.ok(names.includes(name), `${name} is missing: ${names.join(', ')}`);
  }
  const tape = await readFile(join(run, 'wire-proxy.bin'));
  for (const trace of ['text/event-stream', 'event: delta', '/oauth/token', 'twinchat.js']) assert.ok(tape.includes(trace), `no ${trace} on the tape`);
});

test('the key is nowhere but at the emulator', async () => {
  const found = [];
  for (const path of [...(await files(run)), ...(await files(join(root, 'dist')))]) {
    if (relative(run, path) !== 'emulator.log' && search(await readFile(path))) found.push(relative(root, path));
  }
  assert.deepEqual(found, []);
});
