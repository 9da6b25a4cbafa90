//! One conversation in the list: opens it; renamed and deleted in place.

use super::avatar::avatar;
use super::dom::{El, button, div, el};
use super::icon::{CHECK, CLOSE, EDIT, MORE, TRASH};
use super::menu::menu_button;
use super::parts::{focus_soon, icon_button, text_button};
use super::root::Cx;
use crate::app::BoxSignal;
use crate::i18n::{date_and_time, fill, parse_time};
use std::rc::Rc;
use twinchat_protocol::conversation::{Conversation, MAX_TITLE_CHARS};
use twinchat_protocol::twin::Twin;
use wasm_bindgen::JsCast;
use web_sys::{HtmlInputElement, KeyboardEvent};

/// What a row is being used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doing {
    Showing,
    Renaming,
    Deleting,
}

pub(crate) fn row(cx: Cx, conversation: &Conversation, time: &str, current: bool) -> El {
    let doing = BoxSignal::new(Doing::Showing);
    let writing = conversation.active_message_id.is_some();
    let conversation: Rc<Conversation> = conversation.clone().into();
    let time: Rc<str> = time.into();
    let class = match (current, writing) {
        (true, _) => "tc-row tc-row--current",
        (false, true) => "tc-row tc-row--writing",
        (false, false) => "tc-row",
    };
    let key = move || match doing.get() {
        Doing::Showing => "showing".to_owned(),
        Doing::Renaming => "renaming".to_owned(),
        Doing::Deleting => "deleting".to_owned(),
    };
    let actions = conversation.clone();
    div(class)
        .slot(key, move |key| {
            Some(match key {
                "renaming" => rename(cx, &conversation, doing),
                "deleting" => confirm(cx, &conversation, doing),
                _ => open(cx, &conversation, &time, current),
            })
        })
        .when(move || doing.get() == Doing::Showing, move || row_menu(cx, &actions, doing))
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
    let open = button("tc-row-open").child(avatar(cx, &twin, "")).child(text).click(move || cx.app.open_conversation(id.as_str()));
    if current { open.attr("aria-current", "true") } else { open }
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

fn row_menu(cx: Cx, conversation: &Conversation, doing: BoxSignal<Doing>) -> El {
    let label = fill(cx.t.conversation_actions, &title_of(cx, conversation));
    menu_button(MORE, &label, move |menu| {
        vec![
            menu.item(EDIT, cx.t.rename, move || doing.set(Doing::Renaming)),
            menu.item(TRASH, cx.t.delete, move || doing.set(Doing::Deleting)),
        ]
    })
}

fn rename(cx: Cx, conversation: &Conversation, doing: BoxSignal<Doing>) -> El {
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
        doing.set(Doing::Showing);
    });
    let on_enter = save.clone();
    let field = field.on("keydown", move |event| {
        let key: &KeyboardEvent = event.unchecked_ref();
        if key.is_composing() || key.key_code() == 229 {
            return;
        }
        match key.key().as_str() {
            "Enter" => on_enter(),
            "Escape" => doing.set(Doing::Showing),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    });
    focus_soon(&field);
    leptos::task::spawn_local(async move { input.select() });
    let keep = icon_button(CHECK, cx.t.save, move || save());
    let leave = icon_button(CLOSE, cx.t.cancel, move || doing.set(Doing::Showing));
    div("tc-row-edit").child(field).child(keep).child(leave)
}

fn confirm(cx: Cx, conversation: &Conversation, doing: BoxSignal<Doing>) -> El {
    let question = fill(cx.t.delete_question, &title_of(cx, conversation));
    let id = conversation.id.clone();
    let cancel = text_button("small", cx.t.cancel, move || doing.set(Doing::Showing));
    let delete = text_button("small danger", cx.t.delete, move || cx.app.delete_conversation(id.as_str()));
    focus_soon(&cancel);
    let actions = div("tc-row-actions").child(cancel).child(delete);
    div("tc-row-confirm").attr("role", "alertdialog").attr("aria-label", &question).child(el("p", "").text(&question)).child(actions).on(
        "keydown",
        move |event| {
            if event.unchecked_ref::<KeyboardEvent>().key() == "Escape" {
                event.stop_propagation();
                doing.set(Doing::Showing);
            }
        },
    )
}
