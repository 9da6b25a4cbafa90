//! The visitor's conversations, grouped by day.

use super::conversation_row::{Doing, Edit, Look, focus_row, row};
use super::dom::{El, div, el, listen};
use super::header::new_button;
use super::icon::{CHAT, COMPOSE, SEARCH, icon};
use super::leaf::Leaf;
use super::parts::{empty_state, failed_state, search_field, skeleton_rows, text_button};
use super::rare;
use super::root::{Cx, root};
use crate::app::BoxSignal;
use crate::i18n::{group_name, parse_time, short_time};
use crate::state::Loading;
use leptos::prelude::*;
use std::cell::RefCell;
use std::rc::Rc;
use twinchat_protocol::conversation::Conversation;

/// So near to the list's end (in pixels) the next page is fetched.
const NEAR_END: i32 = 240;

/// The visitor's conversations: search, open, rename, delete, endless.
#[component]
pub fn ConversationList() -> impl IntoView {
    Leaf(|| root("tc-column", conversations))
}

/// The list at the side of a wide page.
pub(crate) fn sidebar(cx: Cx) -> El {
    let title = el("span", "").text_fn(move || cx.title());
    let head = div("tc-sidebar-head").child(title).child(new_button(cx));
    el("aside", "tc-sidebar").attr("part", "sidebar").attr("aria-label", cx.t.conversations).child(head).child(conversations(cx))
}

/// The list, whose code comes when it is first shown.
pub(crate) fn conversations(cx: Cx) -> El {
    rare::screen(cx, move || conversation_list(cx))
}

fn conversation_list(cx: Cx) -> El {
    let searched = BoxSignal::new(false);
    let has_any = move || searched.get() || cx.s.conversations.with(|list| !list.is_empty());
    let search = move || {
        let (field, _) = search_field(cx.t.search_conversations, move |text| {
            searched.set(!text.trim().is_empty());
            cx.app.search_conversations(&text);
        });
        field
    };
    let start = move || {
        let label = el("span", "").text(cx.t.new_conversation);
        let button = text_button("primary", "", move || cx.app.new_conversation()).child(icon(COMPOSE)).child(label);
        div("tc-list-foot").child(button)
    };
    div("tc-conversations").attr("part", "conversation-list").when(has_any, search).child(scroll(cx, searched)).child(start())
}

fn scroll(cx: Cx, searched: BoxSignal<bool>) -> El {
    let edit: Edit = BoxSignal::new((String::new(), Doing::Renaming));
    let scroll = div("tc-scroll tc-column");
    let (inside, focused) = (scroll.node().clone(), Rc::new(RefCell::new(String::new())));
    let had = focused.clone();
    let keys = move || {
        // Asked before any row is drawn anew: the focus stays with its conversation.
        let row = inside.query_selector(".tc-row:focus-within").ok().flatten();
        focused.replace(row.and_then(|row| row.get_attribute("data-id")).unwrap_or_default());
        keys(cx, edit)
    };
    let scroll = scroll.list(keys, move |key| draw(cx, edit, key, &had.borrow()));
    let scroll = scroll.slot(move || standing(cx, searched.get()), move |standing| foot(cx, standing));
    let node = scroll.node().clone();
    let at = node.clone();
    listen(&node, "scroll", move |_| {
        let left = at.scroll_height() - at.scroll_top() - at.client_height();
        if left < NEAR_END && cx.s.conversations_more.get_untracked() && cx.s.conversations_loading.get_untracked() == Loading::Ready {
            cx.app.load_more_conversations();
        }
    });
    scroll
}

/// One key per row and heading. A key holds everything its row shows, so a row is drawn anew
/// exactly when something in it changes.
fn keys(cx: Cx, edit: Edit) -> Vec<String> {
    let now = cx.s.now.get();
    let (edited, doing) = edit.get();
    let current = cx.s.conversation.with(|open| open.as_ref().map(|open| open.id.clone()));
    let mut keys = Vec::new();
    let mut last_group = String::new();
    cx.s.conversations.with(|list| {
        for conversation in list {
            let time = parse_time(&conversation.updated_at);
            let group = group_name(time, now, cx.locale);
            if group != last_group {
                keys.push(["day\n", &group].concat());
                last_group = group;
            }
            let current = current.as_ref() == Some(&conversation.id);
            keys.push(if conversation.id.as_str() == edited {
                // Whatever comes meanwhile, what is being typed stays.
                [&edited, "\n\n\n", doing.name()].concat()
            } else {
                row_key(cx, conversation, &short_time(time, now, cx.locale), current)
            });
        }
    });
    keys
}

fn row_key(cx: Cx, conversation: &Conversation, time: &str, current: bool) -> String {
    let twin = cx.s.twins.with(|twins| twins.iter().find(|twin| twin.id == conversation.twin_id).map(|twin| twin.name.clone()));
    let writing = if conversation.active_message_id.is_some() { "writing" } else { "" };
    let current = if current { "current" } else { "" };
    let last = conversation.last_message.as_deref().unwrap_or_default();
    let twin = twin.unwrap_or_default();
    [conversation.id.as_str(), &twin, time, writing, current, &conversation.title, last].join("\n")
}

fn draw(cx: Cx, edit: Edit, key: &str, focused: &str) -> Option<El> {
    let mut parts = key.split('\n');
    let id = parts.next()?;
    if id == "day" {
        return Some(el("h3", "tc-group-title").text(parts.next()?));
    }
    let conversation = cx.s.conversations.with(|list| list.iter().find(|conversation| conversation.id.as_str() == id).cloned())?;
    let (time, state) = (parts.nth(1)?, parts.next()?);
    let row = row(cx, &conversation, &Look { time, state, current: parts.next() == Some("current") }, edit);
    if focused == id && edit.with_untracked(|(edited, _)| edited != id) {
        focus_row(&row);
    }
    Some(row)
}

/// What stands below the rows, or in their place.
fn standing(cx: Cx, searched: bool) -> String {
    let none = cx.s.conversations.with(Vec::is_empty);
    let key = match cx.s.conversations_loading.get() {
        Loading::Failed(problem) => return ["failed ", &problem.code, &problem.request_id].concat(),
        Loading::Ready if none && searched => "nothing",
        Loading::Ready if none => "none",
        Loading::Ready if cx.s.conversations_more.get() => "more",
        Loading::Ready => "",
        Loading::Busy | Loading::Idle if none => "busy",
        Loading::Busy => "more-busy",
        Loading::Idle => "",
    };
    key.to_owned()
}

fn foot(cx: Cx, standing: &str) -> Option<El> {
    Some(match standing {
        "" => return None,
        "busy" => skeleton_rows(cx, 6),
        "none" => empty_state(CHAT, cx.t.no_conversations, cx.t.no_conversations_hint),
        "nothing" => empty_state(SEARCH, cx.t.nothing_found, cx.t.nothing_found_hint),
        "more" => div("tc-more").child(text_button("small", cx.t.load_more, move || cx.app.load_more_conversations())),
        "more-busy" => div("tc-more").child(div("tc-spinner")),
        _ => match cx.s.conversations_loading.get_untracked() {
            Loading::Failed(problem) => failed_state(cx, &problem),
            _ => return None,
        },
    })
}
