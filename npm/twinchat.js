// What a script tag loads: <script type="module" src="https://chat.example.com/twinchat.js"></script>
//
// Defines <twin-chat>, and puts one on the page unless the page has placed it itself. Options are read from the tag's
// data-* attributes. The build joins this file and what it imports into one.

import { attributeOf, defineTwinChat, TwinChatElement } from './twinchat-element.js';

const { origin } = new URL(import.meta.url);
const tag = [...document.querySelectorAll('script[src]')].find((script) => script.src === import.meta.url);

TwinChatElement.proxy ||= origin;
defineTwinChat();

function place() {
  const element = document.createElement('twin-chat');
  for (const name in tag.dataset) element.setAttribute(attributeOf(name), tag.dataset[name]);
  element.proxy ||= origin;
  if (tag.dataset.open === 'false') element.open = false;
  // An element without a proxy of its own was placed for this script; one with this proxy by another tag like it.
  if ([...document.querySelectorAll('twin-chat')].some(({ proxy }) => !proxy || proxy === element.proxy)) return;
  if (tag.dataset.mode === 'inline' && tag.closest('body')) tag.after(element);
  else document.body.append(element);
}

if (tag) {
  if (document.readyState !== 'loading') place();
  else addEventListener('DOMContentLoaded', place);
}

