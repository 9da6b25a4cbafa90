//! Whom to talk to: a list one can search, walk with the arrow keys, and choose from.

use super::avatar::avatar_with_presence;
use super::dom::{El, div, effect, el};
use super::icon::{CHAT, FORWARD, SEARCH, icon};
use super::leaf::Leaf;
use super::parts::{empty_state, failed_state, search_field, skeleton_rows};
use super::root::{Cx, root};
use crate::app::BoxSignal;
use crate::state::Loading;
use leptos::prelude::*;
use twinchat_protocol::twin::Twin;
use wasm_bindgen::JsCast;
use web_sys::{Event, KeyboardEvent, ScrollIntoViewOptions, ScrollLogicalPosition};

/// With at most so many twins there is nothing to search.
const SEARCH_FROM: usize = 6;

/// The twins to choose from. Shows nothing when there is just one: then there is no choice.
#[component]
pub fn TwinPicker() -> impl IntoView {
    Leaf(|| root("tc-column", |cx| div("tc-column").when(move || !has_single_twin(cx), move || twin_picker(cx))))
}

fn has_single_twin(cx: Cx) -> bool {
    cx.s.twins.with(Vec::len) == 1
}

/// What the visitor searches for, and where the arrow keys are.
#[derive(Clone, Copy)]
struct Picking {
    cx: Cx,
    search: BoxSignal<String>,
    active: BoxSignal<Option<usize>>,
}

impl Picking {
    fn found(self) -> Vec<Twin> {
        let wanted = plain(&self.search.get());
        let holds = |text: &str| text.as_bytes().windows(wanted.len()).any(|part| part == wanted.as_bytes());
        let fits = |twin: &&Twin| wanted.is_empty() || holds(&plain(&[twin.name.as_str(), " ", &twin.description].concat()));
        self.cx.s.twins.with(|twins| twins.iter().filter(fits).cloned().collect())
    }

    fn choose(self, at: usize) {
        if let Some(twin) = untrack(move || self.found()).get(at) {
            self.cx.app.choose_twin(twin.id.as_str());
        }
    }
}

/// Lower case without diacritics, so that `tro ly` finds `Trợ lý`.
fn plain(text: &str) -> String {
    let apart: String = js_sys::JsString::from(text).to_lower_case().normalize("NFD").into();
    let base = apart.chars().filter(|c| !('\u{300}'..='\u{36f}').contains(c));
    // Letters that are not put together of others, and the sigma that words end in.
    let same = |c| match c {
        'đ' => 'd',
        'ς' => 'σ',
        c => c,
    };
    base.map(same).collect()
}

fn option_id(at: usize) -> String {
    ["tc-option-", &at.to_string()].concat()
}

pub(crate) fn twin_picker(cx: Cx) -> El {
    let intro = div("tc-picker-intro").child(el("h2", "").text(cx.t.choose_twin)).child(el("p", "").text(cx.t.choose_twin_hint));
    let key = move || {
        let none = cx.s.twins.with(Vec::is_empty);
        match cx.s.twins_loading.get() {
            Loading::Failed(problem) if none => ["failed ", &problem.code, &problem.request_id].concat(),
            Loading::Ready if none => "none".to_owned(),
            _ if none => "busy".to_owned(),
            _ if cx.s.twins.with(Vec::len) >= SEARCH_FROM => "search".to_owned(),
            _ => "list".to_owned(),
        }
    };
    div("tc-picker").attr("part", "twin-picker").slot(key, move |key| {
        Some(match key {
            "none" => empty_state(CHAT, cx.t.no_twins, cx.t.no_twins_hint),
            "busy" => div("tc-scroll").child(intro_again(&intro)).child(skeleton_rows(cx, 4)),
            "search" | "list" => choices(cx, intro_again(&intro), key == "search"),
            _ => match cx.s.twins_loading.get_untracked() {
                Loading::Failed(problem) => failed_state(cx, &problem),
                _ => div(""),
            },
        })
    })
}

fn intro_again(intro: &El) -> El {
    intro.node().clone_node_with_deep(true).map_or_else(|_| intro.clone(), |copy| El::wrap(copy.unchecked_into()))
}

