// What a script tag loads: <script type="module" src="https://chat.example.com/twinchat.js"></script>
//
// Defines <twin-chat>, and puts one on the page unless the page has placed it itself. Options are read from the tag's
// data-* attributes. The build joins this file with the two it imports (through twinchat-element.js) into one.

import { TwinChatElement, defineTwinChat } from './twinchat-element.js';

const { origin } = new URL(import.meta.url);
const tag = [...document.querySelectorAll('script[src]')].find((script) => script.src === import.meta.url);

TwinChatElement.proxy ||= origin;
defineTwinChat();

function place() {
  const proxy = tag.dataset.proxy || origin;
  // An element without a proxy of its own was placed for this script; one with this proxy by another tag like it.
  const placed = [...document.querySelectorAll('twin-chat')].map((element) => element.getAttribute('proxy'));
  if (placed.some((other) => !other || other === proxy)) return;
  const element = document.createElement('twin-chat');
  for (const name in tag.dataset) element.setAttribute(name.replace(/[A-Z]/g, (letter) => '-' + letter.toLowerCase()), tag.dataset[name]);
  element.setAttribute('proxy', proxy);
  if (element.getAttribute('open') === 'false') element.removeAttribute('open');
  if (tag.dataset.mode === 'inline' && document.body.contains(tag)) tag.after(element);
  else document.body.append(element);
}

if (tag && document.readyState === 'loading') document.addEventListener('DOMContentLoaded', place, { once: true });
else if (tag) place();

export { TwinChatElement, defineTwinChat };
