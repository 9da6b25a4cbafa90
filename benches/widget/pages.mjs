// The pages of a bench: the widget's, and bare ones that do the least that a page can do for the same thing.

import { transcript } from './transcripts.mjs';

const page = (body, head = '') => `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>bench</title>${head}</head><body>${body}</body></html>`;
const SCROLLER = '<style>main{width:400px;height:600px;overflow:auto;font:15px/1.6 sans-serif;white-space:pre-wrap}</style>';
/** Attributes of the script tag, from the query; nothing else of the query is used. */
const ATTRIBUTES = ['twin', 'thread', 'load', 'open'];

/** The widget by script tag, as the documents tell an owner to. With `identity` it belongs to somebody who is signed in. */
export function widget(proxy, query) {
  const attributes = ATTRIBUTES.filter((name) => query.has(name)).map((name) => ` data-${name}="${encodeURI(query.get(name))}"`);
  const identity = /^[\w.-]+$/.exec(query.get('identity') ?? '')?.[0];
  const own = identity ? `<script type="module">document.querySelector('twin-chat').getToken = () => '${identity}';</script>` : '';
  return page(own, `<script type="module" src="${proxy}/twinchat.js"${attributes.join('')}></script>`);
}

/** One button, as HTML. */
export const bareStatic = page('<button>Chat</button>');
/** One button, drawn by a script: two requests, as any launcher needs. */
export const bareScript = page('', '<script type="module" src="/bare-script.js"></script>');

/** Appends what a stream of events says, and nothing more. */
export const bareStream = page(`<main></main><script>
const main = document.querySelector('main');
async function read(message) {
  const reader = (await fetch('/bare?message=' + encodeURIComponent(message))).body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (let chunk; !(chunk = await reader.read()).done;) {
    const events = (rest + chunk.value).split('\\n\\n');
    rest = events.pop();
    for (const event of events) main.append(JSON.parse(event.slice(event.indexOf('data: ') + 6)).content);
  }
}
</script>`, SCROLLER);

/** Every message of a history in an element of its own, as text. */
export const bareHistory = page(`<main></main><script>
const main = document.querySelector('main');
async function show(count) {
  const messages = await (await fetch('/bare-messages?count=' + count)).json();
  for (const text of messages) {
    const row = document.createElement('div');
    row.append(text);
    main.append(row);
  }
  main.scrollTop = main.scrollHeight;
}
</script>`, SCROLLER);

/** What the visitor and the twin said, in turns. */
export const said = (at) => (at % 2 === 0 ? `Câu hỏi số ${at / 2 + 1}: how does it work?` : transcript('mixed', 300 + (at % 7) * 100, at));
export const bareMessages = (count) => JSON.stringify(Array.from({ length: count }, (_, at) => said(at)));
