//! The element's methods, by name.

use super::outbox::Outbox;
use crate::app::App;
use js_sys::{Array, Error, Promise, Reflect};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::future_to_promise;

/// Does what the page called for.
///
/// # Errors
///
/// A sentence for the site's developer when it cannot be done as called.
pub(super) fn call(app: App, outbox: &Outbox, method: &str, values: &Array) -> Result<(), String> {
    let value = values.get(0);
    if method == "restore" {
        // The loader's own: the panel was open when the page was left.
        app.come_back();
        return Ok(());
    }
    if method == "vouched" {
        // The shell's: the page has given its `getToken` late.
        app.ask_site();
        return Ok(());
    }
    match method {
        "open" => app.open(),
        "close" => app.close(),
        "toggle" => app.toggle(),
        "setTwin" => {
            app.open();
            app.choose_twin(&text(method, &value)?);
        }
        "setThreadId" => {
            app.open();
            if value.is_null() || value.is_undefined() {
                app.new_conversation();
            } else {
                app.open_conversation(&text(method, &value)?);
            }
        }
        "sendUserMessage" => outbox.send(app, text_of(method, &value)?)?,
        "setComposerValue" => outbox.write(app, &text_of(method, &value)?),
        "focusComposer" => {
            app.open();
            app.focus_composer();
        }
        "showHistory" => {
            app.open();
            app.show_conversations();
        }
        "hideHistory" => {
            if app.signals.screen.get_untracked() == crate::state::Screen::Conversations {
                app.back();
            }
        }
        "reset" => {
            outbox.forget();
            app.reset();
        }
        _ => return Err(["there is no method ", method].concat()),
    }
    Ok(())
}

/// Signs the visitor in with an identity token, or out with `null`. The promise tells what the proxy says to it.
///
/// # Errors
///
/// A sentence for the site's developer when it is neither.
pub(super) fn identify(app: App, value: &JsValue) -> Result<Promise, String> {
    let token = value.as_string().filter(|token| !token.is_empty());
    if token.is_none() && !value.is_null() && !value.is_undefined() {
        return Err("identify() takes an identity token as a string, or null to sign out".to_owned());
    }
    Ok(future_to_promise(async move {
        app.identify(token).await.map(|()| JsValue::UNDEFINED).map_err(|problem| {
            let error = Error::new(&["twinchat: identify(): ", &problem.code, " ", &problem.message].concat());
            let _ = Reflect::set(&error, &"code".into(), &problem.code.into());
            error.into()
        })
    }))
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
