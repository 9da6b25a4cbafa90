//! One message, and what became of it.

use super::attachments::file_list;
use super::avatar::{avatar, person};
use super::clipboard::{copy_button, copy_from_buttons};
use super::countdown::when_to_try_again;
use super::dom::{El, button, div, el};
use super::icon::{THUMB_DOWN, UP, WARNING, icon};
use super::markdown_view::markdown_view;
use super::notice::problem_key;
use super::parts::{request_id, text_button};
use super::quote::{can_reply, quoted, reply_button};
use super::rare;
use super::root::Cx;
use crate::app::{BoxSignal, MessageEntry};
use crate::i18n::{clock_time, date_and_time, fill};
use crate::state::{EntryStatus, Problem, Progress};
use leptos::prelude::*;
use twinchat_protocol::message::{Feedback, Role};

pub(crate) fn message(cx: Cx, entry: MessageEntry) -> El {
    let key = entry.key.clone();
    let message = match entry.role {
        Role::User => own(cx, entry),
        Role::Assistant => answer(cx, &entry),
    };
    message.attr("data-key", &key)
}

/// What it answers, and the files that came with it.
fn extras(cx: Cx, place: El, entry: &MessageEntry) -> El {
    let extras = entry.extras;
    let files = move || extras.with(|extras| extras.files.iter().map(|file| file.name.clone()).collect::<Vec<_>>().join("\n"));
    let quote = move || extras.with(|extras| extras.reply_to.as_ref().map(|quote| quote.message_id.to_string()).unwrap_or_default());
    let place = rare::slot(cx, place, quote, move |_| extras.with(|extras| extras.reply_to.as_ref().map(|quote| quoted(cx, quote))));
    rare::slot(cx, place, files, move |_| Some(extras.with(|extras| file_list(cx, &extras.files))))
}

fn own(cx: Cx, entry: MessageEntry) -> El {
    let status = entry.status;
    let is = move |wanted: fn(&EntryStatus) -> bool| move || status.with(wanted);
    let text = entry.text;
    let bubble = div("tc-bubble").attr("dir", "auto").attr("part", "bubble").text_fn(move || text.get());
    let bubble = bubble.flag("hidden", move || text.with(String::is_empty));
    let bubble = bubble.attr("title", &date_and_time(entry.created_at, cx.locale));
    let key = move || match status.get() {
        EntryStatus::Sending => "sending".to_owned(),
        EntryStatus::Uploading(_) => "uploading".to_owned(),
        EntryStatus::Unsent(problem) => ["unsent ", &problem_key(&problem)].concat(),
        EntryStatus::Failed(_) => String::new(),
        _ if can_reply(cx) => "done".to_owned(),
        _ => String::new(),
    };
    let message = div("tc-message tc-message--user")
        .attr("role", "article")
        .attr("aria-label", cx.t.you)
        .class_fn("tc-is-sending", is(|status| matches!(status, EntryStatus::Sending | EntryStatus::Uploading(_))))
        .class_fn("tc-is-unsent", is(|status| matches!(status, EntryStatus::Unsent(_) | EntryStatus::Failed(_))));
    let failed = move || match status.get() {
        EntryStatus::Failed(problem) => problem_key(&problem),
        _ => String::new(),
    };
    let message = extras(cx, message, &entry).child(bubble);
    let message = rare::slot(cx, message, failed, {
        let entry = entry.clone();
        move |_| Some(undelivered(cx, &entry))
    });
    message.slot(key, move |key| {
        Some(match key {
            "" => return None,
            "done" => div("tc-actions").child(reply_button(cx, &entry.key)),
            "sending" => div("tc-status").text(cx.t.sending),
            "uploading" => uploading(cx, &entry),
            _ => unsent(cx, &entry),
        })
    })
}

