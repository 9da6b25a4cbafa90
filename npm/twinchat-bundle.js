// Where the loader finds the widget when a bundler has put it together: this file takes the place of twinchat-fetch.js
// in the package (xtask/pack-npm.mjs).
//
// Both parts are imported as every bundler understands it, and fetched only when somebody means to use them. The
// WebAssembly is compiled while it arrives, from a file of its own; where a bundler or a development server does not
// bring that file along, from the copy in twinchat-wasm.js. So is a second file for what few visitors need.

/** The module that mounts widgets. The WebAssembly is on its way. Each call makes another instance. */
export async function fetchWidget(framed) {
  if (framed) return import('./twinchat-frame.js');
  const source = checked(fetch(new URL('./twinchat-widget_bg.wasm', import.meta.url))).catch(copiedWasm);
  const { makeWidget } = await import('./twinchat-widget.js');
  return makeWidget(source, fetchRest);
}

/** What few visitors need. */
const fetchRest = () => checked(fetch(new URL('./twinchat-rest_bg.wasm', import.meta.url))).catch(copiedRest);

async function checked(asked) {
  const answer = await asked;
  if (!answer.ok || !/^application\/wasm/.test(answer.headers.get('content-type'))) throw new Error(`${answer.url} is no WebAssembly`);
  return answer;
}

const copiedWasm = async () => (await import('./twinchat-wasm.js')).bytes();
const copiedRest = async () => (await import('./twinchat-rest-wasm.js')).bytes();
