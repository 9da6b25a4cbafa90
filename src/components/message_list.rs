//! The open conversation: days, messages, and what stands there before the first.

use super::avatar::avatar_with_presence;
use super::dom::{El, button, div, el};
use super::icon::{ARROW_DOWN, FORWARD, PEOPLE, icon};
use super::leaf::Leaf;
use super::live_region::live_region;
use super::message::message;
use super::parts::{failed_state, hidden_text, skeleton_rows};
use super::root::{Cx, root};
use super::scroll::{Scroll, Told};
use crate::i18n::day_name;
use crate::state::Loading;
use leptos::prelude::*;

/// The messages of the open conversation: streams, follows, loads older ones on the way up.
#[component]
pub fn MessageList() -> impl IntoView {
    Leaf(|| root("tc-column", message_list))
}

pub(crate) fn message_list(cx: Cx) -> El {
    let told = Told::new();
    let log = div("tc-log")
        .slot(move || standing(cx, told), move |standing| before_messages(cx, standing))
        .list(move || keys(cx, told), move |key| draw(cx, told, key));
    let scroller = div("tc-scroll tc-messages")
        .attr("role", "log")
        // Read out once they are whole, by the live region below; as a log it would be word by word.
        .attr("aria-live", "off")
        .attr("aria-label", cx.t.messages)
        .attr("tabindex", "0")
        .attr("part", "messages")
        .flag("aria-busy", move || cx.s.messages_loading.get() == Loading::Busy);
    let (scroll, scroller) = Scroll::watch(cx, scroller, &log, told);
    let scroller = scroller.when(move || cx.s.awaiting.get(), move || awaiting(cx));
    let jump = move || {
        let scroll = scroll.clone();
        let words = move || match told.missed.get() {
            0 => cx.t.jump.to_owned(),
            missed => cx.t.missed.of(missed),
        };
        button("tc-jump").child(icon(ARROW_DOWN)).child(el("span", "").text_fn(words)).click(move || scroll.to_end(true))
    };
    div("tc-messages-wrap").child(scroller).when(move || told.away.get(), jump).child(live_region(cx))
}

/// People have it, and answer when they can.
fn awaiting(cx: Cx) -> El {
    div("tc-awaiting").attr("role", "status").child(icon(PEOPLE)).child(el("span", "").text(cx.t.awaiting))
}

/// Who else reads along, where somebody does.
pub(crate) fn shared_sign(cx: Cx, class: &str) -> El {
    div(class).attr("role", "note").attr("part", "shared").child(icon(PEOPLE)).child(el("span", "").text(cx.t.shared))
}

/// Whether other visitors read along.
pub(crate) fn is_shared(cx: Cx) -> bool {
    cx.s.twin.with(|twin| twin.as_ref().is_some_and(|twin| twin.capabilities.shared))
}

/// What stands above the messages, or in their place.
fn standing(cx: Cx, told: Told) -> String {
    let none = cx.s.messages.with(Vec::is_empty);
    let key = match cx.s.messages_loading.get() {
        Loading::Failed(problem) => return ["failed ", &problem.code, &problem.request_id].concat(),
        Loading::Busy if none => "skeleton",
        // Far from the beginning it would stand in the middle.
        Loading::Busy if told.drawn.with(|drawn| drawn.start > 0) => "",
        Loading::Busy => "older",
        Loading::Idle | Loading::Ready if none => {
            let nobody = if is_coming(cx) { "coming" } else { "" };
            let twin = cx.s.twin.with(|twin| twin.as_ref().map_or_else(|| nobody.to_owned(), |twin| twin.id.to_string()));
            let starters = cx.s.options.with(|options| options.starters.join("\n"));
            return ["welcome", &twin, &cx.greeting(), &starters].join("\n");
        }
        Loading::Idle | Loading::Ready => "",
    };
    key.to_owned()
}

fn before_messages(cx: Cx, standing: &str) -> Option<El> {
    Some(match standing {
        "" => return None,
        "skeleton" => skeleton(cx),
        "older" => div("tc-older").attr("role", "status").child(div("tc-spinner")).child(hidden_text(cx.t.older)),
        _ if standing.starts_with("welcome") => welcome(cx),
        _ => match cx.s.messages_loading.get() {
            Loading::Failed(problem) => failed_state(cx, &problem),
            _ => return None,
        },
    })
}

/// One key per message that is drawn, and per day that begins with one.
fn keys(cx: Cx, told: Told) -> Vec<String> {
    let now = cx.s.now.get();
    let drawn = told.drawn.get();
    let mut keys = Vec::new();
    cx.s.messages.with(|messages| {
        let (start, end) = (drawn.start.min(messages.len()), drawn.end.min(messages.len()));
        let day = |at: usize| day_name(messages[at].created_at, now, cx.locale);
        let mut last_day = if start > 0 { day(start - 1) } else { String::new() };
        for (at, entry) in messages.iter().enumerate().take(end).skip(start) {
            let day = day(at);
            if day != last_day {
                keys.push(["day\n", &day].concat());
                last_day = day;
            }
            keys.push(entry.key.clone());
        }
    });
    keys
}

fn draw(cx: Cx, told: Told, key: &str) -> Option<El> {
    if let Some(day) = key.strip_prefix("day\n") {
        return Some(div("tc-day").attr("role", "separator").attr("aria-label", day).child(el("span", "").text(day)));
    }
    let start = told.drawn.with(|drawn| drawn.start);
    let entry = cx.s.messages.with(|messages| messages.iter().skip(start).find(|entry| entry.key == key).cloned())?;
    Some(message(cx, entry))
}

/// Whether it will soon be known who the twin is: the visitor has begun before.
fn is_coming(cx: Cx) -> bool {
    matches!(cx.s.twins_loading.get(), Loading::Idle | Loading::Busy)
}

fn welcome(cx: Cx) -> El {
    let Some(twin) = cx.s.twin.get() else {
        return if is_coming(cx) { skeleton_rows(cx, 1) } else { div("tc-welcome") };
    };
    let about = (!twin.description.is_empty()).then(|| el("p", "").attr("dir", "auto").text(&twin.description));
    let starters = cx.s.options.with(|options| options.starters.clone());
    let starters = if starters.is_empty() { twin.starters.clone() } else { starters };
    let welcome = div("tc-welcome")
        .attr("part", "welcome")
        .child(avatar_with_presence(cx, &twin, "large"))
        .child(el("h2", "").attr("dir", "auto").text(&cx.greeting()))
        .maybe(about)
        .when(move || is_shared(cx), move || shared_sign(cx, "tc-shared tc-shared--card"));
    if starters.is_empty() {
        return welcome;
    }
    let buttons = starters.into_iter().map(|question| {
        let words = el("span", "").attr("dir", "auto").text(&question);
        button("tc-starter").attr("part", "starter").child(words).child(icon(FORWARD)).click(move || cx.app.send_text(&question))
    });
    let heading = el("p", "tc-starters-title").attr("id", "tc-starters").text(cx.t.starters);
    welcome.child(div("tc-starters").attr("role", "group").attr("aria-labelledby", "tc-starters").child(heading).children(buttons))
}

fn skeleton(cx: Cx) -> El {
    let line = || div("tc-skeleton");
    let answer = || div("").child(line()).child(line()).child(line());
    div("tc-skeleton-chat")
        .attr("role", "status")
        .child(hidden_text(cx.t.loading))
        .child(line())
        .child(answer())
        .child(line())
        .child(answer())
}
