// The pretend site: its language, its light, and the three things it asks of the chat.

import { furnish, parameters, root } from './common.js';
import { english } from './texts.js';

const chat = () => document.querySelector('twin-chat');

/* The chat: the line below puts a bubble on the page by itself; here it may get another place. */

const mode = parameters.get('mode') ?? 'bubble';
if (mode === 'inline' || mode === 'page') {
  const element = document.createElement('twin-chat');
  element.setAttribute('mode', mode);
  if (mode === 'page') {
    root.toggleAttribute('data-page', true);
    document.body.append(element);
  } else {
    const section = document.getElementById('inline');
    section.hidden = false;
    section.append(element);
  }
}
for (const link of document.querySelectorAll('[data-mode]')) if (link.dataset.mode === mode) link.ariaCurrent = 'page';

for (const button of document.querySelectorAll('[data-open]')) button.addEventListener('click', () => show());
for (const button of document.querySelectorAll('.ask')) button.addEventListener('click', () => show(button.textContent));

async function show(question) {
  const element = chat();
  if (mode === 'inline') element.scrollIntoView({ block: 'center' });
  await element.open();
  if (question) await element.setComposerValue({ text: question });
  await element.focusComposer();
}

/* As the visitor left it, and the line that embeds the chat as it is on this very page. */

furnish({
  english,
  spoken: (language) => chat()?.setLocale?.(language),
  // The page's own choice of light is the chat's, from the start.
  lit: (scheme) => customElements.whenDefined('twin-chat').then(() => chat()?.setColorScheme(scheme)),
});

const loader = document.querySelector('script[src$="/twinchat.js"]');
document.getElementById('embed-line').textContent = `<script type="module" src="${loader.src}"></script>`;
