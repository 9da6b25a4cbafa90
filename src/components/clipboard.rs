//! Buttons that copy.

use super::dom::{El, button, document, el};
use super::icon::{CHECK, COPY, Icon, icon};
use super::parts::hidden_text;
use super::root::Cx;
use js_sys::{Function, Reflect};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Event, HtmlTextAreaElement};

/// A button that says what it copies; [`copy_from_buttons`] makes it do so.
pub(crate) fn copy_button(label: &str) -> El {
    button("tc-icon-button tc-copy")
        .attr("aria-label", label)
        .attr("title", label)
        .child(icon(COPY))
        .child(hidden_text("").attr("role", "status"))
}

/// Listens, for all copy buttons in `view` at once: parts of a growing answer come and go, and a
/// listener of their own would stay. `text` gives what the pressed button copies.
pub(crate) fn copy_from_buttons(cx: Cx, view: El, text: impl Fn(&Element) -> Option<String> + 'static) -> El {
    view.on("click", move |event| {
        let Some(pressed) = pressed(&event) else { return };
        if let Some(text) = text(&pressed) {
            event.stop_propagation();
            copy(&text);
            show(&pressed, CHECK, cx.t.copied);
        }
    })
    .on("animationend", |event| {
        if let Some(pressed) = pressed(&event) {
            show(&pressed, COPY, "");
        }
    })
}

fn pressed(event: &Event) -> Option<Element> {
    let target: Element = event.target()?.dyn_into().ok()?;
    target.closest(".tc-copy").ok().flatten()
}

/// Changes the button's icon, and what is said of it.
fn show(pressed: &Element, shape: Icon, words: &str) {
    let copied = !words.is_empty();
    let shape = icon(shape);
    let shape = if copied { shape.attr("class", "tc-copied") } else { shape };
    if let Some(old) = pressed.first_element_child() {
        let _ = old.replace_with_with_node_1(shape.node());
    }
    if let Some(said) = pressed.last_element_child() {
        said.set_text_content(Some(words));
    }
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
