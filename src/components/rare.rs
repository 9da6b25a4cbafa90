//! What is rarely shown: its code is fetched when it first is (`platform::rare`).

use super::dom::{Draw, El, Keys, div, keep_in_order};
use super::parts::{failed_state, skeleton_rows};
use super::root::Cx;
use crate::platform::rare::Rare;

impl<F: Fn(&str) -> Option<El>> Draw for Rare<F> {
    #[inline(never)]
    fn draw(&self, key: &str) -> Option<El> {
        self.get()?(key)
    }
}

/// What `draw` makes while `on` holds.
pub(crate) fn when(cx: Cx, place: El, on: impl Fn() -> bool + 'static, draw: impl Fn() -> El + 'static) -> El {
    let on = move || on() && cx.app.has_rare();
    keep_in_order(place.node(), Keys::While(Box::new(on)), Box::new(Rare(move |_: &str| Some(draw()))));
    place
}

/// A place for what `draw` makes; made anew whenever `key` gives another text, and empty as long as that is.
pub(crate) fn slot(cx: Cx, place: El, key: impl Fn() -> String + 'static, draw: impl Fn(&str) -> Option<El> + 'static) -> El {
    list(cx, place, move || Some(key()).filter(|key| !key.is_empty()).into_iter().collect(), draw)
}

/// One child per key, in their order.
pub(crate) fn list(cx: Cx, place: El, keys: impl Fn() -> Vec<String> + 'static, draw: impl Fn(&str) -> Option<El> + 'static) -> El {
    let keys = move || Some(keys()).filter(|keys| keys.is_empty() || cx.app.has_rare()).unwrap_or_default();
    keep_in_order(place.node(), Keys::Many(Box::new(keys)), Box::new(Rare(draw)));
    place
}

/// What fills a screen. Grey rows until it is there, or why it cannot be had.
pub(crate) fn screen(cx: Cx, draw: impl Fn() -> El + 'static) -> El {
    let key = move || match cx.s.rare_missing.get() {
        _ if cx.s.rare.get() => String::new(),
        Some(problem) => problem.code,
        None => "busy".to_owned(),
    };
    let waiting = div("tc-main").slot(key, move |key| match cx.s.rare_missing.get_untracked() {
        _ if key.is_empty() => None,
        Some(problem) => Some(failed_state(cx, &problem)),
        None => Some(div("tc-scroll").child(skeleton_rows(cx, 4))),
    });
    when(cx, waiting, || true, draw)
}
