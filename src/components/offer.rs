//! What a visitor who has signed in is asked: whether what was said before is to be theirs.

use super::dom::{El, div, el};
use super::icon::{CHECK, CLOSE, icon};
use super::parts::{icon_button, text_button};
use super::root::Cx;
use crate::state::Offer;

/// Changes with what is asked.
pub(crate) fn offer_key(cx: Cx) -> String {
    match cx.s.offer.get() {
        Offer::None => String::new(),
        Offer::Open => "open".to_owned(),
        Offer::Busy => "busy".to_owned(),
        Offer::Done(moved) => moved.to_string(),
    }
}

pub(crate) fn offer(cx: Cx) -> Option<El> {
    let place = div("tc-offer").attr("role", "status").attr("part", "offer");
    Some(match cx.s.offer.get_untracked() {
        Offer::None => return None,
        Offer::Open => {
            let yes = text_button("primary", cx.t.take_over, move || cx.app.take_over()).class("tc-button--small");
            let no = text_button("small", cx.t.not_mine, move || cx.app.decline_offer());
            let answers = div("tc-offer-answers").child(yes).child(no);
            place.child(el("p", "").text(cx.t.offer)).child(answers)
        }
        Offer::Busy => place.child(div("tc-spinner")).child(el("span", "").text(cx.t.loading)),
        Offer::Done(moved) => {
            let words = el("span", "tc-offer-done").text(&cx.t.taken_over.of(moved));
            place.child(icon(CHECK)).child(words).child(icon_button(CLOSE, cx.t.dismiss, move || cx.app.decline_offer()))
        }
    })
}
