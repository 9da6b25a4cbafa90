// What the loader draws and says by itself, before (or without) the widget.

/** Outlines in a 24 x 24 box. */
export const ICONS = {
  chat: 'M12 2.8C6.6 2.8 2.4 6.5 2.4 11.1c0 2.5 1.2 4.7 3.2 6.2-.1 1.1-.6 2.2-1.4 3.1-.3.3 0 .8.4.8 2-.1 3.8-.9 5.1-1.9.8.1 1.5.2 2.3.2 5.4 0 9.6-3.7 9.6-8.4S17.4 2.8 12 2.8ZM7.6 12.5a1.4 1.4 0 1 1 0-2.8 1.4 1.4 0 0 1 0 2.8Zm4.4 0a1.4 1.4 0 1 1 0-2.8 1.4 1.4 0 0 1 0 2.8Zm4.4 0a1.4 1.4 0 1 1 0-2.8 1.4 1.4 0 0 1 0 2.8Z',
  down: 'M5.6 8.4 12 14.8l6.4-6.4 1.6 1.6-8 8-8-8Z',
  close: 'M6.6 5 12 10.4 17.4 5 19 6.6 13.6 12l5.4 5.4-1.6 1.6-5.4-5.4L6.6 19 5 17.4l5.4-5.4L5 6.6Z',
};

export const TEXTS = {
  en: {
    open: 'Open chat',
    close: 'Close chat',
    unread: (count) => `, ${count} unread`,
    failed: 'The chat could not be loaded. Check your connection and try again.',
    retry: 'Try again',
    crashed: 'The chat has stopped because of an error. Your messages are kept.',
    restart: 'Open it again',
    dismiss: 'Dismiss',
  },
  vi: {
    open: 'Mở khung trò chuyện',
    close: 'Đóng khung trò chuyện',
    unread: (count) => `, ${count} tin chưa đọc`,
    failed: 'Chưa tải được khung trò chuyện. Bạn kiểm tra kết nối rồi thử lại nhé.',
    retry: 'Thử lại',
    crashed: 'Khung trò chuyện gặp lỗi nên đã dừng. Tin nhắn của bạn vẫn được giữ.',
    restart: 'Mở lại',
    dismiss: 'Đóng thông báo',
  },
};

const SIDE = 'var(--tc-offset-x,20px) + env(safe-area-inset-';
const BOTTOM = 'var(--tc-offset-y,20px) + env(safe-area-inset-bottom,0px)';
const PANEL = '.tc-root[data-mode=bubble] .tc-panel';

export const STYLE = `
:host{all:initial;display:block}
:host([hidden]),[hidden]{display:none!important}
:host([mode=inline]){height:min(680px,85vh)}
:host([mode=page]){height:100vh;height:100dvh}
:host(:is([mode=inline],[mode=page])) .launcher{display:none}
.frame{height:100%}
.launcher,.notice{all:initial;box-sizing:border-box;position:fixed;z-index:var(--tc-z-index,2147483000);right:calc(${SIDE}right,0px))}
.launcher{bottom:calc(${BOTTOM});display:grid;place-items:center;width:60px;height:60px;border-radius:50%;border:2px solid transparent;background:var(--_a,var(--twinchat-accent,#4f46e5)) padding-box;color:var(--_on,var(--twinchat-on-accent,#fff));box-shadow:0 1px 2px rgb(0 0 0/.14),0 8px 24px -4px rgb(0 0 0/.28);cursor:pointer;touch-action:manipulation;-webkit-tap-highlight-color:transparent;animation:pop .3s cubic-bezier(.2,.8,.2,1);transition:transform .18s cubic-bezier(.2,.8,.2,1)}
:host([position=left]) :is(.launcher,.notice,${PANEL}){left:calc(${SIDE}left,0px));right:auto}
.launcher:hover{transform:scale(1.05)}
.launcher:active{transform:scale(.95)}
.launcher:focus-visible,.notice :focus-visible{outline:3px solid var(--_at,Highlight);outline-offset:3px}
svg{grid-area:1/1;width:30px;height:30px;fill:currentColor;fill-rule:evenodd;transition:opacity .15s,transform .22s}
.down{width:26px;height:26px}
.launcher[aria-expanded=true] .chat,.launcher[aria-expanded=false] .down{opacity:0;transform:rotate(60deg) scale(.4)}
.launcher[aria-busy=true]::after{content:"";position:absolute;inset:-7px;border-radius:50%;border:3px solid;border-color:var(--_a,var(--twinchat-accent,#4f46e5)) transparent transparent;animation:spin .8s linear infinite}
.badge{position:absolute;top:-5px;right:-5px;min-width:22px;height:22px;box-sizing:border-box;padding:0 6px;border-radius:11px;background:#c62828;color:#fff;font:700 12px/22px system-ui,sans-serif;text-align:center}
.notice{bottom:calc(${BOTTOM} + 76px);width:min(320px,100vw - 40px);padding:16px 18px;border-radius:16px;background:Canvas;color:CanvasText;color-scheme:light dark;box-shadow:0 0 0 1px rgb(128 128 128/.3),0 16px 40px -8px rgb(0 0 0/.35);font:15px/1.5 system-ui,sans-serif;animation:pop .2s}
:host([color-scheme=light]) .notice{color-scheme:light}
:host([color-scheme=dark]) .notice{color-scheme:dark}
:host(:is([mode=inline],[mode=page])) .notice{position:relative;inset:auto;margin:auto;top:-60%;display:block}
.notice p{margin:0 28px 12px 0}
.notice button{all:unset;cursor:pointer;padding:7px 14px;border-radius:10px;background:var(--_a,var(--twinchat-accent,#4f46e5));color:var(--_on,var(--twinchat-on-accent,#fff));font-weight:600}
.notice .away{position:absolute;top:8px;right:8px;padding:6px;background:none;color:inherit}
.away svg{display:block;width:18px;height:18px}
@keyframes pop{from{opacity:0;transform:scale(.6)}}
@keyframes spin{to{transform:rotate(1turn)}}
@media (max-width:480px),(max-height:480px){.launcher[aria-expanded=true]{visibility:hidden}}
@media (prefers-reduced-motion:reduce){*{animation-duration:1ms!important;transition:none!important}.launcher::after{animation-duration:3s!important}}
@media print{.launcher,.notice{display:none}}
`;