/// How much of the files is there, and a way to think better of it.
fn uploading(cx: Cx, entry: &MessageEntry) -> El {
    let (status, key) = (entry.status, entry.key.clone());
    let percent = move || if let EntryStatus::Uploading(percent) = status.get() { percent } else { 100 };
    let bar = el("progress", "tc-progress")
        .attr("max", "100")
        .attr("aria-label", cx.t.sending)
        .attr_fn("value", move || Some(percent().to_string()));
    let words = el("span", "tc-countdown").text_fn(move || [&percent().to_string(), " %"].concat());
    let cancel = button("tc-link").text(cx.t.cancel).click(move || cx.app.cancel_upload(&key));
    div("tc-status").child(bar).child(words).child(cancel)
}

/// It was stored, and those who were to answer have not got it.
fn undelivered(cx: Cx, entry: &MessageEntry) -> El {
    let key = entry.key.clone();
    let problem = match entry.status.get_untracked() {
        EntryStatus::Failed(problem) => problem,
        _ => Problem::own(""),
    };
    let words = el("span", "").text(&[cx.t.unsent, " ", cx.t.problem(&problem.code, &problem.message)].concat());
    let words = words.maybe(when_to_try_again(cx, &problem));
    let again = problem.retryable.then(|| button("tc-link").text(cx.t.send_again).click(move || cx.app.retry(&key)));
    div("tc-status tc-status--error").attr("role", "alert").child(icon(WARNING)).child(words).maybe(again)
}

fn stamp(cx: Cx, millis: u64) -> El {
    el("time", "").attr("title", &date_and_time(millis, cx.locale)).text(&clock_time(millis, cx.locale))
}

fn unsent(cx: Cx, entry: &MessageEntry) -> El {
    let words = el("span", "").text(cx.t.unsent);
    let words = match entry.status.get_untracked() {
        EntryStatus::Unsent(problem) => {
            words.text(" ").text(cx.t.problem(&problem.code, &problem.message)).maybe(when_to_try_again(cx, &problem))
        }
        _ => words,
    };
    let (again, drop) = (entry.key.clone(), entry.key.clone());
    div("tc-status tc-status--error")
        .attr("role", "alert")
        .child(icon(WARNING))
        .child(words)
        .child(button("tc-link").text(cx.t.send_again).click(move || cx.app.retry(&again)))
        .child(button("tc-link").text(cx.t.discard).click(move || cx.app.discard(&drop)))
}

fn answer(cx: Cx, entry: &MessageEntry) -> El {
    let status = entry.status;
    let author = entry.extras.with(|extras| extras.author.clone());
    let by = (!author.is_empty()).then(|| div("tc-message-name").attr("dir", "auto").text(&author));
    let (name, picture) = match &by {
        Some(_) => (author.clone(), Some(person(&author))),
        None => cx.s.twin.with(|twin| {
            let twin = twin.as_ref();
            (twin.map(|twin| twin.name.clone()).unwrap_or_default(), twin.map(|twin| avatar(cx, twin, "small")))
        }),
    };
    let streaming = Memo::new(move |_| status.with(|status| matches!(status, EntryStatus::Streaming)));
    let waiting = move || status.with(|status| matches!(status, EntryStatus::Waiting(_)));
    // Waiting for the first words; a reply that is asked for again loses its old ones.
    let body = markdown_view(cx, entry.text.into(), streaming.into()).flag("hidden", waiting);
    let main = extras(cx, div("tc-message-main").maybe(by), entry);
    let main = main.when(waiting, move || waiting_line(cx, status)).child(body).slot(move || ending_key(&status.get()), {
        let entry = entry.clone();
        move |_| ending(cx, &entry)
    });
    div("tc-message tc-message--twin")
        .attr("role", "article")
        .attr("aria-label", &name)
        .attr("part", "answer")
        .class_fn("tc-is-streaming", move || streaming.get())
        .child(picture.unwrap_or_else(|| div("")))
        .child(main)
}

