// wasm-bindgen's glue, said shorter: what each of its functions spells out is said once. It also calls the browser's functions
// that may throw without making a function and an object of arguments each time.

const WHAT = [
  // Whatever may throw.
  [/: function\(\) \{ return handleError\(function ?\((.*?)\) \{\n([\s\S]*?)\n {8}\}, arguments\); \}/g, ': guarded(($1) => {\n$2\n        })'],
  [/^( {8}\w+): function\((.*?)\) \{$/gm, '$1: ($2) => {'],
  // A text, or none.
  [
    /(?:const|var) (ptr\d) = (?:isLikeNone\(ret\) \? 0 : )?passStringToWasm0\(ret, wasm\.__wbindgen_malloc, wasm\.__wbindgen_realloc\);\n +(?:const|var) (len\d) = WASM_VECTOR_LEN;\n +getDataViewMemory0\(\)\.setInt32\(\(arg0 >>> 0\) \+ 4 \* 1, \2, true\);\n +getDataViewMemory0\(\)\.setInt32\(\(arg0 >>> 0\) \+ 4 \* 0, \1, true\);/g,
    'giveText(arg0 >>> 0, ret);',
  ],
  [/isLikeNone\(ret\) \? 0 : addToExternrefTable0\(ret\)/g, 'orNone(ret)'],
  // Classes that a browser may lack, or a page that is not secure.
  [/let result;\n +try \{\n +result = arg0 instanceof (\w+);\n +\} catch \(_\) \{\n +result = false;\n +\}\n +const ret = result;/g, 'const ret = isA(arg0, () => $1);'],
];
const SAID_ONCE = `
const guarded = (call) => (...values) => {
  try {
    return call(...values);
  } catch (error) {
    wasm.__wbindgen_exn_store(addToExternrefTable0(error));
  }
};
const giveText = (to, text) => {
  const from = isLikeNone(text) ? 0 : passStringToWasm0(text, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
  const view = getDataViewMemory0();
  view.setInt32(to + 4, WASM_VECTOR_LEN, true);
  view.setInt32(to, from, true);
};
const orNone = (value) => (isLikeNone(value) ? 0 : addToExternrefTable0(value));
const isA = (value, type) => {
  try {
    return value instanceof type();
  } catch {
    return false;
  }
};
`;

/** The glue, doing the same. */
export function shorter(glue) {
  const said = WHAT.reduce((text, [from, to], at) => {
    if (!text.match(from)) throw new Error(`wasm-bindgen's glue is not as xtask/glue.mjs knows it: nothing is as its rule ${at}.`);
    return text.replace(from, to);
  }, glue);
  return said + SAID_ONCE;
}
