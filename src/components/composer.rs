//! Where the visitor writes.
//!
//! Enter sends only when it is not part of composing a character. Three things say that it is: the
//! event's `isComposing`, key code 229 (Safari ends the composition before it reports the Enter
//! that ended it), and our own note of the composition events.

use super::attachments::{attach_button, attachments, files_in};
use super::dom::{El, button, div, effect, el, focus, next_frame};
use super::icon::{SEND, STOP, icon};
use super::leaf::Leaf;
use super::message_list::{is_shared, shared_sign};
use super::notice::{notice, notice_key};
use super::quote::quoting;
use super::rare;
use super::root::{Cx, media, root, set_style};
use crate::i18n::fill;
use crate::state::Connection;
use leptos::prelude::*;
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{ClipboardEvent, Event, HtmlElement, HtmlTextAreaElement, KeyboardEvent};

/// When the owner's settings have not come yet; the proxy's own default.
const DEFAULT_LIMIT: u32 = 8000;

/// The text field with its send (or stop) button, the notice above and the small print below.
#[component]
pub fn Composer() -> impl IntoView {
    Leaf(|| root("", composer))
}

/// What the text field knows besides its text.
#[derive(Clone)]
struct Field {
    cx: Cx,
    node: HtmlTextAreaElement,
    composing: Rc<Cell<bool>>,
}

pub(crate) fn composer(cx: Cx) -> El {
    let text = el("textarea", "")
        .attr("rows", "1")
        .attr("part", "input")
        .attr("dir", "auto")
        .attr("autocomplete", "off")
        .attr("enterkeyhint", if breaks_lines() { "enter" } else { "send" })
        .attr("aria-describedby", "tc-composer-foot")
        .attr_fn("aria-label", move || Some(placeholder(cx)))
        .attr_fn("placeholder", move || Some(placeholder(cx)));
    let field = Field { cx, node: text.node().clone().unchecked_into(), composing: Rc::default() };
    let text = wire(&field, text);
    field.follow_draft();
    field.follow_focus_requests();
    let press = field.clone();
    let whole = field.node.clone();
    let stoppable = move || cx.s.twin.with(|twin| twin.as_ref().is_none_or(|twin| twin.capabilities.stop));
    let send = move || cx.s.replying.get() && stoppable();
    let boxed = div("tc-composer-box")
        .attr("part", "composer")
        .class_fn("tc-takes-files", move || cx.app.takes_files())
        .when(move || cx.app.takes_files(), move || attach_button(cx))
        .child(text)
        .slot(
            move || send().to_string(),
            move |replying| Some(if replying == "true" { stop_button(press.clone()) } else { send_button(press.clone()) }),
        )
        .on("pointerdown", move |event| {
            // A press beside the text is meant for the text.
            if event.target() == event.current_target() {
                event.prevent_default();
                focus(&whole);
            }
        });
    let quote = move || cx.s.quote.with(|quote| quote.as_ref().map(|quote| quote.message_id.to_string()).unwrap_or_default());
    let inner = div("tc-composer-inner")
        .slot(move || notice_key(cx), move |_| notice(cx))
        .when(move || is_shared(cx), move || shared_sign(cx, "tc-shared"));
    let inner = rare::slot(cx, inner, quote, move |_| quoting(cx)).child(attachments(cx)).child(boxed).child(foot(cx));
    div("tc-composer").child(inner)
}

fn wire(field: &Field, text: El) -> El {
    let (input, key, cx) = (field.clone(), field.clone(), field.cx);
    let (begin, end) = (field.composing.clone(), field.clone());
    text.on("input", move |_| input.typed())
        .on("compositionstart", move |_| begin.set(true))
        .on("compositionend", move |_| {
            end.composing.set(false);
            end.typed();
        })
        .on("keydown", move |event| key.key(&event))
        .on("paste", move |event| paste(cx, &event))
}

/// Pasted files go with the message. What is text as well, such as cells of a table, is pasted as text.
fn paste(cx: Cx, event: &Event) {
    let data = event.unchecked_ref::<ClipboardEvent>().clipboard_data();
    let text = data.as_ref().and_then(|data| data.get_data("text/plain").ok()).unwrap_or_default();
    let files = files_in(data);
    if text.is_empty() && !files.is_empty() && untrack(|| cx.app.takes_files()) {
        event.prevent_default();
        cx.app.attach(files);
    }
}

impl Field {
    fn typed(&self) {
        self.cx.app.set_draft(&self.node.value());
        self.grow();
    }

    fn key(&self, event: &Event) {
        let event: &KeyboardEvent = event.unchecked_ref();
        let composing = self.composing.get() || event.is_composing() || event.key_code() == 229;
        if event.key() != "Enter" || composing || event.shift_key() || event.alt_key() {
            return;
        }
        if breaks_lines() && !event.ctrl_key() && !event.meta_key() {
            return;
        }
        event.prevent_default();
        if !event.repeat() {
            self.send();
        }
    }

