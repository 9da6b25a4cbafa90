/**
 * The public contract of twinchat: everything here keeps its meaning within a major version, and nothing else is public.
 */

/** What can be chosen. Each option is an attribute (`colorScheme` is `color-scheme`), a property and a key of {@link TwinChatElement.setOptions}, but for `open`, whose property is a method, and `getToken`, which is no attribute. On a script tag each attribute is `data-…`. */
export interface TwinChatOptions {
  /**
   * The proxy's origin, such as `https://chat.example.com`, without a path.
   * @default "" (the origin the script tag was loaded from; with npm the page's own)
   */
  proxy?: string;
  /**
   * The id of the twin to talk to: the proxy's, or the one that its upstream knows it by.
   * @default "" (the visitor picks; a single twin is picked by itself)
   */
  twin?: string;
  /**
   * The id of the conversation to open first.
   * @default "" (the last one open in this tab)
   */
  thread?: string;
  /**
   * `bubble`: a launcher in the corner that opens a panel over the page. `inline`: a panel in the page's flow, as large as the element. `page`: a panel that fills the window.
   * @default "bubble"
   */
  mode?: 'bubble' | 'inline' | 'page';
  /**
   * The widget's language as a BCP 47 tag; Vietnamese and English are there.
   * @default "" (the page's `lang`, then the browser's, then the owner's setting)
   */
  locale?: string;
  /**
   * The palette; `auto` is what the visitor's system asks for.
   * @default "auto"
   */
  colorScheme?: 'auto' | 'light' | 'dark';
  /**
   * The brand colour, `#rrggbb`. Both palettes are made from it, with readable contrast.
   * @default "" (the owner's setting, then #0f766e)
   */
  accent?: string;
  /**
   * The corner of the launcher and its panel.
   * @default "right"
   */
  position?: 'left' | 'right';
  /**
   * The panel's heading.
   * @default "" (the owner's setting, then the widget's own words)
   */
  heading?: string;
  /**
   * The sentence above an empty conversation.
   * @default "" (the owner's setting, then the widget's own words)
   */
  greeting?: string;
  /**
   * Questions a visitor can start with: an array, or one text with `|` between them.
   * @default "" (the twin's own)
   */
  starters?: string | readonly string[];
  /**
   * Origins whose pictures in answers are shown at once: an array, or one text with `|` between them. Pictures from elsewhere are links.
   * @default "" (none)
   */
  imageOrigins?: string | readonly string[];
  /**
   * Whether the bubble's launcher is drawn. Without it, call `open()` from a button of your own.
   * @default "show"
   */
  launcher?: 'show' | 'hide';
  /**
   * When the widget itself is fetched: when the launcher is pointed at, focused or pressed (`intent`), when the browser has nothing else to do (`idle`), or at once (`eager`). Any call fetches it too, and so do the modes without a bubble.
   * @default "intent"
   */
  load?: 'intent' | 'idle' | 'eager';
  /**
   * Whether a panel that was open when the page was left is open again on the next page in the same tab, once the visitor has written something. Never where it would cover a small screen. The focus stays with the page.
   * @default "true"
   */
  restore?: boolean | 'true' | 'false';
  /**
   * Whether the widget runs in a document of its own, which the proxy serves under its own policy: the page then needs `frame-src` for the proxy and neither `connect-src`, `img-src` nor `'wasm-unsafe-eval'`. `::part()` does not reach what is in it. Not to be changed once the widget is on the page.
   * @default "false"
   */
  frame?: boolean | 'true' | 'false';
  /**
   * Asked for who the visitor is, when a token is needed for the first time and whenever that is about to end. Given after the chat has begun, it is asked then. See {@link GetToken}.
   * @default undefined (the visitor is anonymous, unless `identify()` is called)
   */
  getToken?: GetToken;
  /**
   * Whether the panel is open. The attribute follows what the visitor does.
   * @default false
   */
  open?: boolean;
}

