// The pretend site: its language, its light, and the three things it asks of the chat.

import { english } from './texts.js';

const root = document.documentElement;
const parameters = new URLSearchParams(location.search);
const chat = () => document.querySelector('twin-chat');

/* Language: Vietnamese stands in the page, English in texts.js. */

const texts = [...document.querySelectorAll('[data-t]')].map((node) => ({ node, key: node.dataset.t, vi: node.textContent }));
const labels = [...document.querySelectorAll('[data-t-label]')].map((node) => ({ node, key: node.dataset.tLabel, vi: node.ariaLabel }));
const title = document.title;

function speak(language) {
  root.lang = language;
  document.title = language === 'en' ? english.title : title;
  for (const { node, key, vi } of texts) node.textContent = language === 'en' ? english[key] : vi;
  for (const { node, key, vi } of labels) node.ariaLabel = language === 'en' ? english[key] : vi;
  for (const button of document.querySelectorAll('[data-lang]')) button.ariaPressed = button.dataset.lang === language;
  chat()?.setLocale?.(language);
}

function remember(name, value) {
  const address = new URL(location.href);
  address.searchParams.set(name, value);
  history.replaceState(null, '', address);
  for (const link of document.querySelectorAll('[data-mode]')) {
    const target = new URL(link.href);
    target.searchParams.set(name, value);
    link.href = target;
  }
}

for (const button of document.querySelectorAll('[data-lang]')) {
  button.addEventListener('click', () => {
    speak(button.dataset.lang);
    remember('lang', button.dataset.lang);
  });
}

/* Light: the system's, until the visitor chooses. */

const systemIsDark = matchMedia('(prefers-color-scheme: dark)');
const isDark = () => (root.dataset.scheme ? root.dataset.scheme === 'dark' : systemIsDark.matches);
const showScheme = () => root.toggleAttribute('data-dark', isDark());

function light(scheme) {
  root.dataset.scheme = scheme;
  showScheme();
  chat()?.setColorScheme?.(scheme);
}

systemIsDark.addEventListener('change', showScheme);
document.getElementById('scheme').addEventListener('click', () => {
  light(isDark() ? 'light' : 'dark');
  remember('scheme', root.dataset.scheme);
});

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

const given = parameters.get('lang');
if (given === 'en') remember('lang', given);
if (['light', 'dark'].includes(parameters.get('scheme'))) {
  root.dataset.scheme = parameters.get('scheme');
  remember('scheme', root.dataset.scheme);
}
showScheme();
speak(given === 'en' ? 'en' : 'vi');

const loader = document.querySelector('script[src$="/twinchat.js"]');
document.getElementById('embed-line').textContent = `<script type="module" src="${loader.src}"></script>`;

// The page's own choice of light is the chat's from the start.
customElements.whenDefined('twin-chat').then(() => {
  if (root.dataset.scheme) chat()?.setColorScheme(root.dataset.scheme);
});
