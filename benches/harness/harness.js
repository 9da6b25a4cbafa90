// The widget's stream decoder and its streaming markdown view, for any conformance suite or benchmark:
// the code that is shipped, in one ES module. Needs no server; `parse` runs in Node as well.

import init, { openView, parse } from './glue.js';

const wasm = new URL('./twinchat-harness.wasm', import.meta.url);
// Node's fetch reads no files.
const inNode = wasm.protocol === 'file:' && typeof process === 'object';
await init({ module_or_path: inNode ? (await import('node:fs/promises')).readFile(wasm) : wasm });

/**
 * `parse(chunks: Uint8Array[]) -> [{event, data, id}]`: the events of a stream that came in these pieces.
 * Throws when a line or an event is larger than the widget allows.
 */
export { parse };

// The view fetches these parts when it first needs them. Here they are there from the start, so that what `end` resolves
// after is complete.
if (!inNode) await Promise.all(['highlight', 'entities'].map((part) => import(new URL(`./twinchat-${part}.js`, import.meta.url).href)));

const views = new Set();

/** Drawn at the next frame; what was drawn can set off another. */
const drawn = () => new Promise((resolve) => { requestAnimationFrame(() => requestAnimationFrame(resolve)); });

/**
 * `open(host: HTMLElement) -> {write(text), end(), close(), root}`: an empty markdown view in `host`.
 * `write` adds a delta; drawing follows at the next animation frame, after much text two frames later. `end` says that no more comes and resolves
 * when all is drawn. `root` is the element that the text is drawn in. `close` takes the view away.
 *
 * What is drawn are the elements of CommonMark's HTML. Differences: HTML is text; a `.tc-code` around `pre` (with a
 * `button.tc-copy`) and a `.tc-table` around `table`, a `.tc-part` around every 64 blocks, or items of one list, after the
 * first 64, a `tbody` for every 64 rows (then the table is a `.tc-long`), and a
 * `span.tc-run` around what goes on after each 16 KB of one paragraph or 2 KB of one code block;
 * addresses other than http, https, mailto, tel and relative ones are a
 * `span` in place of an `a`; a picture of another site is a `button.tc-image-off` with `data-src` and `data-alt`; `class`, `dir`,
 * `target`, `rel`, `tabindex`, ARIA. Relative addresses are links here (`relative` of the component), which
 * CommonMark's examples need; in the widget itself they are not.
 */
export function open(host) {
  const view = openView(host);
  // Else it would go when nobody but the page holds it.
  views.add(view);
  return {
    root: view.root,
    write: (text) => view.write(text),
    end: async () => {
      view.end();
      // A very long text takes several frames.
      do await drawn(); while (!view.done);
    },
    close: () => {
      if (views.delete(view)) view.free();
    },
  };
}
