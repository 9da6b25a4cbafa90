//! Seconds until a moment, as the visitor reads them.

use super::dom::{El, el};
use super::root::Cx;
use crate::i18n::fill;
use crate::state::Problem;

/// When another try makes sense, if that is known. Read out once with what it belongs to, not every second.
pub(crate) fn when_to_try_again(cx: Cx, problem: &Problem) -> Option<El> {
    let then = problem.retry_at?;
    Some(el("span", "tc-countdown").attr("aria-live", "off").text_fn(move || match seconds_until(cx, then) {
        0 => String::new(),
        seconds => [" ", &fill(cx.t.try_again_in, &minutes_and_seconds(seconds)), "."].concat(),
    }))
}

/// Whole seconds from now until then; 0 when it is past. Follows the clock signal.
pub(crate) fn seconds_until(cx: Cx, then: u64) -> u32 {
    let now = cx.s.now.get();
    u32::try_from(then.saturating_sub(now).div_ceil(1000)).unwrap_or(u32::MAX)
}

/// `0:45`, `12:05`.
pub(crate) fn minutes_and_seconds(seconds: u32) -> String {
    let pad = if seconds % 60 < 10 { ":0" } else { ":" };
    [(seconds / 60).to_string().as_str(), pad, (seconds % 60).to_string().as_str()].concat()
}
