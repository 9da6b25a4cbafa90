// The owner's site and a server of models in one, for `cargo xtask bench`: pages with the widget, bare pages to compare
// with, and answers that are cut as the message asks for.
//
//   node benches/widget/pretend.mjs <port> <the proxy's origin>
//
// A message is a JSON object {kind, characters, deltas, seed, tenths}; with `tenths` the stream waits after each tenth
// until somebody posts to /next. The bare page reads the same answer from /bare?…, as plain events.

import http from 'node:http';
import { setImmediate as soon } from 'node:timers/promises';
import { bareHistory, bareMessages, bareScript, bareStatic, bareStream, widget } from './pages.mjs';
import { cut, transcript } from './transcripts.mjs';

const [port, proxy] = process.argv.slice(2);
const SMALL = { kind: 'mixed', characters: 400, deltas: 20, seed: 1 };

/** What a message asks for; any other text gets a short answer. */
function wanted(text) {
  try {
    return { ...SMALL, ...JSON.parse(text) };
  } catch {
    return SMALL;
  }
}

const pieces = ({ kind, characters, deltas, seed }) => cut(transcript(kind, characters, seed), deltas, seed);

let gate = () => {};

/** Writes the pieces one by one, as fast as they are taken. */
async function stream(response, { tenths, ...how }, encode) {
  response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-cache', 'X-Accel-Buffering': 'no' });
  const all = pieces(how);
  for (let at = 0; at < all.length && !response.destroyed; at += 1) {
    if (tenths && at > 0 && at % Math.ceil(all.length / 10) === 0) await new Promise((resolve) => { gate = resolve; });
    if (!response.write(encode(all[at]))) await new Promise((resolve) => { response.once('drain', resolve).once('close', resolve); });
    await soon();
  }
}

const chunk = (delta, finish = null) => `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'bench', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;

async function complete(request, response) {
  let body = '';
  for await (const part of request) body += part;
  const asked = JSON.parse(body);
  const how = wanted(asked.messages.at(-1).content);
  if (asked.stream) {
    await stream(response, how, (content) => chunk({ content }));
    response.end(`${chunk({}, 'stop')}data: [DONE]\n\n`);
    return;
  }
  const message = { role: 'assistant', content: pieces(how).join('') };
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ choices: [{ index: 0, message, finish_reason: 'stop' }] }));
}

const html = (text) => ['text/html; charset=utf-8', text];
const PAGES = {
  '/blank': () => html('<!doctype html><title>blank</title>'),
  '/widget': (query) => html(widget(proxy, query)),
  '/bare-static': () => html(bareStatic),
  '/bare-script': () => html(bareScript),
  '/bare-script.js': () => ['text/javascript', "document.body.append(Object.assign(document.createElement('button'), { textContent: 'Chat' }));"],
  '/bare-stream': () => html(bareStream),
  '/bare-history': () => html(bareHistory),
  '/bare-messages': (query) => ['application/json', bareMessages(Number(query.get('count')))],
  // A browser asks for it by itself.
  '/favicon.ico': () => ['image/x-icon', ''],
};

const server = http.createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://pretend');
  if (request.method === 'POST' && pathname.endsWith('/chat/completions')) return complete(request, response);
  if (pathname === '/next') {
    gate();
    return response.writeHead(204).end();
  }
  if (pathname === '/bare') {
    await stream(response, wanted(searchParams.get('message')), (content) => `event: delta\ndata: ${JSON.stringify({ content })}\n\n`);
    return response.end();
  }
  const page = PAGES[pathname];
  if (!page) return response.writeHead(404).end();
  const [type, body] = page(searchParams);
  return response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(body);
});
server.listen(Number(port), '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${port}`));
