//! Seconds until a moment, as the visitor reads them.

use super::root::Cx;
use leptos::prelude::*;

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
