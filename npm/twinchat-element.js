// <twin-chat>: draws the launcher at once and fetches the widget (WebAssembly) when somebody means to use it.
//
// Every view of the page pays for this file, so it holds only what must be there before the first click.
// The options live in the element's attributes; properties and setOptions() write those. What each option, method and
// event means is said in index.d.ts.

import { STYLE, TEXTS, ICONS } from './twinchat-look.js';

/** Every option and its default. `open` is apart: it is an attribute like that of <dialog>, and a method. */
const OPTIONS = {
  proxy: '', twin: '', thread: '', mode: 'bubble', locale: '', colorScheme: 'auto', accent: '', position: 'right',
  heading: '', greeting: '', starters: '', imageOrigins: '', load: 'intent',
};
/** The methods that the widget itself carries out. */
const CALLS = [
  'close', 'toggle', 'setTwin', 'setThreadId', 'sendUserMessage', 'setComposerValue', 'focusComposer', 'showHistory',
  'hideHistory', 'reset',
];

const attributeOf = (name) => name.replace(/[A-Z]/g, (letter) => '-' + letter.toLowerCase());
const ignore = () => {};
const deferred = () => {
  const it = {};
  it.promise = new Promise((resolve, reject) => Object.assign(it, { resolve, reject }));
  it.promise.catch(ignore); // nobody has to listen
  return it;
};

let widget; // one WebAssembly instance for all elements of the page
let attempts = 0;
const crashed = []; // handles of instances that must not be called again, not even to be freed

/** Fetches, compiles and starts the widget. The promise is shared; after a failure the next call tries again. */
const start = () => (widget ??= fetchWidget().catch((error) => {
  widget = undefined;
  throw error;
}));

async function fetchWidget() {
  const glue = new URL('./twinchat-widget.js', import.meta.url);
  const wasm = new URL('./twinchat-widget_bg.wasm', import.meta.url);
  // A browser may remember that a module failed, and a crashed instance lives as long as its module: ask under a new name.
  if (attempts++) glue.search = attempts;
  const response = fetch(wasm); // side by side with the glue, which compiles it while it arrives
  response.catch(ignore); // awaited below
  const module = await import(/* webpackIgnore: true */ /* @vite-ignore */ glue.href);
  await module.default({ module_or_path: response });
  return module;
}

function explain(error) {
  if (/unsafe-eval|content.security|\bCSP\b/i.test(error)) {
    console.error(
      "twinchat: this page's Content-Security-Policy refuses WebAssembly: add 'wasm-unsafe-eval' to its script-src.", error,
    );
  } else {
    console.error('twinchat: the widget could not be loaded.', error);
  }
}

const make = (name, properties, ...children) => {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
};

function icon(name) {
  const [svg, path] = ['svg', 'path'].map((tag) => document.createElementNS('http://www.w3.org/2000/svg', tag));
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', name);
  svg.setAttribute('aria-hidden', true);
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}

/** Black or white, whichever is easier to read on a colour `#rrggbb` (WCAG 2.2 relative luminance). */
function readableOn(color) {
  const [r, g, b] = [1, 3, 5].map((at) => (parseInt(color.slice(at, at + 2), 16) / 255) ** 2.2);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.36 ? '#111' : '#fff';
}

// Importing this on a server must not fail.
export class TwinChatElement extends (globalThis.HTMLElement ?? class {}) {
  /** The proxy of elements that name none. Empty: the page's own origin. */
  static proxy = '';
  static observedAttributes = ['open', ...Object.keys(OPTIONS).map(attributeOf)];

  #inserted = deferred();
  #ready = deferred();
  #connected = deferred();
  #launcher; // these are there while the element is in a document
  #badge;
  #frame;
  #notice;
  #rule;
  #handle; // these while the widget is mounted
  #mounting;
  #isOpen = false;
  #unread = 0;
  #changed = false;

  constructor() {
    super();
    // Properties that were set before the element was defined hide the accessors.
    for (const name of ['open', ...Object.keys(OPTIONS)]) {
      if (!Object.hasOwn(this, name)) continue;
      const value = this[name];
      delete this[name];
      this[name] = value;
    }
  }

  get isOpen() {
    return this.#isOpen || this.mode !== 'bubble';
  }

  get ready() {
    return this.#ready.promise;
  }

  get connected() {
    return this.#connected.promise;
  }

