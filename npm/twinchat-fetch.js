// Where the loader of a script tag finds the widget: beside itself. In the package twinchat-bundle.js takes this file's
// place, in the pinned loader twinchat-pinned.js.

let attempts = 0;

/** The module that mounts widgets. The WebAssembly is on its way. */
export async function fetchWidget(framed) {
  const url = new URL(framed ? './twinchat-frame.js' : './twinchat-shell.js', import.meta.url);
  // A browser may remember that a module failed, and a crashed instance lives as long as its module: ask under a new name.
  if (attempts++) url.search = attempts;
  // Side by side: the glue compiles the WebAssembly while it arrives. A frame fetches its own.
  const answer = framed || fetch(new URL('./twinchat-widget_bg.wasm', import.meta.url));
  answer.catch?.(() => {}); // told when it is needed
  const module = await import(/* webpackIgnore: true */ /* @vite-ignore */ url.href);
  module.default({ module_or_path: answer });
  return module;
}