/** What {@link GetToken} is told. */
export interface TokenRequest {
  /** The identity token that was used last; `null` the first time. */
  previous: string | null;
  /** Why a token is needed: there is none yet, the one in use is about to end, or the proxy has refused it. */
  reason: 'initial' | 'expiring' | 'rejected';
  /** Aborted when nobody waits for the answer any more: after 30 seconds, or when the element is gone. */
  signal: AbortSignal;
}

/** What the proxy answers to an exchange (`POST /oauth/token`). */
export interface TokenAnswer {
  /** The token for `Authorization`. */
  access_token: string;
  /** `urn:ietf:params:oauth:token-type:access_token`. */
  issued_token_type: string;
  /** `Bearer`: a token that is bound to a key cannot be handed on. */
  token_type: string;
  /** Seconds until it ends. */
  expires_in: number;
  /** `read_only` or `full_access`. */
  scope: string;
  /** When it ends, in seconds since 1970. */
  expires_at: number;
  /** Whom the proxy takes the visitor to be. */
  visitor_id: string;
}

/**
 * Says who the visitor is: with an identity token, a JWT that your server signs for who is signed in there, which the widget exchanges for an access token bound to a key that cannot leave the browser; with the proxy's answer, where your server makes that exchange itself; or with `null` for nobody. When it rejects, the visitor is told and can try again; nobody becomes anonymous by accident.
 */
export type GetToken = (request: TokenRequest) => string | TokenAnswer | null | Promise<string | TokenAnswer | null>;

/** What is in an event's `detail`. All events bubble and leave shadow roots. */
export interface TwinChatEventMap {
  /** The widget is whole and carries out calls. Its panel may have been open, and written in, before. */
  'twinchat.ready': CustomEvent<undefined>;
  /** The proxy has answered for the first time. */
  'twinchat.connected': CustomEvent<undefined>;
  /** The panel was opened. */
  'twinchat.opened': CustomEvent<undefined>;
  /** The panel was closed. */
  'twinchat.closed': CustomEvent<undefined>;
  /** Another twin was chosen; `null` when none is. */
  'twinchat.twin.change': CustomEvent<{ twinId: string | null }>;
  /** Another conversation is open; `null` for a new one that has no message yet. */
  'twinchat.thread.change': CustomEvent<{ threadId: string | null }>;
  /** The proxy has stored a message of the visitor. */
  'twinchat.message.sent': CustomEvent<{ threadId: string; messageId: string }>;
  /** A reply has begun; its text is yet to come. */
  'twinchat.response.start': CustomEvent<{ threadId: string; messageId: string }>;
  /** A reply has ended. */
  'twinchat.response.end': CustomEvent<{
    threadId: string;
    messageId: string;
    status: 'complete' | 'stopped' | 'incomplete' | 'interrupted' | 'failed';
  }>;
  /** The number of answers the visitor has not seen is another. */
  'twinchat.unread.change': CustomEvent<{ unread: number }>;
  /** The visitor has signed in or out. */
  'twinchat.identity.change': CustomEvent<{ signedIn: boolean }>;
  /** Something went wrong and the visitor was told. `code` is the proxy's, or `LOAD_FAILED`, `OFFLINE`, `NETWORK`, `UNREADABLE`, `IDENTITY_REFUSED`, `IDENTITY_UNAVAILABLE`, `SIGN_IN_EXPIRED`. */
  'twinchat.error': CustomEvent<{ code: string; message: string; requestId?: string; retryable?: boolean }>;
}

