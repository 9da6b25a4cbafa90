// What the loader draws and says by itself, before (or without) the widget. Every page view pays for these bytes.

/** How to open, how to close, how many answers are new, and that something went wrong. */
export const TEXTS = {
  en: ['Open chat', 'Close chat', 'unread', 'The chat has stopped. Press to start it.'],
  vi: ['Mở trò chuyện', 'Đóng trò chuyện', 'tin chưa đọc', 'Trò chuyện đã dừng. Bấm để mở lại.'],
};
// Only what is built with the feature `arabic` has this.
if (globalThis.TWINCHAT_ARABIC) TEXTS.ar = ['فتح المحادثة', 'إغلاق المحادثة', 'غير مقروءة', 'توقفت المحادثة. اضغط لتشغيلها.'];

// What there is to see before the widget is mounted; style/frame.css comes with the widget. The offsets are those of
// style/panel.css. The side is the page's choice, whatever the language. Black on a brand colour too light for white,
// until the widget tells its palette. The launcher is there from the first frame on, not faded in; the dot, of one colour with
// what it stands on, is what a browser counts as content painted, which a shape cut by clip-path is not.
export const STYLE = `\
:host{--_a:#0f766e;--_on:#fff}\
@supports (color:oklch(from red l 0 0)){:host{--_on:oklch(from var(--_a) clamp(0,(.66 - l)*99,1) 0 0)}}\
:host{--_x:calc(var(--tc-offset-x,20px) + env(safe-area-inset-right));--_y:calc(var(--tc-offset-y,20px) + env(safe-area-inset-bottom));display:block;position:relative}\
:host([hidden]),[hidden],#tip:empty{display:none!important}\
:host([mode=inline]){height:min(680px,85vh)}\
:host([mode=page]){height:100dvh}\
#launcher,#tip{all:initial;position:fixed;z-index:var(--tc-z-index,2147483000);right:var(--_x);bottom:var(--_y);box-sizing:border-box;background:var(--_a);color:var(--_on);font:14px/1.4 system-ui;box-shadow:0 8px 24px -4px #0006;animation:pop .3s}\
#launcher{width:60px;height:60px;border:2px solid #0000;border-radius:50%;cursor:pointer}\
#tip{bottom:calc(var(--_y) + 74px);max-width:260px;padding:12px 16px;border-radius:16px}\
:host([position=left]) :is(#launcher,#tip){right:auto;left:var(--_x)}\
:host(:is([mode=inline],[mode=page])) #launcher{position:absolute;inset:0;margin:auto}\
#launcher:focus-visible{outline:3px solid var(--_a);outline-offset:2px}\
#launcher:before{content:'.';position:absolute;inset:13px;background:currentColor;forced-color-adjust:none;clip-path:path(evenodd,'M7 21.5A12 10 0 1 1 12 24Q9 26 5 26 7 24 7 21.5ZM10 12.5a1.6 1.6 0 1 1-.1 0Zm5 0a1.6 1.6 0 1 1-.1 0Zm5 0a1.6 1.6 0 1 1-.1 0Z')}\
#launcher[aria-busy=true]:after{content:'';position:absolute;inset:-8px;border-radius:50%;border:3px solid #0000;border-top-color:var(--_a);animation:turn .8s linear infinite}\
@keyframes pop{0%{scale:.6}}\
@keyframes turn{to{rotate:1turn}}\
@media (prefers-reduced-motion){#launcher{animation:none}}`;
