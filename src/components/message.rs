//! One message, and what became of it.

use super::avatar::avatar;
use super::clipboard::{copy_button, copy_from_buttons};
use super::countdown::when_to_try_again;
use super::dom::{El, button, div, el};
use super::icon::{THUMB_DOWN, UP, WARNING, icon};
use super::markdown_view::markdown_view;
use super::notice::problem_key;
use super::parts::{request_id, text_button};
use super::root::Cx;
use crate::app::MessageEntry;
use crate::i18n::{clock_time, date_and_time, fill};
use crate::state::{EntryStatus, Problem, Progress};
use leptos::prelude::*;
use twinchat_protocol::message::{Feedback, Role};

pub(crate) fn message(cx: Cx, entry: MessageEntry) -> El {
    match entry.role {
        Role::User => own(cx, entry),
        Role::Assistant => answer(cx, &entry),
    }
}

fn own(cx: Cx, entry: MessageEntry) -> El {
    let status = entry.status;
    let is = move |wanted: fn(&EntryStatus) -> bool| move || status.with(wanted);
    let text = entry.text;
    let bubble = div("tc-bubble").attr("dir", "auto").attr("part", "bubble").text_fn(move || text.get());
    let bubble = bubble.attr("title", &date_and_time(entry.created_at, cx.locale));
    let key = move || match status.get() {
        EntryStatus::Sending => "sending".to_owned(),
        EntryStatus::Unsent(problem) => ["unsent ", &problem_key(&problem)].concat(),
        _ => String::new(),
    };
    div("tc-message tc-message--user")
        .attr("role", "article")
        .attr("aria-label", cx.t.you)
        .class_fn("tc-is-sending", is(|status| *status == EntryStatus::Sending))
        .class_fn("tc-is-unsent", is(|status| matches!(status, EntryStatus::Unsent(_))))
        .child(bubble)
        .slot(key, move |key| {
            Some(match key {
                "" => return None,
                "sending" => div("tc-status").text(cx.t.sending),
                _ => unsent(cx, &entry),
            })
        })
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
    let name = cx.s.twin.with(|twin| twin.as_ref().map(|twin| twin.name.clone()).unwrap_or_default());
    let picture = cx.s.twin.with(|twin| twin.as_ref().map(|twin| avatar(cx, twin, "small")));
    let streaming = Memo::new(move |_| status.with(|status| matches!(status, EntryStatus::Streaming)));
    let waiting = move || status.with(|status| matches!(status, EntryStatus::Waiting(_)));
    // Waiting for the first words; a reply that is asked for again loses its old ones.
    let body = markdown_view(cx, entry.text.into(), streaming.into()).flag("hidden", waiting);
    let main =
        div("tc-message-main").when(waiting, move || waiting_line(cx, status)).child(body).slot(move || ending_key(&status.get()), {
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
fn waiting_line(cx: Cx, status: RwSignal<EntryStatus>) -> El {
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
    copy_from_buttons(cx, div("tc-actions"), move |_| Some(text.get_untracked()))
        .child(copy_button(cx.t.copy))
        .child(thumb(cx, entry, Feedback::Up))
        .child(thumb(cx, entry, Feedback::Down))
        .child(stamp(cx, entry.created_at))
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
