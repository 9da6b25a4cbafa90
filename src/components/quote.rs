//! A message that another one answers: above the composer, and above the answer.

use super::dom::{El, button, div, el};
use super::icon::{CLOSE, REPLY, icon};
use super::parts::{hidden_text, icon_button};
use super::root::Cx;
use crate::i18n::fill;
use twinchat_protocol::message::{Quote, Role};

/// Whether a message can be answered in particular.
pub(crate) fn can_reply(cx: Cx) -> bool {
    cx.s.twin.with(|twin| twin.as_ref().is_some_and(|twin| twin.capabilities.reply))
}

/// The button under a message that answers it.
pub(crate) fn reply_button(cx: Cx, key: &str) -> El {
    let key = key.to_owned();
    icon_button(REPLY, cx.t.reply, move || cx.app.reply_to(&key)).attr("part", "reply")
}

/// Who wrote it, as far as that is known.
fn author(cx: Cx, quote: &Quote) -> String {
    if let Some(author) = &quote.author {
        return author.clone();
    }
    let id = quote.message_id.as_str();
    let role =
        cx.s.messages.with_untracked(|list| list.iter().find(|entry| entry.id.with_untracked(|other| other == id)).map(|it| it.role));
    match role {
        Some(Role::User) => cx.t.you.to_owned(),
        Some(Role::Assistant) => cx.s.twin.with_untracked(|twin| twin.as_ref().map(|twin| twin.name.clone()).unwrap_or_default()),
        None => String::new(),
    }
}

/// What the draft answers, with a way to answer nothing in particular.
pub(crate) fn quoting(cx: Cx) -> Option<El> {
    let quote = cx.s.quote.get_untracked()?;
    let words = div("tc-quote-words")
        .child(div("tc-quote-author").attr("dir", "auto").text(&fill(cx.t.replying_to, &author(cx, &quote))))
        .child(div("tc-quote-text").attr("dir", "auto").text(&quote.excerpt));
    let away = icon_button(CLOSE, cx.t.reply_to_none, move || {
        cx.app.reply_to_none();
        cx.app.focus_composer();
    });
    Some(div("tc-quoting").attr("role", "group").attr("part", "quote").child(icon(REPLY)).child(words).child(away))
}

/// Above a message: what it answers, and the way there.
pub(crate) fn quoted(cx: Cx, quote: &Quote) -> El {
    let id = quote.message_id.to_string();
    let who = author(cx, quote);
    let who = (!who.is_empty()).then(|| el("span", "tc-quote-author").attr("dir", "auto").text(&who));
    button("tc-quote")
        .attr("part", "quote")
        .child(hidden_text(cx.t.in_reply_to))
        .maybe(who)
        .child(el("span", "tc-quote-text").attr("dir", "auto").text(&quote.excerpt))
        .click(move || cx.app.go_to(&id))
}
