// Frame mode, the page's side: mounts the widget in a document of its own that the proxy serves under its own policy.
//
// It stands in for the WebAssembly module: mount() gives a handle that is called as that one's is. All that page and frame
// say to each other goes through one MessagePort, which the page hands to the proxy's origin and nobody else;
// twinchat-document.js takes it from a page of the owner's sites and nobody else.

import { onGetToken } from './twinchat-vouch.js';

const PHONE = '(max-width:480px),(max-height:480px)'; // as in style/panel.css
const START_MILLIS = 30_000;
/** What the frame cannot inherit. The others are about where the frame is. */
const INHERITED = ['--tc-radius', '--tc-font', '--tc-font-mono', '--tc-font-size'];

// What style/panel.css does for a panel in the page, and what style/frame.css does for the launcher.
const STYLE = `
#launcher{transition:scale .18s cubic-bezier(.2,.8,.2,1);touch-action:manipulation;-webkit-tap-highlight-color:transparent}
@media (hover:hover){#launcher:hover{scale:1.05}}
#launcher:active{scale:.95}
#launcher:before{transition:.2s;transform-origin:50% 50%}
#launcher[aria-expanded=true]:before{clip-path:path("M6 10l9 9 9-9 2 2L15 23 4 12Z")}
#badge{position:absolute;top:-6px;right:-6px;min-width:11px;padding:2px 6px;border-radius:12px;background:#c62828;color:#fff;font-size:12px;text-align:center}
#badge:empty{display:none}
@media (max-width:480px),(max-height:480px){#launcher[aria-expanded=true]{visibility:hidden}}
@media (prefers-reduced-motion){#launcher,#launcher:before{transition:none}}
iframe{display:block;border:0;width:100%;height:100%;background:Canvas}
iframe[hidden]{display:none}
:host([mode=inline]) iframe{height:var(--tc-height,100%);min-height:360px;border-radius:var(--tc-radius,20px);box-shadow:0 0 0 1px rgb(128 128 128/.3)}
:host(:not([mode=inline],[mode=page])) iframe{position:fixed;z-index:calc(var(--tc-z-index,2147483000) + 1);right:var(--_x);bottom:calc(var(--_y) + 74px);width:min(var(--tc-width,400px),100vw - 40px);height:min(var(--tc-height,660px),100dvh - 120px);border-radius:var(--tc-radius,20px);box-shadow:0 0 0 1px rgb(128 128 128/.25),0 2px 6px rgb(0 0 0/.06),0 24px 60px -12px rgb(0 0 0/.3)}
:host([position=left]:not([mode=inline],[mode=page])) iframe{right:auto;left:var(--_x)}
@media ${PHONE}{:host(:not([mode=inline],[mode=page])) iframe{inset:auto 0;top:var(--_vt,0px);width:100%!important;height:var(--_vh,100dvh);border-radius:0;box-shadow:none}}
`;

const TITLES = { en: 'Chat', vi: 'Trò chuyện' };

/** As the glue of the WebAssembly module has it. */
export default async () => {};

export async function mount(place, options, emit) {
  const frame = new Frame(place, options, emit);
  try {
    await frame.started;
  } catch (error) {
    frame.destroy();
    throw error;
  }
  return frame;
}

