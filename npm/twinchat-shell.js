// The panel while the WebAssembly is on its way: there at once, and so is the field to write in.
//
// It stands in for the widget until that knows what it shows, and then hands over what was written, where the cursor is, and
// what was to be sent. It looks as the widget does, by the same style sheet. Deliberately absent: anything that needs the
// proxy.

import init, { mount as mountWidget } from './twinchat-widget.js';
import { STYLE } from './twinchat-style.js';
import { onGetToken } from './twinchat-vouch.js';

// As in src/i18n; tests/contract.rs compares them.
export const TEXTS = {
  en: { chat: 'Chat', close: 'Close', write: 'Write a message', send: 'Send', sending: 'Sending…', loading: 'Loading…' },
  vi: { chat: 'Trò chuyện', close: 'Đóng', write: 'Nhập tin nhắn', send: 'Gửi', sending: 'Đang gửi…', loading: 'Đang tải…' },
};
if (globalThis.TWINCHAT_ARABIC) {
  TEXTS.ar = { chat: 'محادثة', close: 'إغلاق', write: 'اكتب رسالة', send: 'إرسال', sending: 'جارٍ الإرسال…', loading: 'جارٍ التحميل…' };
}

// As in src/components/icon.rs.
const CLOSE = 'M5 5l10 10M15 5 5 15';
const SEND = 'M10 16V4.5M5 9.5l5-5 5 5';
const BACK = 'M12.5 4.5 7 10l5.5 5.5';
const MORE = 'M4.5 10h.01M10 10h.01M15.5 10h.01';
const COMPOSE = 'M9.5 4H6a2.5 2.5 0 0 0-2.5 2.5V14A2.5 2.5 0 0 0 6 16.5h7.5a2.5 2.5 0 0 0 2.5-2.5v-3.5M8 12l.4-2.4 6.2-6.2a1.42 1.42 0 0 1 2 2l-6.2 6.2Z';

const PHONE = '(max-width:480px),(max-height:480px)'; // as in style/panel.css
const TOUCH = '(pointer:coarse)';
/** The calls that open the panel. */
const OPENING = ['setTwin', 'setThreadId', 'sendUserMessage', 'focusComposer', 'showHistory'];
/** Where a text is kept on the element when the widget cannot be had, for the next try. */
const KEPT = Symbol.for('twinchat.text');

const is = (query) => matchMedia(query).matches;

let sheet; // one for all instances on the page
let started;

/** Starts the WebAssembly. Whether that went well is for each handle to tell. */
export default function start(source) {
  started = init(source);
  started.catch(() => {});
}

/** Draws the widget into `frame`, an element inside a shadow root. The handle can be called at once; `ready` says when it is whole. */
export const mount = (frame, options, emit) => new Shell(frame, options, emit);

class Shell {
  #frame;
  #scope;
  #options;
  #emit;
  #widget;
  #mounted;
  #ends = new AbortController();
  #isOpen;
  #how; // by which call it was opened
  #root; // as long as it is drawn
  #drawn = new AbortController(); // ends with what is drawn
  #field; // if there is one in it
  #sent = ''; // what is to be sent
  #isComposing;

