//! What went wrong, in plain words, and how the line to the proxy is.

use super::countdown::{seconds_until, when_to_try_again};
use super::dom::{El, button, div, el};
use super::icon::{CLOSE, OFFLINE, WARNING, icon};
use super::leaf::Leaf;
use super::parts::{icon_button, request_id};
use super::root::{Cx, root};
use crate::state::{Connection, Problem};
use leptos::prelude::*;

/// A dismissible sentence above the composer: a problem, when to try again, the request's id.
#[component]
pub fn Notice() -> impl IntoView {
    Leaf(|| root("", |cx| div("").slot(move || notice_key(cx), move |_| notice(cx))))
}

/// A strip below the header while the line is broken: offline, or reconnecting with a countdown.
#[component]
pub fn ConnectionBanner() -> impl IntoView {
    Leaf(|| root("", |cx| banner_place(cx, div(""))))
}

/// Changes with what the notice says.
pub(crate) fn notice_key(cx: Cx) -> String {
    cx.s.notice.with(|notice| notice.as_ref().map_or_else(String::new, problem_key))
}

/// Changes with what is said of a problem.
pub(crate) fn problem_key(problem: &Problem) -> String {
    let until = problem.retry_at.unwrap_or_default().to_string();
    [problem.code.as_str(), &problem.request_id, &until, &problem.message].join(" ")
}

pub(crate) fn notice(cx: Cx) -> Option<El> {
    let problem = cx.s.notice.get_untracked()?;
    let words = div("tc-notice-text").child(el("span", "").text(cx.t.problem(&problem.code, &problem.message)));
    let words = words.maybe(when_to_try_again(cx, &problem));
    let dismiss = icon_button(CLOSE, cx.t.dismiss, move || cx.app.dismiss_notice());
    let notice = div("tc-notice").attr("role", "status").attr("part", "notice");
    Some(notice.child(icon(WARNING)).child(words.maybe(request_id(cx, &problem))).child(dismiss))
}

/// Puts the banner into `place` while there is something to say.
pub(crate) fn banner_place(cx: Cx, place: El) -> El {
    let broken = StoredValue::new(false);
    let key = move || {
        let connection = cx.s.connection.get();
        match connection {
            Connection::Offline | Connection::Waiting { .. } => broken.set_value(true),
            // An ordinary connecting is nobody's business; after a break it is the next thing to know.
            Connection::Connecting => {}
            Connection::New | Connection::Open | Connection::Closed => broken.set_value(false),
        }
        match connection {
            Connection::Offline => "offline".to_owned(),
            Connection::Waiting { retry_at } => retry_at.to_string(),
            _ if broken.get_value() => "connecting".to_owned(),
            _ => String::new(),
        }
    };
    place.slot(key, move |key| banner(cx, key))
}

fn banner(cx: Cx, key: &str) -> Option<El> {
    let banner = div("tc-banner").attr("role", "status").attr("part", "banner");
    Some(match key {
        "" => return None,
        "offline" => banner.child(icon(OFFLINE)).child(el("span", "").text(cx.t.offline)),
        "connecting" => banner.child(div("tc-spinner")).child(el("span", "").text(cx.t.reconnecting)),
        then => {
            let then: u64 = then.parse().unwrap_or_default();
            let words = el("span", "tc-countdown").attr("aria-live", "off").text_fn(move || match seconds_until(cx, then) {
                0 => cx.t.reconnecting.to_owned(),
                seconds => cx.t.reconnecting_in.of(seconds),
            });
            let now = button("tc-link").text(cx.t.try_now).click(move || cx.app.try_now());
            banner.child(icon(OFFLINE)).child(words).child(now)
        }
    })
}