class Frame {
  #host;
  #place;
  #emit;
  #options;
  #frame;
  #proxy;
  #port;
  #phone = matchMedia(PHONE);
  #calls = new Map();
  #asked = new Map();
  #count = 0;
  /** What the document would forget when it is loaded anew, as it is when the element is moved. */
  #state = {};
  #ends = new AbortController();
  #arrived;
  /** Fulfilled when the document's widget is whole. */
  ready = new Promise((resolve, reject) => (this.#arrived = { resolve, reject }));

  constructor(place, options, emit) {
    this.#place = place;
    this.#host = place.getRootNode().host;
    this.#emit = emit;
    this.#options = options;
    this.#proxy = new URL(options.proxy || location.origin, location.href).origin;
    this.#dress();
    const frame = (this.#frame = document.createElement('iframe'));
    const address = new URL('/frame', this.#proxy);
    // The document's policy names them, so it has to know them before it is there.
    if (options.imageOrigins) address.searchParams.set('images', options.imageOrigins);
    frame.title = options.heading || (/^vi/i.test(options.locale || document.documentElement.lang || navigator.language) ? TITLES.vi : TITLES.en);
    frame.allow = 'clipboard-write';
    frame.sandbox = 'allow-scripts allow-same-origin allow-popups allow-popups-to-escape-sandbox';
    frame.hidden = options.mode === 'bubble';
    frame.src = address.href;
    onGetToken(this.#host, () => this.#ends.signal.aborted || this.#tell());
    this.started = this.#start();
    place.append(frame);
  }

  call(method, values) {
    return this.#request({ call: method, values });
  }

  setOptions(options) {
    this.#options = options;
    this.#tell();
  }

  destroy() {
    this.#ends.abort();
    this.#port?.close();
    this.#frame.remove();
    for (const { reject } of this.#calls.values()) reject(new Error('twinchat: removed'));
    for (const asked of this.#asked.values()) asked.abort();
  }

  #dress() {
    const root = this.#place.getRootNode();
    if (root.twinchatFrame) return;
    const sheet = (root.twinchatFrame = new CSSStyleSheet());
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets.push(sheet);
  }

  /** Fulfilled when the document runs. A frame loads again whenever it is moved, and is greeted again. */
  #start() {
    const { signal } = this.#ends;
    return new Promise((resolve, reject) => {
      const fail = (why) => reject(new Error(`twinchat: the frame ${this.#frame.src} ${why}`));
      const timer = setTimeout(() => fail("did not start: is the page's origin in allowed_origins, and does the proxy serve the widget's files?"), START_MILLIS);
      const onEvent = (target, name, listener) => target.addEventListener(name, listener, { signal });
      onEvent(signal, 'abort', () => clearTimeout(timer));
      onEvent(document, 'securitypolicyviolation', ({ effectiveDirective, blockedURI }) => {
        if (/^(frame|child|default)-src$/.test(effectiveDirective) && blockedURI.startsWith(this.#proxy)) fail(`is refused by the page's CSP: add ${this.#proxy} to frame-src.`);
      });
      onEvent(this.#frame, 'load', () => this.#greet(() => (clearTimeout(timer), resolve())));
      onEvent(this.#phone, 'change', () => this.#tell());
      for (const name of ['resize', 'scroll']) if (globalThis.visualViewport) onEvent(visualViewport, name, () => this.#fit());
    });
  }

  #greet(started) {
    this.#port?.close();
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.onmessage = ({ data }) => (data.started ? started() : this.#hear(data));
    try {
      // Whoever else is in the frame, an error page for instance, does not get it.
      this.#frame.contentWindow.postMessage({ twinchat: 1, ...this.#settings(), state: this.#state }, this.#proxy, [port2]);
    } catch {}
    // What was on its way when the document went is said again.
    for (const [id, { message }] of this.#calls) port1.postMessage({ id, ...message });
  }

  #settings() {
    const style = getComputedStyle(this.#host);
    const properties = Object.fromEntries(INHERITED.map((name) => [name, style.getPropertyValue(name)]));
    const surface = this.#phone.matches && this.#options.mode === 'bubble' ? 'cover' : 'frame';
    return {
      options: { ...this.#options, proxy: '', surface },
      properties,
      language: document.documentElement.lang,
      vouches: typeof this.#host.getToken === 'function',
    };
  }

  #tell() {
    this.#port?.postMessage(this.#settings());
  }

  #request(message) {
    const id = (this.#count += 1);
    const call = { message };
    call.answered = new Promise((resolve, reject) => Object.assign(call, { resolve, reject }));
    this.#calls.set(id, call);
    this.#port?.postMessage({ id, ...message });
    return call.answered;
  }

  /** What was called for before the document was whole comes first, as in the page; identify() alone takes long. */
  async #arrive() {
    const calls = [...this.#calls.values()].filter(({ message }) => message.call !== 'identify');
    await Promise.allSettled(calls.map(({ answered }) => answered));
    this.#arrived.resolve();
  }

  #hear({ event, detail, kept, done, error, ask, cancel, state, ready, lost }) {
    if (ready) this.#arrive();
    if (lost) this.#arrived.reject(new Error(lost));
    if (state) Object.assign(this.#state, state);
    if (event) this.#happened(event, detail, kept);
    if (done) {
      const call = this.#calls.get(done);
      this.#calls.delete(done);
      if (error) call?.reject(Object.assign(error.type ? new TypeError(error.message) : new Error(error.message), error.code && { code: error.code }));
      else call?.resolve();
    }
    if (ask) this.#vouch(ask);
    if (cancel) this.#asked.get(cancel)?.abort();
  }

  #happened(name, detail, kept) {
    // What the loader looks at when the page is loaded again; the widget's own note is the proxy's origin's.
    try {
      if (kept) sessionStorage.setItem('twinchat.open.' + this.#options.proxy, kept);
      else sessionStorage.removeItem('twinchat.open.' + this.#options.proxy);
    } catch {}
    if (name === 'opened' || name === 'closed') {
      this.#state.open = name === 'opened';
      this.#frame.hidden = name === 'closed';
      this.#fit();
    }
    if (name === 'twin.change') this.#state.twin = detail.twinId;
    if (name === 'thread.change') this.#state.thread = detail.threadId;
    this.#emit(name, detail);
  }

  /** Above the keyboard of a phone. */
  #fit() {
    const { offsetTop, height, scale } = globalThis.visualViewport ?? {};
    if (!height || scale !== 1) return;
    this.#frame.style.setProperty('--_vt', `${offsetTop}px`);
    this.#frame.style.setProperty('--_vh', `${height}px`);
  }

  async #vouch({ id, previous, reason }) {
    const controller = new AbortController();
    this.#asked.set(id, controller);
    const answer = {};
    try {
      answer.value = await this.#host.getToken?.({ previous, reason, signal: controller.signal });
    } catch (error) {
      console.error('twinchat: getToken() failed:', error);
      answer.failed = true;
    }
    this.#asked.delete(id);
    this.#port.postMessage({ answered: id, ...answer });
  }
}