fn choices(cx: Cx, intro: El, searchable: bool) -> El {
    let pick = Picking { cx, search: BoxSignal::new(String::new()), active: BoxSignal::new(None) };
    let listbox = el("div", "tc-options")
        .attr("role", "listbox")
        .attr("id", "tc-twins")
        .attr("tabindex", "0")
        .attr("aria-label", cx.t.twins)
        .list(move || pick.found().iter().enumerate().map(|(at, twin)| option_key(at, twin)).collect(), move |key| option(pick, key));
    let active = move || pick.active.get().map(option_id);
    let column = div("tc-column").on("keydown", move |event| keys(pick, &event));
    let scroll = div("tc-scroll");
    if !searchable {
        let listbox = listbox.attr_fn("aria-activedescendant", active);
        return column.child(scroll.child(intro).child(listbox));
    }
    let (search, field) = search_field(cx.t.search_twins, move |text| {
        pick.active.set((!text.trim().is_empty()).then_some(0));
        pick.search.set(text);
    });
    let _ = El::wrap(field.into())
        .attr("role", "combobox")
        .attr("aria-expanded", "true")
        .attr("aria-controls", "tc-twins")
        .attr_fn("aria-activedescendant", active);
    let nothing = move || pick.found().is_empty();
    let count = el("p", "tc-hidden").attr("role", "status").text_fn(move || {
        let searching = pick.search.with(|text| !text.is_empty());
        if searching { cx.t.results.of(u32::try_from(pick.found().len()).unwrap_or(u32::MAX)) } else { String::new() }
    });
    let scroll = scroll.child(listbox).when(nothing, move || empty_state(SEARCH, cx.t.nothing_found, cx.t.nothing_found_hint));
    column.child(intro).child(search).child(count).child(scroll)
}

fn option_key(at: usize, twin: &Twin) -> String {
    let away = if twin.available { "" } else { "away" };
    [&at.to_string(), " ", twin.id.as_str(), " ", away, &twin.name, &twin.description].concat()
}

fn option(pick: Picking, key: &str) -> Option<El> {
    let at: usize = key.split(' ').next()?.parse().ok()?;
    let twin = pick.found().into_iter().nth(at)?;
    let cx = pick.cx;
    let name = div("tc-option-name").child(el("span", "").attr("dir", "auto").text(&twin.name));
    let name = if twin.available { name } else { name.child(el("span", "tc-option-away").text(cx.t.unavailable)) };
    let about = (!twin.description.is_empty()).then(|| div("tc-option-about").attr("dir", "auto").text(&twin.description));
    let text = div("tc-option-text").child(name).maybe(about);
    let class = if twin.available { "tc-option" } else { "tc-option tc-option--away" };
    let is_active = move || pick.active.get() == Some(at);
    let option = div(class)
        .attr("role", "option")
        .attr("id", &option_id(at))
        .attr_fn("aria-selected", move || Some(is_active().to_string()))
        .class_fn("tc-option--active", is_active)
        .child(avatar_with_presence(cx, &twin, "medium"))
        .child(text)
        .child(icon(FORWARD))
        .click(move || pick.choose(at));
    let node = option.node().clone();
    effect(move || {
        if pick.active.get() == Some(at) && node.is_connected() {
            let into = ScrollIntoViewOptions::new();
            into.set_block(ScrollLogicalPosition::Nearest);
            node.scroll_into_view_with_scroll_into_view_options(&into);
        }
    });
    Some(option)
}

fn keys(pick: Picking, event: &Event) {
    let event: &KeyboardEvent = event.unchecked_ref();
    if event.is_composing() || event.key_code() == 229 {
        return;
    }
    let count = untrack(move || pick.found()).len();
    let active = pick.active.get_untracked();
    let (at, last) = (active.unwrap_or_default(), count.saturating_sub(1));
    let to = match event.key().as_str() {
        "ArrowDown" => active.map_or(0, |at| (at + 1).min(last)),
        "ArrowUp" => at.saturating_sub(1),
        "PageDown" => (at + 5).min(last),
        "PageUp" => at.saturating_sub(5),
        "Home" => 0,
        "End" => last,
        "Enter" if active.is_some() => {
            event.prevent_default();
            return pick.choose(at);
        }
        _ => return,
    };
    event.prevent_default();
    pick.active.set(Some(to));
}
