//! One conversation in the list: opens it; renamed and deleted in place.

use super::avatar::avatar;
use super::dom::{El, button, div, el, focus};
use super::icon::{CHECK, CLOSE, EDIT, MORE, TRASH};
use super::launcher::{badge, badge_text};
use super::menu::menu_button;
use super::parts::{focus_soon, hidden_text, icon_button, text_button};
use super::root::Cx;
use crate::app::BoxSignal;
use crate::i18n::{date_and_time, fill, parse_time};
use std::rc::Rc;
use twinchat_protocol::conversation::{Conversation, MAX_TITLE_CHARS};
use twinchat_protocol::twin::Twin;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlInputElement, KeyboardEvent, Node};

/// Which conversation is being renamed or deleted, by its id; empty: none. Of the list, since rows are drawn anew.
pub(crate) type Edit = BoxSignal<(String, Doing)>;

/// What is being done to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doing {
    Renaming,
    Deleting,
}

impl Doing {
    /// As [`Look::state`] says it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Renaming => "renaming",
            Self::Deleting => "deleting",
        }
    }
}

/// How a row looks beyond its conversation.
pub(crate) struct Look<'a> {
    pub(crate) time: &'a str,
    /// A [`Doing`], `writing`, or empty.
    pub(crate) state: &'a str,
    pub(crate) current: bool,
}

pub(crate) fn row(cx: Cx, conversation: &Conversation, look: &Look<'_>, edit: Edit) -> El {
    let class = match look.state {
        _ if look.current => "tc-row tc-row--current",
        "writing" => "tc-row tc-row--writing",
        _ => "tc-row",
    };
    let row = div(class).attr("data-id", conversation.id.as_str());
    match look.state {
        "renaming" => row.child(rename(cx, conversation, edit)),
        "deleting" => row.child(confirm(cx, conversation, edit)),
        _ => row.child(open(cx, conversation, look.time, look.current)).child(row_menu(cx, conversation, edit)),
    }
}

/// Puts the keyboard focus on a row, once it stands in the page.
pub(crate) fn focus_row(row: &El) {
    if let Some(open) = row.node().query_selector(".tc-row-open").ok().flatten() {
        focus_soon(&El::wrap(open));
    }
}

/// Puts it on what follows a row that is about to go: the next one, or the button below all.
fn focus_after(row: &Element) {
    let list = row.closest(".tc-conversations").ok().flatten();
    let stops = list.and_then(|list| list.query_selector_all(".tc-row-open,.tc-list-foot button").ok());
    let Some(stops) = stops else { return };
    let follows = |stop: &Node| row.compare_document_position(stop) & Node::DOCUMENT_POSITION_FOLLOWING != 0;
    if let Some(next) = (0..stops.length()).filter_map(|at| stops.item(at)).find(follows) {
        focus(next.unchecked_ref());
    }
}

fn done(edit: Edit) {
    edit.update(|edit| edit.0.clear());
}

fn title_of(cx: Cx, conversation: &Conversation) -> String {
    if conversation.title.is_empty() { cx.t.untitled.to_owned() } else { conversation.title.clone() }
}

fn open(cx: Cx, conversation: &Conversation, time: &str, current: bool) -> El {
    let id = conversation.id.clone();
    let twin = cx.s.twins.with(|twins| twins.iter().find(|twin| twin.id == conversation.twin_id).cloned());
    let twin = twin.unwrap_or_else(|| unknown_twin(conversation));
    let moment = parse_time(&conversation.updated_at);
    let stamp =
        el("time", "tc-row-time").attr("datetime", &conversation.updated_at).attr("title", &date_and_time(moment, cx.locale)).text(time);
    let top = div("tc-row-top").child(el("span", "tc-row-title").attr("dir", "auto").text(&title_of(cx, conversation))).child(stamp);
    let last = match (&conversation.active_message_id, &conversation.last_message) {
        (Some(_), _) => cx.t.answering,
        (None, Some(last)) => last,
        (None, None) => &twin.name,
    };
    let text = div("tc-row-text").child(top).child(div("tc-row-last").attr("dir", "auto").text(last));
    let here = id.clone();
    let open = button("tc-row-open")
        .child(avatar(cx, &twin, ""))
        .child(text)
        .slot(move || cx.app.unread_in(here.as_str()).to_string(), move |count| unread(cx, count.parse().unwrap_or_default()))
        .click(move || cx.app.open_conversation(id.as_str()));
    if current { open.attr("aria-current", "true") } else { open }
}