  constructor(frame, options, emit) {
    this.#frame = frame;
    this.#scope = frame.getRootNode();
    this.#options = options;
    this.#emit = emit;
    if (!sheet) (sheet = new CSSStyleSheet()).replaceSync(STYLE);
    if (!this.#scope.adoptedStyleSheets.includes(sheet)) this.#scope.adoptedStyleSheets.push(sheet);
    if (!this.#isBubble) this.#draw();
    this.#mounted = started.then(() => this.#mount());
    onGetToken(this.#scope.host, () => this.#ends.signal.aborted || this.call('vouched').catch(() => {}));
    this.ready = this.#mounted.catch((error) => {
      this.#keep();
      this.#drawn.abort();
      throw error;
    });
  }

  async call(method, values = []) {
    const isOpening = OPENING.includes(method);
    if (!this.#widget && this.#isBubble) {
      if (method === 'toggle') method = this.#isOpen ? 'close' : 'open';
      if (method === 'close') return this.#show(false);
      const isMine = method === 'open' || (method === 'restore' && this.#comesBack);
      if (isMine || isOpening) this.#show(true, method);
      if (isMine) return;
    }
    if (this.#root && this.#field) {
      if (method === 'focusComposer') this.#field.focus();
      if (method === 'setComposerValue' && typeof values[0]?.text === 'string') return put(this.#field, values[0].text);
    }
    return (await this.#mounted).call(method, values);
  }

  setOptions(options) {
    this.#options = options;
    if (this.#widget) this.#widget.setOptions(options);
    else if (this.#root) this.#draw();
  }

  destroy() {
    this.#ends.abort();
    this.#drawn.abort();
    this.#root?.remove();
    this.#widget?.destroy();
  }

  get #isBubble() {
    return !/^(inline|page)$/.test(this.#options.mode);
  }

  /** Whether a panel may be open again after the page was left: see Options::covers in src/app/options.rs. */
  get #comesBack() {
    const { restore, surface } = this.#options;
    return restore !== 'false' && surface !== 'cover' && (surface === 'frame' || !is(PHONE));
  }

  /** What the visitor has chosen on an earlier visit, `locale|scheme`: see src/app/memory.rs. */
  get #chosen() {
    return (this.#stored('localStorage', 'choices') ?? '').split('|');
  }

  /** Whether it begins with a conversation, in which can be written. */
  get #isChat() {
    const { twin, thread } = this.#options;
    return twin || thread || this.#stored('sessionStorage', 'thread');
  }

  #stored(storage, name) {
    const { origin } = location;
    try {
      return globalThis[storage][`twinchat.${name}.${(this.#options.proxy || origin).trim().replace(/\/+$/, '')}`];
    } catch {} // storage may be forbidden
  }

  /** The widget below, until it is known what it shows. */
  #mount() {
    if (this.#ends.signal.aborted) throw new Error('twinchat: removed');
    this.#widget = mountWidget(this.#frame, this.#options, (name, detail) => this.#hear(name, detail));
    const below = this.#below;
    if (this.#root) below.inert = true;
    if (this.#isOpen) this.#widget.call(this.#how === 'restore' ? 'restore' : 'open', []);
    return this.#widget;
  }

  get #below() {
    return this.#frame.querySelector(':scope>:not(.tc-shell)');
  }

  #hear(name, detail) {
    // Once it is drawn.
    if (name === 'settled') return void drawn().then(() => this.#handOver());
    if (name === 'opened' || name === 'closed') {
      const isOpen = name === 'opened';
      if (isOpen === !!this.#isOpen) return;
      this.#isOpen = isOpen;
      if (!isOpen) this.#handOver(true);
    }
    if (name === 'trap') this.#keep();
    this.#emit(name, detail);
  }

  #show(isOpen, how) {
    if (isOpen === !!this.#isOpen) return;
    this.#isOpen = isOpen;
    this.#how = how;
    if (!this.#root) this.#draw();
    this.#root.toggleAttribute('data-open', isOpen);
    const panel = this.#root.firstChild;
    panel.hidden = !isOpen;
    // On touch screens the keyboard would cover half of it unasked.
    if (isOpen && how !== 'restore') (is(TOUCH) ? panel : this.#field ?? panel).focus({ preventScroll: true });
    this.#emit(isOpen ? 'opened' : 'closed');
  }

  /** Draws it, or draws it anew with other options. */
  #draw() {
    const { colorScheme, locale, mode, surface, accent } = this.#options;
    const [language, scheme = ''] = this.#chosen;
    const tags = [language, locale, document.documentElement.lang, ...navigator.languages].map((tag) => `${tag}`.slice(0, 2).toLowerCase());
    const lang = tags.find((tag) => TEXTS[tag]) ?? 'en';
    const isBubble = this.#isBubble;
    const [before, from] = [this.#root, this.#field];
    const isFocused = from && from === this.#scope.activeElement;
    this.#drawn.abort();
    this.#drawn = new AbortController();
    const root = (this.#root = make('div', 'tc-root tc-whole tc-shell', {
      lang, dir: lang === 'ar' ? 'rtl' : 'ltr', 'data-mode': isBubble ? 'bubble' : mode, 'data-scheme': scheme || (colorScheme ?? 'auto'),
    }, this.#panel(TEXTS[lang], isBubble)));
    root.toggleAttribute('data-framed', !!surface && surface !== 'page');
    if (/^#[0-9a-f]{6}$/i.test(accent)) for (const name of ['--_a', '--_ah', '--_at']) root.style.setProperty(name, accent);
    if (before) {
      root.firstChild.hidden = before.firstChild.hidden;
      before.replaceWith(root);
      this.#carry(from, this.#field, isFocused);
    } else {
      this.#frame.prepend(root);
      const kept = this.#field && this.#kept();
      if (kept) put(this.#field, kept);
    }
  }

  #panel(texts, isBubble) {
    const heading = this.#options.heading || texts.chat;
    const shape = (path, name = '') => make('span', `tc-icon-button ${name}`, { 'aria-hidden': 'true' }, icon(path));
    const isChat = this.#isChat;
    const close = make('button', 'tc-icon-button', { type: 'button', 'aria-label': texts.close, title: texts.close }, icon(CLOSE));
    close.onclick = () => this.call('close');
    const header = make('header', 'tc-header', { part: 'header' },
      isChat && shape(BACK), make('h2', 'tc-header-title', {}, heading), isChat && shape(COMPOSE, 'tc-new'), shape(MORE), isBubble && close);
    const lines = make('div', 'tc-skeleton-lines', {}, make('div', 'tc-skeleton'), make('div', 'tc-skeleton'));
    const rows = make('div', '', { role: 'status' }, make('span', 'tc-hidden', {}, texts.loading), make('div', 'tc-skeleton-row', {}, make('div', 'tc-skeleton'), lines));
    const log = make('div', 'tc-log', {}, rows);
    const messages = make('div', 'tc-messages-wrap', {}, make('div', 'tc-scroll tc-messages', {}, log));
    this.#field = undefined;
    const main = make('div', 'tc-main', {}, header, isChat ? make('div', 'tc-main', {}, messages, this.#composer(texts, log)) : rows);
    const panel = make('section', 'tc-panel', { part: 'panel', tabindex: '-1', 'aria-label': heading }, make('div', 'tc-body', {}, main));
    if (isBubble) this.#beDialog(panel);
    return panel;
  }

  /** What a panel over the page does: see dialog() in src/components/panel.rs. */
  #beDialog(panel) {
    panel.role = 'dialog';
    if (is(PHONE)) panel.ariaModal = 'true';
    panel.onkeydown = (event) => {
      if (event.key !== 'Escape' || event.isComposing) return;
      event.stopPropagation();
      this.call('close');
    };
    const viewport = globalThis.visualViewport;
    if (!viewport) return;
    const follow = () => {
      const isZoomed = Math.abs(viewport.scale - 1) > 0.01;
      panel.style.setProperty('--_vh', isZoomed ? '' : `${Math.round(viewport.height)}px`);
      panel.style.setProperty('--_vt', isZoomed ? '' : `${Math.round(viewport.offsetTop)}px`);
    };
    follow();
    for (const event of ['resize', 'scroll']) viewport.addEventListener(event, follow, { signal: this.#drawn.signal });
  }

  /** The field and its button: see src/components/composer.rs. */
  #composer({ write, send, sending }, log) {
    const breaksLines = is(`${TOUCH} and (hover:none)`);
    const field = make('textarea', '', {
      rows: '1', part: 'input', dir: 'auto', autocomplete: 'off', enterkeyhint: breaksLines ? 'enter' : 'send', 'aria-label': write, placeholder: write,
    });
    const button = make('button', 'tc-send', { type: 'button', part: 'send', 'aria-label': send, title: send, disabled: '' }, icon(SEND));
    const canSend = () => field.value.trim() && !this.#sent;
    const grow = () => {
      field.style.height = '0';
      field.style.height = `${field.scrollHeight}px`;
      field.style.overflowY = field.scrollHeight > field.clientHeight + 1 ? 'auto' : 'hidden';
    };
    const showSent = () => {
      if (!this.#sent) return;
      const bubble = make('div', 'tc-bubble', { dir: 'auto', part: 'bubble' }, this.#sent);
      log.replaceChildren(make('div', 'tc-message tc-message--user', { role: 'article' }, bubble, make('div', 'tc-status', { role: 'status' }, sending)));
    };
    const submit = () => {
      if (!canSend()) return;
      this.#sent = field.value;
      put(field, '');
      showSent();
    };
    field.oninput = () => {
      button.disabled = !canSend();
      grow();
    };
    field.addEventListener('compositionstart', () => (this.#isComposing = true));
    field.addEventListener('compositionend', () => (this.#isComposing = false));
    field.onkeydown = (event) => {
      const isComposing = event.isComposing || event.keyCode === 229;
      if (event.key !== 'Enter' || isComposing || event.shiftKey || event.altKey || (breaksLines && !event.ctrlKey && !event.metaKey)) return;
      event.preventDefault();
      if (!event.repeat) submit();
    };
    button.onclick = () => {
      submit();
      field.focus({ preventScroll: true });
    };
    this.#field = field;
    showSent();
    return make('div', 'tc-composer', {}, make('div', 'tc-composer-inner', {}, make('div', 'tc-composer-box', { part: 'composer' }, field, button)));
  }

  /** Puts text and cursor of one field into another one. */
  #carry(from, to, isFocused) {
    if (!from || !to) return;
    if (from.value) put(to, [to.value, from.value].filter(Boolean).join('\n\n'));
    const behind = to.value.length - from.value.length;
    to.setSelectionRange(behind + from.selectionStart, behind + from.selectionEnd, from.selectionDirection);
    if (isFocused) to.focus({ preventScroll: true });
  }

  /** Gives what the visitor has begun to the widget below, and goes. */
  async #handOver(isClosed) {
    const [root, field, sent] = [this.#root, this.#field, this.#sent];
    if (!root) return;
    // A word in the making would be lost with its field.
    if (this.#isComposing && !isClosed) return void field.addEventListener('compositionend', () => setTimeout(() => this.#handOver()), { once: true });
    this.#root = undefined;
    const below = this.#below;
    below.inert = false;
    // The panel is open already.
    for (const animation of below.getAnimations({ subtree: true })) if (animation.animationName === 'tc-open') animation.finish();
    const to = below.querySelector('[part~=input]');
    if (sent && to) {
      put(to, sent);
      await drawn(); // the button knows
      below.querySelector('[part~=send]').click();
      await drawn();
    }
    const at = this.#scope.activeElement;
    if (to) this.#carry(field, to, at === field);
    // With whom is still to be chosen.
    else if (sent || field?.value || this.#scope.host?.[KEPT]) this.#widget.call('setComposerValue', [{ text: this.#text || this.#kept() }]);
    // As in focus_inside() in src/components/panel.rs.
    if (root.contains(at) && !(to && at === field)) {
      const first = is(TOUCH) ? undefined : below.querySelector('.tc-main :is(textarea,[role=combobox],[role=listbox])');
      (first ?? below.querySelector('.tc-panel')).focus({ preventScroll: true });
    }
    this.#field = undefined;
    this.#sent = '';
    this.#drawn.abort();
    root.remove();
  }

  /** What is written and not sent, as far as is known. */
  get #text() {
    const field = this.#field ?? this.#below?.querySelector('[part~=input]');
    return [this.#sent, field?.value].filter(Boolean).join('\n\n');
  }

  /** Nothing written is lost when the widget fails. */
  #keep() {
    const { host } = this.#scope;
    if (host && this.#text) host[KEPT] = this.#text;
  }

  /** What was kept so. */
  #kept() {
    const { host = {} } = this.#scope;
    const text = host[KEPT] ?? '';
    delete host[KEPT];
    return text;
  }
}

/** After all that is to be drawn now. */
const drawn = () => new Promise((resolve) => setTimeout(resolve));

/** Writes into a field as if it had been typed. */
function put(field, text) {
  field.value = text;
  field.dispatchEvent(new Event('input', { bubbles: true }));
}

function make(name, classes, attributes = {}, ...children) {
  const element = document.createElement(name);
  if (classes) element.className = classes;
  for (const attribute in attributes) element.setAttribute(attribute, attributes[attribute]);
  element.append(...children.filter(Boolean));
  return element;
}

function icon(path) {
  const [svg, line] = ['svg', 'path'].map((name) => document.createElementNS('http://www.w3.org/2000/svg', name));
  const attributes = {
    viewBox: '0 0 20 20', width: 20, height: 20, fill: 'none', stroke: 'currentColor', 'stroke-width': path === MORE ? 2.4 : 1.6,
    'stroke-linecap': 'round', 'stroke-linejoin': 'round', 'aria-hidden': 'true', focusable: 'false', class: path === BACK ? 'tc-points' : '',
  };
  for (const name in attributes) svg.setAttribute(name, attributes[name]);
  line.setAttribute('d', path);
  svg.append(line);
  return svg;
}
