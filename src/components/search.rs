//! Search in the open conversation: what was found, and the way to it.

use super::dom::{El, button, div, el};
use super::icon::{CLOSE, SEARCH};
use super::parts::{empty_state, failed_state, focus_soon, icon_button, search_field, skeleton_rows, text_button};
use super::root::Cx;
use crate::app::Search;
use crate::i18n::short_time;
use crate::state::Loading;
use crate::state::find::Hit;
use wasm_bindgen::JsCast;
use web_sys::KeyboardEvent;

/// The field and what was found, in place of the messages.
pub(crate) fn search(cx: Cx) -> El {
    let (field, input) = search_field(cx.t.search_messages, move |text| cx.app.search_messages(&text));
    input.set_value(&current(cx).text);
    focus_soon(&El::wrap(input.into()));
    let head = div("tc-find-head").child(field).child(icon_button(CLOSE, cx.t.close_search, move || close(cx)));
    let count = el("p", "tc-hidden").attr("role", "status").text_fn(move || match current(cx) {
        Search { loading: Loading::Ready, hits, .. } => cx.t.results.of(u32::try_from(hits.len()).unwrap_or(u32::MAX)),
        _ => String::new(),
    });
    let list = el("ul", "tc-scroll tc-hits")
        .list(move || keys(cx), move |key| draw(cx, key))
        .slot(move || standing(&current(cx)), move |standing| foot(cx, standing));
    div("tc-find").attr("role", "search").attr("aria-label", cx.t.search_messages).child(head).child(count).child(list).on(
        "keydown",
        move |event| {
            if event.unchecked_ref::<KeyboardEvent>().key() == "Escape" {
                event.prevent_default();
                event.stop_propagation();
                close(cx);
            }
        },
    )
}

fn close(cx: Cx) {
    cx.app.close_search();
    cx.app.focus_composer();
}

fn current(cx: Cx) -> Search {
    cx.s.search.get().unwrap_or_default()
}

fn keys(cx: Cx) -> Vec<String> {
    cx.s.search.with(|search| search.iter().flat_map(|search| &search.hits).map(|hit| hit.message_id.clone()).collect())
}

fn draw(cx: Cx, id: &str) -> Option<El> {
    let hit: Hit =
        cx.s.search.with_untracked(|search| search.iter().flat_map(|search| &search.hits).find(|hit| hit.message_id == id).cloned())?;
    let twin = cx.s.twin.with_untracked(|twin| twin.as_ref().map(|twin| twin.name.clone()).unwrap_or_default());
    let who = if hit.own { cx.t.you } else { &twin };
    let top = div("tc-row-top")
        .child(el("span", "tc-row-title").attr("dir", "auto").text(who))
        .child(el("span", "tc-row-time").text(&short_time(hit.created_at, cx.s.now.get_untracked(), cx.locale)));
    let words = div("tc-hit-text").attr("dir", "auto").text(&hit.before).child(el("mark", "").text(&hit.found)).text(&hit.after);
    let go = button("tc-hit").child(top).child(words).click(move || {
        cx.app.close_search();
        cx.app.go_to(&hit.message_id);
    });
    Some(el("li", "").child(go))
}

/// What stands below what was found, or in its place.
fn standing(search: &Search) -> String {
    let key = match &search.loading {
        Loading::Idle => "hint",
        Loading::Busy if search.hits.is_empty() => "busy",
        Loading::Busy => "more-busy",
        Loading::Failed(problem) => return ["failed ", &problem.code, &problem.request_id].concat(),
        Loading::Ready if search.hits.is_empty() => "nothing",
        Loading::Ready if search.more => "more",
        Loading::Ready => "",
    };
    key.to_owned()
}

fn foot(cx: Cx, standing: &str) -> Option<El> {
    let foot = match standing {
        "" => return None,
        "hint" => empty_state(SEARCH, cx.t.search_messages, cx.t.search_messages_hint),
        "busy" => skeleton_rows(cx, 4),
        "nothing" => empty_state(SEARCH, cx.t.nothing_found, cx.t.nothing_found_hint),
        "more" => div("tc-more").child(text_button("small", cx.t.load_more, move || cx.app.search_on())),
        "more-busy" => div("tc-more").child(div("tc-spinner")),
        _ => match current(cx).loading {
            Loading::Failed(problem) => failed_state(cx, &problem),
            _ => return None,
        },
    };
    Some(el("li", "").child(foot))
}