/// How many answers have come here; nothing for none.
fn unread(cx: Cx, count: u32) -> Option<El> {
    Some(el("span", "tc-row-unread").child(badge(&badge_text(count))?).child(hidden_text(&cx.t.unread.of(count))))
}

/// A twin that is no longer listed still has its conversations.
fn unknown_twin(conversation: &Conversation) -> Twin {
    Twin {
        id: conversation.twin_id.clone(),
        name: String::new(),
        description: String::new(),
        avatar_url: None,
        available: false,
        starters: Vec::new(),
        capabilities: twinchat_protocol::twin::Capabilities::default(),
    }
}

fn row_menu(cx: Cx, conversation: &Conversation, edit: Edit) -> El {
    let label = fill(cx.t.conversation_actions, &title_of(cx, conversation));
    let id = conversation.id.clone();
    menu_button(cx, MORE, &label, move |menu| {
        let [one, other] = [Doing::Renaming, Doing::Deleting].map(|doing| {
            let id = id.as_str().to_owned();
            move || edit.set((id.clone(), doing))
        });
        vec![menu.item(EDIT, cx.t.rename, one), menu.item(TRASH, cx.t.delete, other)]
    })
}

fn rename(cx: Cx, conversation: &Conversation, edit: Edit) -> El {
    let field = el("input", "").attr("aria-label", cx.t.new_title).attr("maxlength", &MAX_TITLE_CHARS.to_string()).attr("dir", "auto");
    let input: HtmlInputElement = field.node().clone().unchecked_into();
    input.set_value(&conversation.title);
    let (id, before, node) = (conversation.id.clone(), conversation.title.clone(), input.clone());
    let save = Rc::new(move || {
        let title = node.value();
        let title = title.trim();
        if !title.is_empty() && title != before {
            cx.app.rename_conversation(id.as_str(), title);
        }
        done(edit);
    });
    let on_enter = save.clone();
    let field = field.on("keydown", move |event| {
        let key: &KeyboardEvent = event.unchecked_ref();
        if key.is_composing() || key.key_code() == 229 {
            return;
        }
        match key.key().as_str() {
            "Enter" => on_enter(),
            "Escape" => done(edit),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    });
    focus_soon(&field);
    leptos::task::spawn_local(async move { input.select() });
    let keep = icon_button(CHECK, cx.t.save, move || save());
    let leave = icon_button(CLOSE, cx.t.cancel, move || done(edit));
    div("tc-row-edit").child(field).child(keep).child(leave)
}

fn confirm(cx: Cx, conversation: &Conversation, edit: Edit) -> El {
    let question = fill(cx.t.delete_question, &title_of(cx, conversation));
    let id = conversation.id.clone();
    let cancel = text_button("small", cx.t.cancel, move || done(edit));
    let question_box = div("tc-row-confirm").attr("role", "alertdialog").attr("aria-label", &question);
    let node = question_box.node().clone();
    let delete = text_button("small danger", cx.t.delete, move || {
        focus_after(&node);
        cx.app.delete_conversation(id.as_str());
    });
    focus_soon(&cancel);
    let actions = div("tc-row-actions").child(cancel).child(delete);
    question_box.child(el("p", "").text(&question)).child(actions).on("keydown", move |event| {
        if event.unchecked_ref::<KeyboardEvent>().key() == "Escape" {
            event.stop_propagation();
            done(edit);
        }
    })
}
