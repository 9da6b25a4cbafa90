//! The bubble in the corner.

use super::dom::{El, button, el};
use super::icon::{CHAT, CLOSE, icon};
use super::leaf::Leaf;
use super::root::{Cx, root};
use leptos::prelude::*;

/// The bubble in the corner: opens and closes the panel, shows how many answers are unread.
///
/// The custom element has its own, drawn before this code is there; this one is for Leptos apps.
#[component]
pub fn Launcher() -> impl IntoView {
    Leaf(|| root("", launcher))
}

pub(crate) fn launcher(cx: Cx) -> El {
    let label = move || {
        let unread = cx.s.unread.get();
        let name = if cx.s.open.get() { cx.t.close } else { cx.t.open_chat };
        if unread == 0 { name.to_owned() } else { [name, ", ", &cx.t.unread.of(unread)].concat() }
    };
    button("tc-launcher")
        .attr("part", "launcher")
        .attr("aria-haspopup", "dialog")
        .attr_fn("aria-label", move || Some(label()))
        .attr_fn("aria-expanded", move || Some(cx.s.open.get().to_string()))
        .slot(move || cx.s.open.get().to_string(), |open| Some(icon(if open == "true" { CLOSE } else { CHAT })))
        .slot(move || badge_text(cx.s.unread.get()), badge)
        .click(move || cx.app.toggle())
}

/// What a badge says of this many; empty for none.
pub(crate) fn badge_text(count: u32) -> String {
    match count {
        0 => String::new(),
        1..=99 => count.to_string(),
        _ => "99+".to_owned(),
    }
}

/// A badge; none for an empty text.
pub(crate) fn badge(text: &str) -> Option<El> {
    (!text.is_empty()).then(|| el("span", "tc-badge").attr("aria-hidden", "true").text(text))
}
