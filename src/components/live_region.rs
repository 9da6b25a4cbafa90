//! Tells a screen reader that an answer is there, once it is whole; never word by word.

use super::dom::{El, div, effect};
use super::root::Cx;
use crate::i18n::fill;
use crate::state::{EntryStatus, Loading};
use leptos::prelude::*;
use twinchat_protocol::message::Role;

/// So much of an answer is read out; the rest can be walked to.
const READ_CHARS: usize = 600;

pub(crate) fn live_region(cx: Cx) -> El {
    let said = RwSignal::new(String::new());
    let pending = StoredValue::new(String::new());
    let last_key = StoredValue::new(String::new());
    effect(move || {
        let last = cx.s.messages.with(|messages| messages.iter().rev().find(|entry| entry.role == Role::Assistant).cloned());
        let Some(last) = last else { return };
        let author = last.extras.with_untracked(|extras| extras.author.clone());
        // What a person says comes as a whole.
        let is_news = last_key.get_value() != last.key && cx.s.messages_loading.get_untracked() == Loading::Ready;
        last_key.set_value(last.key.clone());
        if is_news && !author.is_empty() {
            pending.set_value(last.key.clone());
        }
        let twin = move || cx.s.twin.with_untracked(|twin| twin.as_ref().map(|twin| twin.name.clone()).unwrap_or_default());
        let name = move || if author.is_empty() { twin() } else { author.clone() };
        match last.status.get() {
            EntryStatus::Waiting(_) | EntryStatus::Streaming => pending.set_value(last.key),
            EntryStatus::Sending | EntryStatus::Uploading(_) => {}
            // Only an answer that was seen coming, not one from the history.
            _ if pending.get_value() != last.key => {}
            EntryStatus::Complete | EntryStatus::Stopped => {
                pending.set_value(String::new());
                let words = last.text.with_untracked(|text| spoken(text));
                said.set([&fill(cx.t.answer_done, &name()), " ", &words].concat());
            }
            EntryStatus::Failed(_) | EntryStatus::Unsent(_) => {
                pending.set_value(String::new());
                said.set(fill(cx.t.answer_failed, &name()));
            }
        }
    });
    div("tc-hidden").attr("aria-live", "polite").attr("aria-atomic", "true").text_fn(move || said.get())
}

/// The beginning of an answer without the signs of its markup.
fn spoken(text: &str) -> String {
    let words: String = text.chars().filter(|c| !matches!(c, '*' | '_' | '`' | '#' | '|' | '>' | '~')).take(READ_CHARS).collect();
    if words.chars().count() < READ_CHARS { words } else { words + "…" }
}
