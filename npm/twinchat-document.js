// Frame mode, the frame's side: the script of the document that the proxy serves at /frame (proxy/src/http/embedded.rs).
//
// It takes orders from the window around it if that is a page of the owner's sites, which the document lists, and from
// nobody else. With options in its address (/frame?mode=inline&twin=…) it needs no window that speaks: a plain <iframe>.

import start, { mount } from './twinchat-shell.js';

const SITES = document.querySelector('meta[name=twinchat-sites]').content.split(' ');
start({ module_or_path: fetch(new URL('./twinchat-widget_bg.wasm', import.meta.url)) });

const host = document.createElement('div');
const root = host.attachShadow({ mode: 'open' });
const place = Object.assign(document.createElement('div'), { id: 'place' });
const sheet = new CSSStyleSheet();
sheet.replaceSync(':root,body,body>div{margin:0;height:100%;overflow:hidden}');
document.adoptedStyleSheets = [sheet];
const inside = new CSSStyleSheet();
inside.replaceSync('#place{height:100%}');
root.adoptedStyleSheets = [inside];
root.append(place);
document.body.append(host);

let handle;
let port;
let count = 0;
const asked = new Map();

function dress({ properties, language, vouches }) {
  for (const name in properties) properties[name] ? host.style.setProperty(name, properties[name]) : host.style.removeProperty(name);
  document.documentElement.lang = language;
  host.getToken = vouches ? ask : undefined;
}

/** The page's getToken(). */
function ask({ previous, reason, signal }) {
  const id = (count += 1);
  signal.addEventListener('abort', () => port.postMessage({ cancel: id }));
  return new Promise((resolve, reject) => {
    asked.set(id, { resolve, reject });
    port.postMessage({ ask: { id, previous, reason } });
  });
}

function told(event, detail) {
  const kept = stored('twinchat.open.');
  port.postMessage({ event, detail, kept });
}

function stored(name) {
  try {
    return sessionStorage.getItem(name) ?? '';
  } catch {
    return '';
  }
}

/** One thing at a time, so that calls keep their order. */
let last = Promise.resolve();

async function hear({ data }) {
  if (data.options) {
    dress(data);
    handle.setOptions(data.options);
  }
  if (data.answered) {
    const { resolve, reject } = asked.get(data.answered) ?? {};
    asked.delete(data.answered);
    if (data.failed) reject?.(new Error('the page could not say'));
    else resolve?.(data.value);
  }
  if (data.call) {
    last = last.then(() => carryOut(data));
  }
}

async function carryOut({ id, call, values }) {
  const answer = { done: id };
  try {
    const outcome = handle.call(call, values);
    // What takes long holds nobody up.
    if (outcome) return void outcome.then(() => port.postMessage(answer), (error) => port.postMessage({ ...answer, error: plain(error) }));
  } catch (error) {
    answer.error = plain(error);
  }
  port.postMessage(answer);
}

const plain = (error) => ({ message: error.message, code: error.code, type: error instanceof TypeError });

/** The page around this window wants the widget. */
async function greet({ options, state, ...look }, to) {
  port = to;
  dress(look);
  const { twin, thread, open, draft } = state;
  handle = mount(place, { ...options, ...(twin && { twin }), ...(thread && { thread }) }, told);
  if (open) handle.call('open', []);
  if (draft) handle.call('setComposerValue', [{ text: draft }]);
  port.onmessage = hear;
  port.postMessage({ started: true });
  const end = await handle.ready.then(() => ({ ready: true }), (error) => ({ lost: `${error}` }));
  port.postMessage(end);
}

// What was typed and not sent outlives this document when the page moves it.
root.addEventListener('input', ({ target }) => {
  if (target.matches('[part~=input]')) port?.postMessage({ state: { draft: target.value } });
});
root.addEventListener('keyup', () => {
  const field = root.querySelector('[part~=input]');
  if (field) port?.postMessage({ state: { draft: field.value } });
});

addEventListener('message', (event) => {
  const isPage = event.source === parent && parent !== window && (SITES.includes(event.origin) || event.origin === location.origin);
  if (!isPage || event.data?.twinchat !== 1 || port || !event.ports[0]) return;
  greet(event.data, event.ports[0]).catch((error) => console.error('twinchat:', error));
});

const given = Object.fromEntries(new URLSearchParams(location.search));
if (given.mode) {
  const { images, lang, ...options } = given;
  port = { postMessage() {} };
  if (lang) document.documentElement.lang = lang;
  handle = mount(place, { ...options, imageOrigins: images ?? '', mode: given.mode === 'inline' ? 'inline' : 'page', proxy: '', surface: 'frame' }, told);
  handle.ready.catch((error) => console.error('twinchat:', error));
}