/// Dots, and what is known of the progress.
fn waiting_line(cx: Cx, status: BoxSignal<EntryStatus>) -> El {
    let dots = el("span", "tc-dots").attr("aria-hidden", "true").children((0..3).map(|_| el("i", "")));
    let words = el("span", "").text_fn(move || match status.get() {
        EntryStatus::Waiting(progress) => progress_words(cx, &progress),
        _ => String::new(),
    });
    div("tc-waiting").child(dots).child(words)
}

fn progress_words(cx: Cx, progress: &Progress) -> String {
    if progress.position > 0 {
        let place = fill(cx.t.queued, &progress.position.to_string());
        return match progress.eta_seconds {
            0 => place,
            seconds @ 1..=90 => [&place, ", ", &cx.t.queued_seconds.of(seconds)].concat(),
            seconds => [&place, ", ", &cx.t.queued_minutes.of(seconds.div_ceil(60))].concat(),
        };
    }
    if progress.text.is_empty() { String::new() } else { progress.text.clone() }
}

/// Changes with what stands under an answer.
fn ending_key(status: &EntryStatus) -> String {
    match status {
        EntryStatus::Complete => "complete".to_owned(),
        EntryStatus::Stopped => "stopped".to_owned(),
        EntryStatus::Failed(problem) => ["failed ", &problem_key(problem)].concat(),
        _ => String::new(),
    }
}

fn ending(cx: Cx, entry: &MessageEntry) -> Option<El> {
    let again = entry.key.clone();
    let retry = move |look: &str| text_button(look, cx.t.answer_again, move || cx.app.retry(&again));
    let has_text = entry.text.with_untracked(|text| !text.is_empty());
    match entry.status.get_untracked() {
        EntryStatus::Complete => Some(actions(cx, entry)),
        EntryStatus::Stopped => {
            let line = div("tc-status").child(el("span", "").text(cx.t.stopped)).child(retry("small").attr("part", "retry"));
            Some(div("").child(line).maybe(has_text.then(|| actions(cx, entry))))
        }
        EntryStatus::Failed(problem) => {
            let card = failure(cx, &problem).maybe(problem.retryable.then(|| retry("small")));
            Some(div("").child(card).maybe(has_text.then(|| actions(cx, entry))))
        }
        _ => None,
    }
}

fn failure(cx: Cx, problem: &Problem) -> El {
    let words = el("span", "").text(cx.t.problem(&problem.code, &problem.message));
    let words = words.maybe(when_to_try_again(cx, problem)).maybe(request_id(cx, problem).map(|id| id.attr("data-block", "")));
    div("tc-status tc-status--card").attr("role", "group").child(icon(WARNING)).child(words)
}

/// Copy, thumbs, time.
fn actions(cx: Cx, entry: &MessageEntry) -> El {
    let text = entry.text;
    let actions = copy_from_buttons(cx, div("tc-actions"), move |_| Some(text.get_untracked())).child(copy_button(cx.t.copy));
    let actions = if can_reply(cx) { actions.child(reply_button(cx, &entry.key)) } else { actions };
    // What a person says is not rated.
    if entry.extras.with_untracked(|extras| !extras.author.is_empty()) {
        return actions.child(stamp(cx, entry.created_at));
    }
    actions.child(thumb(cx, entry, Feedback::Up)).child(thumb(cx, entry, Feedback::Down)).child(stamp(cx, entry.created_at))
}

fn thumb(cx: Cx, entry: &MessageEntry, which: Feedback) -> El {
    let (shape, label) = match which {
        Feedback::Up => (UP, cx.t.helpful),
        Feedback::Down => (THUMB_DOWN, cx.t.not_helpful),
    };
    let (key, given) = (entry.key.clone(), entry.feedback);
    super::parts::icon_button(shape, label, move || {
        let chosen = (given.get_untracked() != Some(which)).then_some(which);
        cx.app.feedback(&key, chosen);
    })
    .attr_fn("aria-pressed", move || Some((given.get() == Some(which)).to_string()))
}
