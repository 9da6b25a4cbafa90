//! Small parts that several components share.

use super::dom::{El, button, div, el, focus};
use super::icon::{Icon, SEARCH, icon};
use super::root::Cx;
use crate::state::Problem;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

/// A button that is an icon; the label is its name and its tooltip.
pub(crate) fn icon_button(shape: Icon, label: &str, press: impl Fn() + 'static) -> El {
    button("tc-icon-button").attr("aria-label", label).attr("title", label).child(icon(shape)).click(press)
}

/// A button with words. `look` is added to its class: `primary`, `danger`, `small`.
pub(crate) fn text_button(look: &str, label: &str, press: impl Fn() + 'static) -> El {
    let class =
        look.split(' ').filter(|look| !look.is_empty()).fold("tc-button".to_owned(), |class, look| [&class, " tc-button--", look].concat());
    button(&class).text(label).click(press)
}

/// Words only a screen reader says.
pub(crate) fn hidden_text(text: &str) -> El {
    el("span", "tc-hidden").text(text)
}

/// A search field; `input` hears the text at each change.
pub(crate) fn search_field(label: &str, input: impl Fn(String) + 'static) -> (El, HtmlInputElement) {
    let field = el("input", "")
        .attr("type", "search")
        .attr("placeholder", label)
        .attr("aria-label", label)
        .attr("autocomplete", "off")
        .attr("spellcheck", "false")
        .attr("enterkeyhint", "search");
    let node: HtmlInputElement = field.node().clone().unchecked_into();
    let read = node.clone();
    let field = field.on("input", move |_| input(read.value()));
    (div("tc-search").child(icon(SEARCH)).child(field), node)
}

/// What stands where a list has nothing to show.
pub(crate) fn empty_state(shape: Icon, title: &str, hint: &str) -> El {
    div("tc-empty")
        .child(div("tc-empty-icon").child(icon(shape)))
        .child(el("p", "tc-empty-title").text(title))
        .child(el("p", "").text(hint))
}

/// What stands where a list could not be loaded, with a way to try again when that makes sense.
pub(crate) fn failed_state(cx: Cx, problem: &Problem) -> El {
    let offline = matches!(problem.code.as_str(), "OFFLINE" | "NETWORK");
    let shape = if offline { super::icon::OFFLINE } else { super::icon::WARNING };
    let state = div("tc-empty tc-empty--error")
        .attr("role", "alert")
        .child(div("tc-empty-icon").child(icon(shape)))
        .child(el("p", "").text(cx.t.problem(&problem.code, &problem.message)));
    let state = if problem.retryable { state.child(text_button("", cx.t.retry, move || cx.app.reload())) } else { state };
    state.maybe(request_id(cx, problem))
}

/// The id to quote to the site's owner, if there is one.
pub(crate) fn request_id(cx: Cx, problem: &Problem) -> Option<El> {
    let known = !problem.request_id.is_empty();
    known.then(|| el("span", "tc-request-id").text(&crate::i18n::fill(cx.t.request_id, &problem.request_id)))
}

/// Grey rows in place of a list that is being loaded.
pub(crate) fn skeleton_rows(cx: Cx, count: usize) -> El {
    let rows = (0..count).map(|_| {
        let lines = div("tc-skeleton-lines").child(div("tc-skeleton")).child(div("tc-skeleton"));
        div("tc-skeleton-row").child(div("tc-skeleton")).child(lines)
    });
    div("").attr("role", "status").child(hidden_text(cx.t.loading)).children(rows)
}

/// Puts the keyboard focus on an element once it stands in the page.
pub(crate) fn focus_soon(element: &El) {
    let element = element.html();
    leptos::task::spawn_local(async move {
        focus(&element);
    });
}
