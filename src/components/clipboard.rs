//! Buttons that copy.

use super::dom::{El, button, document, el, focus};
use super::icon::{CHECK, COPY, Icon, icon};
use super::parts::hidden_text;
use super::root::{Cx, set_style};
use js_sys::{Function, Reflect};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
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
            leptos::task::spawn_local(async move {
                if copy(&text).await {
                    show(&pressed, CHECK, cx.t.copied);
                } else {
                    // Then the keyboard can.
                    if let Some(beside) = pressed.next_element_sibling() {
                        select(&beside);
                    }
                    show(&pressed, COPY, cx.t.copy_failed);
                }
            });
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

/// Copies a text. False if the page or the browser does not let it.
async fn copy(text: &str) -> bool {
    let clipboard = Reflect::get(&window().navigator(), &JsValue::from_str("clipboard")).unwrap_or_default();
    if !clipboard.is_undefined() && JsFuture::from(clipboard.unchecked_into::<web_sys::Clipboard>().write_text(text)).await.is_ok() {
        return true;
    }
    copy_by_selection(text)
}

/// For pages without a secure context, where there is no clipboard object, and frames that may not use it.
fn copy_by_selection(text: &str) -> bool {
    let document = document();
    let field = el("textarea", "").attr("aria-hidden", "true").attr("readonly", "");
    set_style(&field.html(), "position", "fixed");
    set_style(&field.html(), "opacity", "0");
    let node: HtmlTextAreaElement = field.node().clone().unchecked_into();
    node.set_value(text);
    let Some(body) = document.body() else { return false };
    let before = document.active_element().and_then(|host| host.shadow_root()?.active_element().or(Some(host)));
    let _ = body.append_child(&node);
    node.select();
    let command = Reflect::get(&document, &JsValue::from_str("execCommand")).unwrap_or_default();
    let done = command.dyn_into::<Function>().and_then(|command| command.call1(&document, &JsValue::from_str("copy")));
    node.remove();
    if let Some(before) = before {
        focus(before.unchecked_ref());
    }
    done.is_ok_and(|done| done.is_truthy())
}

/// Selects all that stands in an element.
fn select(element: &Element) {
    let selection = Reflect::get(&document(), &JsValue::from_str("getSelection")).unwrap_or_default();
    let selection = selection.dyn_into::<Function>().and_then(|get| get.call0(&document())).unwrap_or_default();
    if let Ok(all) = Reflect::get(&selection, &JsValue::from_str("selectAllChildren")).unwrap_or_default().dyn_into::<Function>() {
        let _ = all.call1(&selection, element);
    }
}
