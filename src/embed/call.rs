//! The element's methods, by name.

use crate::app::App;
use js_sys::{Array, Reflect};
use wasm_bindgen::JsValue;

/// Does what the page called for.
///
/// # Errors
///
/// A sentence for the site's developer when the method takes something else than it was given.
pub(super) fn call(app: &App, method: &str, values: &Array) -> Result<(), String> {
    let value = values.get(0);
    match method {
        "open" => app.open(),
        "close" => app.close(),
        "toggle" => app.toggle(),
        "setTwin" => app.choose_twin(&text(method, &value)?),
        "setThreadId" if value.is_null() || value.is_undefined() => app.new_conversation(),
        "setThreadId" => app.open_conversation(&text(method, &value)?),
        "sendUserMessage" => app.send_text(&text_of(method, &value)?),
        "setComposerValue" => app.set_draft(&text_of(method, &value)?),
        "focusComposer" => {
            app.open();
            app.focus_composer();
        }
        "showHistory" => {
            app.open();
            app.show_conversations();
        }
        "hideHistory" => app.back(),
        _ => return Err(["there is no method ", method].concat()),
    }
    Ok(())
}

fn text(method: &str, value: &JsValue) -> Result<String, String> {
    value.as_string().filter(|text| !text.is_empty()).ok_or_else(|| [method, "() takes an id as a string"].concat())
}

/// The text of `{text: "…"}`.
fn text_of(method: &str, value: &JsValue) -> Result<String, String> {
    Reflect::get(value, &"text".into())
        .ok()
        .and_then(|text| text.as_string())
        .ok_or_else(|| [method, "() takes an object with a text, such as {text: \"Hello\"}"].concat())
}
