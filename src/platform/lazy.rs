//! Parts of the widget that are fetched when something first needs them: JavaScript modules that stand
//! beside the widget's own files.

#[cfg(twinchat_shipped)]
use super::rare::Missing;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(inline_js = "
// Beside the module that holds this; before the files are packed, beside its folder of snippets.
export const part = async (name) => import(new URL(name, import.meta.url.replace(/snippets\\/.*/, '')).href);
")]
extern "C" {
    #[wasm_bindgen(catch)]
    async fn part(name: &str) -> Result<JsValue, JsValue>;
}

// Nothing is apart until the files are packed; then xtask/fit.mjs has another one in its place.
#[cfg(twinchat_shipped)]
#[wasm_bindgen(inline_js = "export const twinchatRest = async () => {};")]
extern "C" {
    #[wasm_bindgen(catch, js_name = twinchatRest)]
    async fn fetch_rest() -> Result<JsValue, JsValue>;
}

/// Fetches the second WebAssembly file (`rare`).
///
/// # Errors
/// Why it cannot be had.
#[cfg(twinchat_shipped)]
pub(super) async fn rest() -> Result<(), Missing> {
    // Whatever is not the line is the file: not there any more, or not the one that goes with this.
    let why = |error: JsValue| if error.is_instance_of::<js_sys::TypeError>() { Missing::Unreachable } else { Missing::Gone };
    fetch_rest().await.map(|_| ()).map_err(why)
}

/// The module of this file name. None if it cannot be had, as in an app that does not serve it; whoever asks does without.
pub async fn module(name: &str) -> Option<JsValue> {
    part(name).await.ok()
}
