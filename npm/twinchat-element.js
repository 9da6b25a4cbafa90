// <twin-chat>: draws the launcher at once and fetches the widget (WebAssembly) when somebody means to use it.
//
// Every view of the page pays for this file, so it holds only what must be there before the first click.
// The options live in the element's attributes; properties and setOptions() write those. What each option, method and
// event means is said in index.d.ts.

import { fetchWidget } from './twinchat-fetch.js';
import { STYLE, TEXTS } from './twinchat-look.js';

/** Every option and its default. `open` is apart: it is an attribute like that of <dialog>, and a method. */
const OPTIONS = {
  proxy: '', twin: '', thread: '', mode: 'bubble', locale: '', colorScheme: 'auto', accent: '', position: 'right',
  heading: '', greeting: '', starters: '', imageOrigins: '', launcher: 'show', load: 'intent', restore: 'true', frame: 'false',
};
/** The methods that the widget itself carries out, with `open`. */
const CALLS = [
  'close', 'toggle', 'setTwin', 'setThreadId', 'sendUserMessage', 'setComposerValue', 'focusComposer', 'showHistory',
  'hideHistory', 'identify', 'reset',
];

const NAMES = Object.keys(OPTIONS);

export const attributeOf = (name) => name.replace(/[A-Z]/g, '-$&').toLowerCase();

const ignore = () => {};

const widgets = {}; // one WebAssembly instance for all elements of the page; the maker of frames for those in a frame
const crashed = []; // handles of instances that must not be called again, not even to be freed

/** Fetches, compiles and starts the widget. The promise is shared; after a failure the next call tries again. */
const start = (frame) => (widgets[frame] ??= fetchWidget(frame !== 'false').catch((error) => {
  delete widgets[frame];
  throw error;
}));

const make = (name, id) => Object.assign(document.createElement(name), { id, part: id });

// Importing this on a server must not fail.
export class TwinChatElement extends (globalThis.HTMLElement ?? class {}) {
  /** The proxy of elements that name none. Empty: the page's own origin. */
  static proxy = '';
  static observedAttributes = ['open', ...NAMES.map(attributeOf)];

  #launcher = make('button', 'launcher');
  #badge = make('span', 'badge');
  #tip = make('div', 'tip');
  #rule; // the launcher's colours, after those of before the widget's own
  #frame = make('div'); // what the widget is mounted in; another one each time
  #mounting;
  #handle; // the mounted widget
  #ready;
  #isReady;
  #isOpen;
  #unread;
  #changed;

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    this.#rule = sheet.cssRules[2].style;
    root.adoptedStyleSheets = [sheet];
    this.#tip.role = 'alert';
    this.#tip.dir = 'auto';
    this.#launcher.append(this.#badge);
    root.append(this.#frame, this.#tip, this.#launcher);
    this.#launcher.onclick = () => this.#press(this.#isOpen ? 'close' : 'open');
    this.#launcher.onpointerenter = this.#launcher.onfocus = () => this.#mount().catch(ignore);
    this.#clear();
    // Properties that were set before the element was defined hide the accessors.
    for (const [name, value] of Object.entries(this)) {
      delete this[name];
      this[name] = value;
    }
  }

  get isOpen() {
    return this.#isOpen || this.mode !== 'bubble';
  }

  get ready() {
    return this.#ready;
  }

  // Frameworks assign properties: `<twin-chat open={true}>` must not replace the method.
  get open() {
    return () => this.#call('open');
  }

  set open(value) {
    this.toggleAttribute('open', !!value);
  }

  async show() {
    this.launcher = 'show';
  }

  async hide() {
    this.launcher = 'hide';
  }

  // Set anew, so that the widget hears of it even if it is what the page has said before: it wins over the visitor's choice.
  async setLocale(value) {
    this.locale = '';
    this.locale = value;
  }

  async setColorScheme(value) {
    this.colorScheme = '';
    this.colorScheme = value;
  }

  async destroy() {
    this.remove(); // and what disconnectedCallback() does
  }

  setOptions(options) {
    for (const name of ['getToken', ...NAMES]) this[name] = options[name];
    if ('open' in options) this.open = options.open;
  }

  on(name, listener) {
    this.addEventListener(name, listener);
    return () => this.removeEventListener(name, listener);
  }