/** CSS custom properties: set them on the element or above it. */
export interface TwinChatCssProperties {
  /**
   * Distance of the launcher, and of the panel, from the side of the window.
   * @default 20px
   */
  '--tc-offset-x'?: string;
  /**
   * Distance of the launcher from the bottom of the window; the panel stands above it.
   * @default 20px
   */
  '--tc-offset-y'?: string;
  /**
   * Width of a bubble's panel.
   * @default 400px
   */
  '--tc-width'?: string;
  /**
   * Height of the panel.
   * @default 660px (inline and page: as high as the element)
   */
  '--tc-height'?: string;
  /**
   * Roundness of the panel; what is in it follows.
   * @default 20px
   */
  '--tc-radius'?: string;
  /**
   * The font family.
   * @default the system's
   */
  '--tc-font'?: string;
  /**
   * The font family of code.
   * @default the system's
   */
  '--tc-font-mono'?: string;
  /**
   * The size of text, which all other sizes of text follow.
   * @default 15px
   */
  '--tc-font-size'?: string;
  /**
   * How far in front launcher and panel are.
   * @default 2147483000
   */
  '--tc-z-index'?: string;
}

/** Shadow parts, for `::part()`. */
export interface TwinChatParts {
  /** The button in the corner. */
  launcher: HTMLElement;
  /** The number of new answers on it. */
  badge: HTMLElement;
  /** The sentence above it that says what went wrong. */
  tip: HTMLElement;
  /** The panel. */
  panel: HTMLElement;
  /** The panel's head. */
  header: HTMLElement;
  /** The button that closes the panel. */
  close: HTMLElement;
  /** A menu that one of the buttons opens. */
  menu: HTMLElement;
  /** The list of conversations beside the chat, where there is room (`mode="page"`). */
  sidebar: HTMLElement;
  /** The list of conversations. */
  'conversation-list': HTMLElement;
  /** The list of twins. */
  'twin-picker': HTMLElement;
  /** A twin's picture. */
  avatar: HTMLElement;
  /** The messages. */
  messages: HTMLElement;
  /** The note that a conversation is read by everybody who talks to this twin. */
  shared: HTMLElement;
  /** What stands above an empty conversation. */
  welcome: HTMLElement;
  /** A question to start with. */
  starter: HTMLElement;
  /** A message of the visitor. */
  bubble: HTMLElement;
  /** An answer with its buttons. */
  answer: HTMLElement;
  /** The text of an answer. */
  markdown: HTMLElement;
  /** The button that asks again. */
  retry: HTMLElement;
  /** The button that answers one message. */
  reply: HTMLElement;
  /** The message that is answered: above the field, and in what was sent. */
  quote: HTMLElement;
  /** What went wrong, above the composer. */
  notice: HTMLElement;
  /** The strip that says how the connection is. */
  banner: HTMLElement;
  /** What is asked of a visitor who has just signed in. */
  offer: HTMLElement;
  /** The field and its buttons. */
  composer: HTMLElement;
  /** The field. */
  input: HTMLElement;
  /** The button that chooses files. */
  attach: HTMLElement;
  /** The button that sends. */
  send: HTMLElement;
  /** The button that stops an answer. */
  stop: HTMLElement;
}

type Property<Name extends keyof TwinChatOptions> = NonNullable<TwinChatOptions[Name]>;

/** The element `<twin-chat>`. */
export declare class TwinChatElement extends HTMLElement {
  /** The proxy of elements that name none; empty for the page's own origin. */
  static proxy: string;

  get proxy(): string;
  set proxy(value: string | null | undefined);
  get twin(): string;
  set twin(value: string | null | undefined);
  get thread(): string;
  set thread(value: string | null | undefined);
  get mode(): Property<'mode'>;
  set mode(value: Property<'mode'> | null | undefined);
  get locale(): string;
  set locale(value: string | null | undefined);
  get colorScheme(): Property<'colorScheme'>;
  set colorScheme(value: Property<'colorScheme'> | null | undefined);
  get accent(): string;
  set accent(value: string | null | undefined);
  get position(): Property<'position'>;
  set position(value: Property<'position'> | null | undefined);
  get heading(): string;
  set heading(value: string | null | undefined);
  get greeting(): string;
  set greeting(value: string | null | undefined);
  get starters(): string;
  set starters(value: Property<'starters'> | null | undefined);
  get imageOrigins(): string;
  set imageOrigins(value: Property<'imageOrigins'> | null | undefined);
  get launcher(): Property<'launcher'>;
  set launcher(value: Property<'launcher'> | null | undefined);
  get load(): Property<'load'>;
  set load(value: Property<'load'> | null | undefined);

