//! A button that copies.

use super::dom::{El, button, document, el};
use super::icon::{CHECK, COPY, icon};
use super::parts::hidden_text;
use super::root::Cx;
use js_sys::{Function, Reflect};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::HtmlTextAreaElement;

/// Copies what `text` gives at the press, and says for a moment that it did.
pub(crate) fn copy_button(cx: Cx, label: &'static str, text: impl Fn() -> String + 'static) -> El {
    let copied = RwSignal::new(false);
    button("tc-icon-button")
        .attr("aria-label", label)
        .attr("title", label)
        .slot(
            move || copied.get().to_string(),
            move |done| {
                let shape = icon(if done == "true" { CHECK } else { COPY });
                Some(if done == "true" { el("span", "tc-copied").child(shape) } else { shape })
            },
        )
        .child(hidden_text("").attr("role", "status").text_fn(move || if copied.get() { cx.t.copied.to_owned() } else { String::new() }))
        .on("animationend", move |_| copied.set(false))
        .click(move || {
            copy(&text());
            copied.set(true);
        })
}

fn copy(text: &str) {
    let clipboard = Reflect::get(&window().navigator(), &JsValue::from_str("clipboard")).unwrap_or_default();
    if clipboard.is_undefined() {
        copy_by_selection(text);
    } else {
        let _ = clipboard.unchecked_into::<web_sys::Clipboard>().write_text(text);
    }
}

/// For pages without a secure context, where there is no clipboard object.
fn copy_by_selection(text: &str) {
    let document = document();
    let field = el("textarea", "tc-hidden").attr("aria-hidden", "true");
    let node: HtmlTextAreaElement = field.node().clone().unchecked_into();
    node.set_value(text);
    let Some(body) = document.body() else { return };
    let _ = body.append_child(&node);
    node.select();
    if let Ok(command) = Reflect::get(&document, &JsValue::from_str("execCommand")) {
        let _ = command.unchecked_into::<Function>().call1(&document, &JsValue::from_str("copy"));
    }
    node.remove();
}
