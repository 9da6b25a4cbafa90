//! Parts of the widget that are fetched when something first needs them: JavaScript modules that stand
//! beside the widget's own files.

use wasm_bindgen::prelude::*;

#[wasm_bindgen(inline_js = "
// Beside the module that holds this; before the files are packed, beside its folder of snippets.
export const part = async (name) => import(new URL(name, import.meta.url.replace(/snippets\\/.*/, '')).href);
")]
extern "C" {
    #[wasm_bindgen(catch)]
    async fn part(name: &str) -> Result<JsValue, JsValue>;
}

/// The module of this file name. None if it cannot be had, as in an app that does not serve it; whoever asks does without.
pub async fn module(name: &str) -> Option<JsValue> {
    part(name).await.ok()
}
