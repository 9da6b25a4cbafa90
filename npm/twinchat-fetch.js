// Where the loader of a script tag finds the widget: beside itself. In the package twinchat-bundle.js takes this file's
// place, in the pinned loader twinchat-pinned.js.

let attempts = 0;

/** The module that mounts widgets, started. */
export async function fetchWidget(framed) {
  const url = new URL(framed ? './twinchat-frame.js' : './twinchat-widget.js', import.meta.url);
  // A browser may remember that a module failed, and a crashed instance lives as long as its module: ask under a new name.
  if (attempts++) url.search = attempts;
  // Side by side: the glue compiles the WebAssembly while it arrives. A frame fetches its own.
  const [module, response] = await Promise.all([
    import(/* webpackIgnore: true */ /* @vite-ignore */ url.href),
    framed || fetch(new URL('./twinchat-widget_bg.wasm', import.meta.url)),
  ]);
  await module.default({ module_or_path: response });
  return module;
}
