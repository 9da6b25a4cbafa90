//! The panel: header, banner, one screen, and the frame's behaviour (dialog, focus, phones).

use super::attachments::accept_drops;
use super::composer::composer;
use super::conversation_list::{conversations, sidebar};
use super::dom::{El, div, effect, el, focus, listen};
use super::header::header;
use super::icon::CHAT;
use super::leaf::Leaf;
use super::message_list::message_list;
use super::notice::banner_place;
use super::offer::{offer, offer_key};
use super::parts::empty_state;
use super::rare;
use super::root::{Cx, focused, follow_viewport, media, root};
use super::search::search;
use super::twin_picker::twin_picker;
use crate::app::{BoxSignal, Mode};
use crate::state::Screen;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlElement, KeyboardEvent};

/// When a bubble's panel covers the screen; the same as in `style/panel.css`.
const PHONE: &str = "(max-width:480px),(max-height:480px)";

/// What the keyboard can reach.
const FOCUSABLE: &str = "button:not([disabled]),input,textarea,a[href],[tabindex='0']";

/// Header, screens and composer. In a bubble a dialog that shows while the app is open.
#[component]
pub fn ChatPanel() -> impl IntoView {
    Leaf(|| root("tc-whole", panel))
}

pub(crate) fn panel(cx: Cx) -> El {
    let panel = el("section", "tc-panel").attr("part", "panel").attr("tabindex", "-1").attr_fn("aria-label", move || Some(name(cx)));
    let panel = lead_focus(cx, if cx.mode() == Mode::Bubble { dialog(cx, panel) } else { panel });
    let page = cx.mode() == Mode::Page;
    let main = div("tc-main").child(header(cx));
    let main = rare::slot(cx, banner_place(cx, main), move || offer_key(cx), move |_| offer(cx))
        .slot(move || screen_key(cx.s.screen.get()), move |_| Some(screen(cx)));
    panel.child(div("tc-body").maybe(page.then(|| sidebar(cx))).child(main))
}

fn name(cx: Cx) -> String {
    cx.s.twin.with(|twin| twin.as_ref().map_or_else(|| cx.title(), |twin| twin.name.clone()))
}

fn screen_key(screen: Screen) -> String {
    let key = match screen {
        Screen::Twins => "twins",
        Screen::Conversations => "conversations",
        Screen::Chat => "chat",
    };
    key.to_owned()
}

fn screen(cx: Cx) -> El {
    match cx.s.screen.get() {
        Screen::Twins => twin_picker(cx),
        Screen::Chat => {
            let searching = move || cx.s.search.with(Option::is_some);
            // What the search lies over is not to be reached behind it.
            let below = [message_list(cx), composer(cx)].map(|below| below.flag("inert", searching));
            rare::when(cx, accept_drops(cx, div("tc-main").children(below)), searching, move || search(cx))
        }
        Screen::Conversations if cx.mode() == Mode::Page => {
            // Where there is room, the list stands beside this and not in it.
            let beside = empty_state(CHAT, cx.t.conversations, cx.t.no_conversations_hint).attr("data-wide", "");
            div("tc-main").child(conversations(cx).attr("data-narrow", "")).child(beside)
        }
        Screen::Conversations => conversations(cx),
    }
}

/// What a bubble's panel does beyond showing things.
fn dialog(cx: Cx, panel: El) -> El {
    let node = panel.html();
    follow_viewport(node.clone());
    let modal = BoxSignal::new(media(PHONE));
    let covers = move || cx.s.options.with(|options| options.covers(media(PHONE)));
    listen(&window(), "resize", move |_| modal.set(covers()));
    effect(move || modal.set(covers()));
    panel
        .attr("role", "dialog")
        .attr_fn("aria-modal", move || modal.get().then(|| "true".to_owned()))
        .flag("hidden", move || !cx.s.open.get())
        .on("keydown", move |event| keys(cx, &event, &node, modal.get_untracked()))
}

/// Keeps the keyboard focus where the visitor types, from opening on and from screen to screen,
/// for as long as it is in the panel at all.
fn lead_focus(cx: Cx, panel: El) -> El {
    let node = panel.html();
    let mut was_open = cx.mode() != Mode::Bubble;
    effect(move || {
        let open = cx.s.open.get();
        // What there is to type in comes with these. This runs before they are drawn, while what
        // has the focus is still there.
        cx.s.screen.track();
        cx.s.twins_loading.track();
        cx.s.messages_loading.track();
        // A panel that came back with the page takes the focus from nobody.
        let opened = open && !was_open && !cx.app.came_back();
        was_open = open;
        let here = || focused(&node).is_some_and(|at| node.contains(Some(&at)));
        if opened || open && here() {
            focus_inside(cx, node.clone(), opened);
        }
    });
    panel
}

/// On touch screens the focus goes to the panel, since the keyboard would cover half of it unasked.
fn focus_inside(cx: Cx, panel: HtmlElement, opened: bool) {
    leptos::task::spawn_local(async move {
        // What the visitor is using meanwhile stays with them; a part that is gone has lost the focus.
        let busy = focused(&panel).is_some_and(|at| at != *panel && panel.contains(Some(&at)));
        if !cx.s.open.get_untracked() || busy && !opened {
            return;
        }
        let field = panel.query_selector(".tc-main :is(textarea,[role=combobox],[role=listbox])").ok().flatten();
        match field.filter(|_| !media("(pointer:coarse)")) {
            Some(field) => focus(field.unchecked_ref()),
            None => focus(&panel),
        }
    });
}

fn keys(cx: Cx, event: &Event, panel: &HtmlElement, modal: bool) {
    let event: &KeyboardEvent = event.unchecked_ref();
    if event.is_composing() || event.default_prevented() {
        return;
    }
    match event.key().as_str() {
        "Escape" => {
            event.stop_propagation();
            cx.app.close();
        }
        "Tab" if modal => keep_focus_inside(event, panel),
        _ => {}
    }
}

/// A panel over the whole screen leaves nothing else to go to: from the last to the first and back.
fn keep_focus_inside(event: &KeyboardEvent, panel: &Element) {
    let Ok(found) = panel.query_selector_all(FOCUSABLE) else { return };
    let reachable = (0..found.length()).filter_map(|at| found.item(at)).filter_map(|node| node.dyn_into::<HtmlElement>().ok());
    let reachable: Vec<HtmlElement> = reachable.filter(|element| element.tab_index() >= 0 && element.offset_parent().is_some()).collect();
    let (Some(first), Some(last)) = (reachable.first(), reachable.last()) else { return };
    let (edge, other) = if event.shift_key() { (first, last) } else { (last, first) };
    let at = focused(panel);
    if at.as_ref() == Some(edge.as_ref()) || at.as_ref() == Some(panel) {
        event.prevent_default();
        focus(other);
    }
}