    fn send(&self) {
        // What stands in the field is what is sent, also when the last word was still being composed.
        self.cx.app.set_draft(&self.node.value());
        if untrack(|| can_send(self.cx)) {
            self.cx.app.send();
        }
    }

    /// As many lines as it takes, up to the six the stylesheet allows.
    fn grow(&self) {
        let element: HtmlElement = self.node.clone().into();
        set_style(&element, "height", "0");
        let wanted = element.scroll_height();
        set_style(&element, "height", &[&wanted.to_string(), "px"].concat());
        set_style(&element, "overflow-y", if wanted > element.client_height() + 1 { "auto" } else { "hidden" });
    }

    /// The draft changes from outside: sent, restored, another conversation's, the host page's.
    fn follow_draft(&self) {
        let field = self.clone();
        effect(move || {
            let draft = field.cx.s.draft.get();
            if !field.composing.get() && field.node.value() != draft {
                field.node.set_value(&draft);
                let field = field.clone();
                next_frame(move || field.grow());
            }
        });
    }

    fn follow_focus_requests(&self) {
        let field = self.clone();
        let seen = Cell::new(self.cx.s.focus_request.get_untracked());
        effect(move || {
            let request = field.cx.s.focus_request.get();
            if seen.replace(request) != request {
                focus(&field.node);
            }
        });
    }
}

/// On touch screens Enter is the only key for a new line, and the send button is under the thumb.
fn breaks_lines() -> bool {
    media("(pointer:coarse) and (hover:none)")
}

fn placeholder(cx: Cx) -> String {
    cx.s.twin.with(|twin| match twin {
        Some(twin) => fill(cx.t.write_to, &twin.name),
        None => cx.t.write.to_owned(),
    })
}

fn limit(cx: Cx) -> u32 {
    match cx.s.settings.with(|settings| settings.max_message_chars) {
        0 => DEFAULT_LIMIT,
        limit => limit,
    }
}

/// Characters left; below zero when there are too many.
fn left(cx: Cx) -> i64 {
    let used = cx.s.draft.with(|draft| draft.trim().chars().count());
    i64::from(limit(cx)) - i64::try_from(used).unwrap_or(i64::MAX)
}

fn can_send(cx: Cx) -> bool {
    let blank = cx.s.draft.with(|draft| draft.trim().is_empty()) && cx.s.attachments.with(Vec::is_empty);
    !blank && left(cx) >= 0 && !cx.s.replying.get() && cx.s.twin.with(|twin| twin.as_ref().is_none_or(|twin| twin.available))
}

fn send_button(field: Field) -> El {
    let cx = field.cx;
    button("tc-send")
        .attr("part", "send")
        .attr("aria-label", cx.t.send)
        .attr("title", cx.t.send)
        .flag("disabled", move || !can_send(cx))
        .child(icon(SEND))
        .click(move || {
            field.send();
            focus(&field.node);
        })
}

fn stop_button(field: Field) -> El {
    let cx = field.cx;
    button("tc-send tc-send--stop").attr("part", "stop").attr("aria-label", cx.t.stop).attr("title", cx.t.stop).child(icon(STOP)).click(
        move || {
            cx.app.stop();
            // This button is about to go; the focus must not fall out of the panel with it.
            if !media("(pointer:coarse)") {
                focus(&field.node);
            }
        },
    )
}

/// Why one cannot send, how much room is left, the owner's small print: whichever matters first.
fn foot(cx: Cx) -> El {
    let room = move || {
        let left = left(cx);
        let near = i64::from(limit(cx) / 10).min(200);
        (left <= near).then_some(left)
    };
    let reason = move || {
        let away = cx.s.twin.with(|twin| twin.as_ref().is_some_and(|twin| !twin.available));
        if away {
            cx.t.composer_unavailable.to_owned()
        } else if cx.s.connection.get() == Connection::Offline {
            cx.t.composer_offline.to_owned()
        } else if cx.s.replying.get() && cx.s.draft.with(|draft| !draft.trim().is_empty()) {
            cx.t.composer_busy.to_owned()
        } else if room().is_some() {
            String::new()
        } else {
            cx.s.settings.with(|settings| settings.disclaimer.clone())
        }
    };
    let count = move || match room() {
        None => String::new(),
        Some(left @ 0..) => cx.t.characters_left.of(u32::try_from(left).unwrap_or_default()),
        Some(over) => cx.t.characters_over.of(u32::try_from(-over).unwrap_or(u32::MAX)),
    };
    let counter = el("span", "tc-counter").class_fn("tc-counter--over", move || left(cx) < 0).text_fn(count);
    div("tc-composer-foot")
        .attr("id", "tc-composer-foot")
        .flag("hidden", move || reason().is_empty() && room().is_none())
        .child(el("span", "").attr("role", "status").text_fn(reason))
        .child(counter)
}