  connectedCallback() {
    this.#update();
    if (this.#mounting) return; // moved, or called before it was inserted
    if (this.hasAttribute('open')) this.#press('open');
    else if (this.load === 'eager' || this.mode !== 'bubble') this.#press(this.#wasOpen && 'restore');
    // Once the launcher is painted: what this tab has noted is another process's to tell, and the page waits for it.
    else requestAnimationFrame(() => setTimeout(() => this.#mounting || !this.isConnected || this.#rest()));
  }

  #rest() {
    if (this.#wasOpen) this.#press('restore');
    else if (this.load === 'idle') (globalThis.requestIdleCallback ?? setTimeout)(() => start(this.frame).catch(ignore));
  }

  disconnectedCallback() {
    queueMicrotask(() => this.isConnected || this.#clear()); // a move is a removal and an insertion
  }

  attributeChangedCallback(name, before, value) {
    if (!this.isConnected || before === value) return;
    if (name === 'open') {
      if ((value === null) === !!this.#isOpen) this.#press(value === null ? 'close' : 'open');
    } else if (!this.#changed) {
      this.#changed = true; // several changes at once are told as one
      queueMicrotask(() => {
        this.#changed = false;
        this.#update();
        this.#handle?.setOptions(this.#options());
      });
    }
  }

  /** Whether this tab's panel was open when the page was left, as the widget has noted. Storage may be forbidden. */
  get #wasOpen() {
    try {
      return sessionStorage['twinchat.open.' + this.#options().proxy];
    } catch {}
  }

  get #texts() {
    const tag = this.locale || document.documentElement.lang || navigator.language;
    return TEXTS[tag.slice(0, 2).toLowerCase()] ?? TEXTS.en;
  }

  /** Brings the launcher in line with options and state. */
  #update() {
    const [open, close, unread] = this.#texts;
    const launcher = this.#launcher;
    if (!this.#handle) this.#rule.setProperty('--_a', this.accent); // later the widget tells its palette's
    launcher.hidden = this.launcher === 'hide' || (this.#handle && this.mode !== 'bubble');
    launcher.ariaExpanded = !!this.#isOpen;
    launcher.ariaLabel = (this.#isOpen ? close : open) + (this.#unread ? `, ${this.#unread} ${unread}` : '');
    this.#badge.textContent = this.#unread || '';
  }

  #options() {
    const options = {};
    for (const name of NAMES) options[name] = this[name];
    options.proxy ||= this.constructor.proxy;
    return options;
  }

  /** A call that shows what becomes of it: a sign of waiting, a sentence when it fails. */
  async #press(method) {
    this.#launcher.ariaBusy = true;
    this.#tip.textContent = '';
    await this.#call(method).catch(() => this.#fail());
    this.#launcher.ariaBusy = false;
  }

  #fail() {
    if (!this.#handle) this.#tip.textContent = this.#texts[3];
  }

  /** Loads the widget if it is not there yet and calls it, if there is something to call. Calls keep their order. */
  async #call(method, values = []) {
    await this.#mount();
    return method && this.#handle.call(method, values);
  }

  #mount() {
    return (this.#mounting ??= this.#mountNow().catch((error) => {
      this.#mounting = undefined;
      throw error;
    }));
  }

  async #mountNow() {
    const frame = this.#frame;
    const isGone = () => frame !== this.#frame;
    let handle;
    try {
      const { mount } = await start(this.frame);
      handle = await mount(frame, this.#options(), (name, detail) => isGone() || this.#hear(name, detail));
    } catch (error) {
      throw this.#complain(error);
    }
    if (isGone()) {
      handle.destroy();
      throw 'removed';
    }
    this.#handle = handle;
    this.#update();
    // It can be called, and shows itself, before it is all there.
    this.#arrive(handle).catch((error) => isGone() || this.#crash(this.#complain(error)));
  }

  async #arrive(handle) {
    await handle.ready;
    if (handle !== this.#handle) return;
    this.#isReady();
    this.#dispatch('ready');
  }

  #complain(error) {
    const message = /eval/.test(error) ? "CSP: add 'wasm-unsafe-eval' to script-src." : '' + error;
    console.error('twinchat:', message);
    this.#dispatch('error', { code: 'LOAD_FAILED', message });
    return error;
  }

  /** What the widget tells. */
  #hear(name, detail) {
    if (name === 'trap') return queueMicrotask(() => this.#crash()); // not while it is still falling
    if (name === 'palette') {
      for (const property in detail) this.#rule.setProperty(property, detail[property]);
      return;
    }
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

  /** The instance is unusable and is never called again; the next press makes a fresh one. */
  #crash() {
    crashed.push(this.#handle);
    delete widgets[this.frame];
    this.#handle = undefined;
    this.#clear();
    this.removeAttribute('open');
    this.#fail();
  }

  /** Frees everything and is as new. */
  #clear() {
    const handle = this.#handle;
    if (handle) queueMicrotask(() => handle.destroy()); // it may be in the middle of telling something
    this.#handle = this.#mounting = this.#isOpen = this.#unread = undefined;
    this.#ready = new Promise((resolve) => (this.#isReady = resolve));
    const frame = make('div', 'frame');
    this.#frame.replaceWith(frame);
    this.#frame = frame;
    this.#update();
  }

  static {
    for (const name of NAMES) {
      const attribute = attributeOf(name);
      Object.defineProperty(this.prototype, name, {
        get() {
          return this.getAttribute(attribute) ?? OPTIONS[name];
        },
        set(value) {
          if (value == null) this.removeAttribute(attribute);
          else this.setAttribute(attribute, [].concat(value).join('|'));
        },
      });
    }
    for (const name of CALLS) {
      this.prototype[name] = function (...values) {
        return this.#call(name, values);
      };
    }
  }
}

/** Makes `<twin-chat>` known to the page, once: a second call, from this copy or another one, changes nothing. */
export function defineTwinChat() {
  const known = globalThis.customElements;
  known?.get('twin-chat') ?? known?.define('twin-chat', TwinChatElement);
}
