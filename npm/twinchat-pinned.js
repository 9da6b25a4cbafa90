// Where the pinned loader finds the widget: beside itself, and nothing but the very files that it was built with.
//
// A page that names the loader with `integrity` thereby vouches for all of it. TWINCHAT_INTEGRITY is written by
// xtask/pack.mjs: each file's Subresource Integrity.
/* global TWINCHAT_INTEGRITY */

let attempts = 0;

/** The module that mounts widgets. The WebAssembly is on its way. */
export async function fetchWidget(framed) {
  const file = framed ? './twinchat-frame.js' : './twinchat-shell.js';
  const url = new URL(file, import.meta.url);
  if (attempts++) url.search = attempts; // as in twinchat-fetch.js
  const wasm = './twinchat-widget_bg.wasm';
  const answer = framed || fetch(new URL(wasm, import.meta.url), { integrity: TWINCHAT_INTEGRITY[wasm] });
  answer.catch?.(() => {}); // told when it is needed
  await vouchFor(url.href, TWINCHAT_INTEGRITY[file]);
  const module = await import(/* webpackIgnore: true */ /* @vite-ignore */ url.href);
  module.default({ module_or_path: answer });
  // What the widget fetches later, such as the colours of code. Without it an answer is plain.
  if (!framed) {
    module.parts.fetch = async (href) => {
      await vouchFor(href, TWINCHAT_INTEGRITY[`./${href.split('/').at(-1)}`]);
      return import(/* webpackIgnore: true */ /* @vite-ignore */ href);
    };
    module.parts.wasm = (url) => fetch(url, { integrity: TWINCHAT_INTEGRITY[`./${url.pathname.split('/').at(-1)}`] });
  }
  return module;
}

/** Has the browser fetch a module that is imported next, and refuse any but the one meant: import() cannot ask for that. */
async function vouchFor(href, integrity) {
  const link = Object.assign(document.createElement('link'), { rel: 'modulepreload', href, integrity, crossOrigin: 'anonymous' });
  // Such a browser would neither load it nor say so.
  if (!link.relList.supports('modulepreload')) throw new Error('this browser cannot check modules: use twinchat.js, which is not pinned');
  await new Promise((resolve, reject) => {
    link.onload = resolve;
    link.onerror = () => reject(new Error(`${href} is not the file that this loader was built with`));
    document.head.append(link);
  }).finally(() => link.remove());
}
