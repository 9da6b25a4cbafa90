//! Tells a screen reader of an answer as the visitor has chosen: once it is whole, by sentence, or not at all; never
//! word by word. That there is no answer is always told.

use super::dom::{El, div, effect, el};
use super::root::Cx;
use crate::app::{Announce, MessageEntry};
use crate::i18n::fill;
use crate::state::EntryStatus;
use leptos::prelude::*;
use std::cell::{Cell, RefCell};
use twinchat_protocol::message::Role;

/// So much of an answer is read out at once; the rest can be walked to.
const READ_CHARS: usize = 600;

/// The answer that is told of.
#[derive(Default)]
struct Telling {
    /// The conversation, and whether it had any message.
    shown: RefCell<(String, bool)>,
    /// The last answer there is.
    key: RefCell<String>,
    /// Whether it was seen coming: one from the history is not told.
    coming: Cell<bool>,
    /// How many bytes of it have been told.
    told: Cell<usize>,
}

pub(crate) fn live_region(cx: Cx) -> El {
    // What is added is read out, each once, also when the same is said twice.
    let region = div("tc-hidden").attr("aria-live", "polite").attr("aria-atomic", "false").attr("aria-relevant", "additions");
    let place = region.clone();
    let telling = Telling::default();
    effect(move || {
        let is_assistant = |entry: &&MessageEntry| entry.role == Role::Assistant;
        let (any, last) = cx.s.messages.with(|messages| (!messages.is_empty(), messages.iter().rev().find(is_assistant).cloned()));
        let continues = telling.continues(cx, any);
        let Some(last) = last else { return };
        let author = last.extras.with_untracked(|extras| extras.author.clone());
        if *telling.key.borrow() != last.key {
            // What a person says comes as a whole.
            telling.coming.set(!author.is_empty() && continues);
            telling.told.set(0);
            telling.key.replace(last.key.clone());
        }
        let words = telling.hear(cx, &last, &author);
        let _ = place.clone().maybe(words.map(|words| el("p", "").text(&words)));
    });
    region
}

impl Telling {
    /// Whether what there is now goes on from what there was, and is not another conversation or the first of its pages.
    fn continues(&self, cx: Cx, any: bool) -> bool {
        let id = cx.s.conversation.with_untracked(|open| open.as_ref().map(|open| open.id.to_string()).unwrap_or_default());
        let (before, had_any) = self.shown.replace((id.clone(), any));
        had_any && (before.is_empty() || before == id)
    }

    /// What is to be said now.
    fn hear(&self, cx: Cx, entry: &MessageEntry, author: &str) -> Option<String> {
        let how = cx.s.options.with(|options| options.announce);
        let twin = || cx.s.twin.with_untracked(|twin| twin.as_ref().map(|twin| twin.name.clone()).unwrap_or_default());
        let name = || if author.is_empty() { twin() } else { author.to_owned() };
        let (whole, failed) = match entry.status.get() {
            EntryStatus::Sending | EntryStatus::Uploading(_) => return None,
            EntryStatus::Waiting(_) => {
                self.coming.set(true);
                self.told.set(0);
                return None;
            }
            EntryStatus::Streaming => {
                self.coming.set(true);
                (false, false)
            }
            EntryStatus::Complete | EntryStatus::Stopped => (true, false),
            EntryStatus::Failed(_) | EntryStatus::Unsent(_) => (true, true),
        };
        if !self.coming.get() {
            return None;
        }
        if whole {
            self.coming.set(false);
        }
        if failed {
            return Some(fill(cx.t.answer_failed, &name()));
        }
        let from = self.told.get();
        let new = match how {
            Announce::Sentences => {
                entry.text.with(|text| text.get(from..).map(|rest| sentences(rest, whole).to_owned()).unwrap_or_default())
            }
            Announce::Whole if whole => entry.text.with_untracked(String::clone),
            Announce::Whole | Announce::Nothing => return None,
        };
        self.told.set(if whole { 0 } else { from + new.len() });
        let words = spoken(&new);
        match (words.trim(), from) {
            ("", _) => None,
            (words, 0) => Some([&fill(cx.t.answer_done, &name()), " ", words].concat()),
            (words, _) => Some(words.to_owned()),
        }
    }
}

/// As much of the text as is whole sentences, or all of it.
fn sentences(text: &str, all: bool) -> &str {
    if all {
        return text;
    }
    let mut end = 0;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        // After a full stop there has to be a space: 1.000 is one number. A number before it may count a list's items.
        let stopped = matches!(before, '!' | '?' | '…' | '؟' | '。' | '！' | '？' | ':' | ';');
        let full_stop = before == '.' && !text[..at - 1].ends_with(|c: char| c.is_ascii_digit());
        if c == '\n' || matches!(c, '。' | '！' | '？') || c.is_whitespace() && (stopped || full_stop) {
            end = at + c.len_utf8();
        }
        before = c;
    }
    &text[..end]
}

/// The beginning of an answer without the signs of its markup.
fn spoken(text: &str) -> String {
    let words: String = text.chars().filter(|c| !matches!(c, '*' | '_' | '`' | '#' | '|' | '>' | '~')).take(READ_CHARS).collect();
    if words.chars().count() < READ_CHARS { words } else { words + "…" }
}

#[cfg(test)]
mod tests {
    use super::sentences;

    #[test]
    fn a_sentence_is_told_once_it_is_whole_and_a_number_is_not_cut() {
        assert_eq!(sentences("Xin chào! Tôi", false), "Xin chào! ");
        assert_eq!(sentences("Trà cần 1.000 bông. Hương", false), "Trà cần 1.000 bông. ");
        assert_eq!(sentences("1. Rinse the pot", false), "");
        assert_eq!(sentences("1. Rinse the pot\n2. Wait", false), "1. Rinse the pot\n");
        assert_eq!(sentences("日本。次", false), "日本。");
        assert_eq!(sentences("كيف؟ ثم", false), "كيف؟ ");
        assert_eq!(sentences("half a", false), "");
        assert_eq!(sentences("half a", true), "half a");
    }
}