  // Frameworks assign properties: `<twin-chat open={true}>` must not replace the method.
  get open() {
    return () => this.#call('open');
  }

  set open(value) {
    this.toggleAttribute('open', !!value);
  }

  async show() {
    await this.#inserted.promise;
    this.#launcher.hidden = false;
  }

  async hide() {
    await this.#inserted.promise;
    this.#launcher.hidden = true;
  }

  async setLocale(locale) {
    this.locale = locale;
  }

  async setColorScheme(colorScheme) {
    this.colorScheme = colorScheme;
  }

  setOptions(options) {
    for (const name in options) {
      if (!(name in OPTIONS) && name !== 'open') console.error(`twinchat: there is no option "${name}".`);
    }
    for (const name in OPTIONS) this[name] = options[name];
    if ('open' in options) this.open = options.open;
  }

  on(name, listener) {
    this.addEventListener(name, listener);
    return () => this.removeEventListener(name, listener);
  }

  async destroy() {
    this.remove();
    this.#clear();
  }

  connectedCallback() {
    if (this.#launcher) return; // moved, not new
    this.#draw();
    this.#inserted.resolve();
    if (this.hasAttribute('open')) this.open().catch(ignore);
    else if (this.load === 'eager' || this.mode !== 'bubble') this.#call().catch(ignore);
    else if (this.load === 'idle') (globalThis.requestIdleCallback ?? setTimeout)(() => start().catch(ignore));
  }

  disconnectedCallback() {
    queueMicrotask(() => this.isConnected || this.#clear()); // a move is a removal and an insertion
  }

  attributeChangedCallback(name, before, value) {
    if (!this.#launcher || before === value) return;
    if (name === 'open') {
      if ((value !== null) !== this.#isOpen) this.#call(value === null ? 'close' : 'open').catch(ignore);
      return;
    }
    if (this.#changed) return;
    this.#changed = true; // several changes at once are told as one
    queueMicrotask(() => {
      this.#changed = false;
      if (!this.#launcher) return;
      this.#update();
      this.#handle?.setOptions(this.#options());
    });
  }

  #draw() {
    const root = this.shadowRoot ?? this.attachShadow({ mode: 'open' });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    this.#rule = sheet.cssRules[sheet.insertRule(':host{}', sheet.cssRules.length)].style;
    root.adoptedStyleSheets = [sheet];
    this.#badge = make('span', { className: 'badge', part: 'badge', hidden: true });
    this.#launcher = make('button', { type: 'button', className: 'launcher', part: 'launcher' });
    this.#launcher.append(icon('chat'), icon('down'), this.#badge);
    this.#launcher.onclick = () => this.#press();
    this.#launcher.onpointerenter = this.#launcher.onfocus = () => this.#mount().catch(ignore);
    this.#frame = make('div', { className: 'frame' });
    root.replaceChildren(this.#launcher, this.#frame);
    this.#update();
  }

  /** Brings the launcher in line with options and state. */
  #update() {
    const { accent } = this;
    const isColor = /^#[0-9a-f]{6}$/i.test(accent);
    this.#rule.setProperty('--twinchat-accent', isColor ? accent : '');
    this.#rule.setProperty('--twinchat-on-accent', isColor ? readableOn(accent) : '');
    const text = this.#text;
    this.#badge.hidden = !this.#unread;
    this.#badge.textContent = this.#unread > 99 ? '99+' : this.#unread;
    this.#launcher.ariaLabel = (this.#isOpen ? text.close : text.open) + (this.#unread ? text.unread(this.#unread) : '');
    this.#launcher.ariaExpanded = this.#isOpen;
  }

  get #language() {
    const wanted = [this.locale, document.documentElement.lang, ...navigator.languages];
    return wanted.find((language) => /^(vi|en)\b/i.test(language)) ?? 'en';
  }

  get #text() {
    return TEXTS[this.#language.slice(0, 2).toLowerCase()];
  }

  #options() {
    const options = {};
    for (const name in OPTIONS) options[name] = this[name];
    options.proxy ||= this.constructor.proxy;
    options.locale ||= document.documentElement.lang;
    return options;
  }

  #press() {
    if (this.#isOpen) return this.#call('close').catch(ignore);
    this.#launcher.ariaBusy = true;
    this.#call('open').catch(ignore);
  }

  /** Loads the widget if it is not there yet and calls it, if there is something to call. Calls keep their order. */
  async #call(method, ...values) {
    await this.#inserted.promise;
    const launcher = this.#launcher;
    try {
      await this.#mount();
      if (method) return await this.#handle.call(method, values);
    } catch (error) {
      if (launcher === this.#launcher && !this.#handle) this.#tell(this.#text.failed, this.#text.retry, method, values);
      throw error;
    } finally {
      launcher.ariaBusy = false;
    }
  }

  #mount() {
    return (this.#mounting ??= this.#mountNow().catch((error) => {
      this.#mounting = undefined;
      throw error;
    }));
  }

