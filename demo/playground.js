// The playground: options are chosen, the chat in the window follows, the lines to paste are shown.

import { furnish, root } from './common.js';
import { english, words } from './playground-texts.js';
import { DEFAULTS, PROPERTIES, snippet } from './snippets.js';

const SWATCHES = ['#0f766e', '#2563eb', '#7c3aed', '#be185d', '#c2410c', '#1f2937', '#facc15'];
const form = document.getElementById('options');
const preview = document.getElementById('preview');
const said = document.getElementById('said');
const field = (name) => form.elements.namedItem(name);
let kind = 'script';
let isReady = false;
let choosing; // what had the focus when the panel was told to open

for (const colour of SWATCHES) {
  const label = document.createElement('label');
  const input = Object.assign(document.createElement('input'), { type: 'radio', name: 'swatch', value: colour, checked: colour === SWATCHES[0] });
  input.setAttribute('aria-label', colour);
  label.style.setProperty('--swatch', colour);
  label.append(input);
  form.querySelector('.any').before(label);
}

/** What is chosen, as the element takes it. */
function options() {
  const accent = field('accent').value;
  return {
    ...DEFAULTS,
    ...Object.fromEntries(['mode', 'position', 'colorScheme', 'locale', 'heading', 'greeting', 'load'].map((name) => [name, field(name).value.trim()])),
    // The first swatch is the widget's own colour.
    accent: accent === SWATCHES[0] ? '' : accent,
    starters: field('starters').value.split('\n').map((line) => line.trim()).filter(Boolean),
    launcher: field('launcher').checked ? 'show' : 'hide',
    restore: field('restore').checked,
    frame: field('frame').checked,
  };
}

const properties = () => Object.fromEntries(Object.keys(PROPERTIES).map((name) => [name, `${field(name).value}px`]));

/** Where the preview's loader comes from is where the chat is. */
const proxy = () => new URL(preview.contentDocument.querySelector('script[src$="/twinchat.js"]').src).origin;

function show({ open = false } = {}) {
  const all = options();
  for (const part of form.querySelectorAll('[data-only]')) part.hidden = part.dataset.only !== all.mode;
  for (const input of form.querySelectorAll('[type=range]')) input.nextElementSibling.textContent = `${input.value} px`;
  for (const input of form.querySelectorAll('[name=swatch]')) input.checked = input.value === field('accent').value;
  if (!isReady) return;
  const scheme = root.dataset.scheme ?? '';
  if (open) choosing = document.activeElement;
  preview.contentWindow.show({ options: all, properties: properties(), scheme, language: root.lang, open });
  const { text, policy } = snippet(kind, { proxy: proxy(), options: all, properties: properties() });
  document.getElementById('snippet').textContent = text;
  document.getElementById('policy').textContent = `Content-Security-Policy: ${policy}`;
}

/** A panel that opens takes the keyboard focus, as it should where a visitor has opened it; here whoever chooses goes on choosing. */
function giveFocusBack() {
  requestAnimationFrame(() => requestAnimationFrame(() => {
    if (document.activeElement !== preview || !choosing) return;
    preview.blur();
    choosing.focus({ preventScroll: true });
    choosing = undefined;
  }));
}

form.addEventListener('input', ({ target }) => {
  if (target.name === 'swatch') field('accent').value = target.value;
  show({ open: target.name === 'mode' || target.name === 'frame' });
});
form.addEventListener('submit', (event) => event.preventDefault());
form.addEventListener('reset', () => queueMicrotask(() => show({ open: true })));

for (const button of document.querySelectorAll('[data-screen]')) {
  button.addEventListener('click', () => {
    for (const other of document.querySelectorAll('[data-screen]')) other.ariaPressed = other === button;
    root.dataset.screen = button.dataset.screen;
  });
}

/* Tabs: arrow keys go from one to the next. */

const tabs = [...document.querySelectorAll('[role=tab]')];

function choose(tab) {
  kind = tab.dataset.kind;
  for (const other of tabs) {
    other.ariaSelected = other === tab;
    other.tabIndex = other === tab ? 0 : -1;
  }
  document.getElementById('code').setAttribute('aria-labelledby', tab.id);
  show();
}

for (const [at, tab] of tabs.entries()) {
  tab.addEventListener('click', () => choose(tab));
  tab.addEventListener('keydown', ({ key }) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
    if (!step) return;
    const next = tabs.at((at + step) % tabs.length);
    next.focus();
    choose(next);
  });
}

for (const button of document.querySelectorAll('[data-copy]')) {
  button.addEventListener('click', async () => {
    const source = document.getElementById(button.dataset.copy);
    const texts = words[root.lang];
    try {
      await navigator.clipboard.writeText(source.textContent);
      said.textContent = texts.copied;
    } catch {
      getSelection().selectAllChildren(source);
      said.textContent = texts.selected;
    }
  });
}

furnish({ english, spoken: () => show(), lit: () => show() });

function begin() {
  if (isReady || !preview.contentWindow?.show) return;
  isReady = true;
  preview.contentWindow.addEventListener('twinchat.opened', giveFocusBack);
  // Where a panel would cover the little window, it stays closed.
  show({ open: innerWidth > 700 });
}

addEventListener('message', ({ source }) => source === preview.contentWindow && begin());
begin();