  get restore(): string;
  set restore(value: Property<'restore'> | null | undefined);
  get frame(): string;
  set frame(value: Property<'frame'> | null | undefined);
  getToken?: GetToken;

  /** Whether the panel is open. Always true in the modes without a bubble. */
  readonly isOpen: boolean;
  /** Fulfilled when the widget is whole. Waiting for it does not fetch it. */
  readonly ready: Promise<void>;

  // Calls fetch the widget when it is not there yet. Their promises are fulfilled when the widget has taken them on, in
  // the order they were made, and rejected with a sentence that says what is wrong.

  /** Opens the panel. Assigning a boolean opens or closes it, for frameworks that set properties. */
  get open(): () => Promise<void>;
  set open(value: boolean);
  /** Closes the panel; a running reply goes on. */
  close(): Promise<void>;
  /** Opens or closes the panel. */
  toggle(): Promise<void>;
  /** Draws the launcher again after `hide()`. */
  show(): Promise<void>;
  /** Takes the launcher away; the panel can still be opened by a call. */
  hide(): Promise<void>;
  /** Chooses a twin and shows the latest conversation with it, or a new one. */
  setTwin(twinId: string): Promise<void>;
  /** Opens a conversation of the visitor; `null` begins a new one. */
  setThreadId(threadId: string | null): Promise<void>;
  /** Sends a message as the visitor. Without a twin it waits for one to be picked. */
  sendUserMessage(message: { text: string }): Promise<void>;
  /** Puts a text in the composer without sending it. */
  setComposerValue(value: { text: string }): Promise<void>;
  /** Opens the panel and puts the keyboard focus in the composer. */
  focusComposer(): Promise<void>;
  /** Opens the panel with the list of conversations. */
  showHistory(): Promise<void>;
  /** Goes back from the list of conversations to where the visitor was. */
  hideHistory(): Promise<void>;
  /** Signs the visitor in with an identity token of your server (see {@link GetToken}), or out with `null`. Fulfilled when the proxy has taken it, rejected with what is wrong with it; then all is as before. What was said before signing in stays where it is until the visitor, who is asked, wants it taken over. It fetches the widget: where visitors may be signed in on every page, give `getToken`, which is asked only when somebody chats. */
  identify(identityToken: string | null): Promise<void>;
  /** Forgets the visitor on this device: identity, token, what was chosen in the menu, what is open. For a shared computer or your site's sign-out. The next message is a new visitor's. */
  reset(): Promise<void>;
  /** Changes the language, as `locale` does. A language that the visitor picked in the widget's menu wins over the option until this is called. */
  setLocale(locale: string): Promise<void>;
  /** Changes the palette, as `colorScheme` does, and likewise wins over the visitor's pick. */
  setColorScheme(colorScheme: 'auto' | 'light' | 'dark'): Promise<void>;
  /** Replaces all options: those not given go back to their defaults. `open` stays as it is unless given. */
  setOptions(options: TwinChatOptions): void;
  /** Listens to an event. Returns what ends it. */
  on<Name extends keyof TwinChatEventMap>(name: Name, listener: (event: TwinChatEventMap[Name]) => void): () => void;
  /** Removes the element and frees all it holds. The visitor's conversations stay. */
  destroy(): Promise<void>;

  addEventListener<Name extends keyof TwinChatEventMap>(
    type: Name,
    listener: (this: TwinChatElement, event: TwinChatEventMap[Name]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
}

/** Makes `<twin-chat>` known to the page. Importing the package alone does not. Calling it again, or on a server, does nothing. */
export declare function defineTwinChat(): void;

declare global {
  interface HTMLElementTagNameMap {
    'twin-chat': TwinChatElement;
  }
}