  async #mountNow() {
    const frame = this.#frame;
    const module = await start().catch((error) => {
      explain(error);
      this.#dispatch('error', { code: 'LOAD_FAILED', message: String(error) });
      throw error;
    });
    if (frame !== this.#frame) throw new DOMException('The <twin-chat> was removed.', 'AbortError');
    this.#notice?.remove();
    this.#handle = module.mount(frame, this.#options(), (name, detail) => frame === this.#frame && this.#hear(name, detail));
    this.#ready.resolve();
    this.#dispatch('ready');
  }

  /** What the widget tells. */
  #hear(name, detail) {
    if (name === 'trap') return queueMicrotask(() => this.#crash()); // not while it is still falling
    if (name === 'connected') this.#connected.resolve();
    if (name === 'unread.change') this.#unread = detail.unread;
    if (name === 'opened' || name === 'closed') {
      this.#isOpen = name === 'opened';
      this.toggleAttribute('open', this.#isOpen);
      if (!this.#isOpen && this.shadowRoot.activeElement) this.#launcher.focus();
    }
    this.#update();
    this.#dispatch(name, detail);
  }

  #dispatch(name, detail) {
    this.dispatchEvent(new CustomEvent('twinchat.' + name, { detail, bubbles: true, composed: true }));
  }

  /** The instance is unusable and is never called again; a fresh one can be had. */
  #crash() {
    crashed.push(this.#handle);
    widget = this.#handle = undefined;
    const { isOpen } = this;
    this.#clear();
    if (!this.isConnected) return;
    this.#draw();
    this.#inserted.resolve();
    if (isOpen) this.#tell(this.#text.crashed, this.#text.restart, 'open', []);
  }

  /** Shows a sentence and a button that makes the call again. */
  #tell(sentence, button, method, values) {
    this.#notice?.remove();
    const again = make('button', { type: 'button', textContent: button });
    const away = make('button', { type: 'button', className: 'away', ariaLabel: this.#text.dismiss }, icon('close'));
    this.#notice = make('div', { className: 'notice', role: 'alert', part: 'notice' }, make('p', { textContent: sentence }), again, away);
    away.onclick = () => this.#notice.remove();
    again.onclick = () => {
      this.#notice.remove();
      this.#launcher.ariaBusy = true;
      this.#call(method, ...values).catch(ignore);
    };
    this.shadowRoot.append(this.#notice);
  }

  /** Frees everything. The element can be inserted again. */
  #clear() {
    if (!this.#launcher) return;
    const handle = this.#handle;
    this.#launcher = this.#frame = this.#notice = this.#handle = this.#mounting = undefined;
    this.#isOpen = false;
    this.#unread = 0;
    if (handle) queueMicrotask(() => handle.destroy()); // it may be in the middle of telling something
    this.shadowRoot.replaceChildren();
    this.shadowRoot.adoptedStyleSheets = [];
    this.#inserted = deferred();
    this.#ready = deferred();
    this.#connected = deferred();
  }

  static {
    for (const name in OPTIONS) {
      Object.defineProperty(this.prototype, name, {
        configurable: true,
        enumerable: true,
        get() {
          return this.getAttribute(attributeOf(name)) ?? OPTIONS[name];
        },
        set(value) {
          if (value == null) this.removeAttribute(attributeOf(name));
          else this.setAttribute(attributeOf(name), Array.isArray(value) ? value.join('|') : value);
        },
      });
    }
    for (const name of CALLS) {
      this.prototype[name] = function (...values) {
        return this.#call(name, ...values);
      };
    }
  }
}

/** Makes `<twin-chat>` known to the page, once: a second call, from this copy or another one, changes nothing. */
export function defineTwinChat() {
  if (globalThis.customElements && !customElements.get('twin-chat')) customElements.define('twin-chat', TwinChatElement);
}
