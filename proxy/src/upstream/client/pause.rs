//! How long a refusal asks to wait.

use crate::upstream::Budget;
use http::HeaderMap;

/// The longest pause that is believed, in seconds: a day.
const MAX_PAUSE: i64 = 86_400;

/// Seconds to wait after a 429: `Retry-After`, else the end of the window that the budget names.
pub(crate) fn pause(headers: &HeaderMap, budget: Option<Budget>, now_millis: i64) -> Option<u32> {
    let until_reset = || u32::try_from(((budget?.resets_at - now_millis + 999) / 1000).clamp(1, MAX_PAUSE)).ok();
    retry_after(headers).or_else(until_reset)
}

/// `Retry-After` in seconds; the form with a date is not read.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<u32> {
    let said = headers.get("retry-after")?.to_str().ok()?.trim().parse::<i64>().ok()?;
    u32::try_from(said.clamp(1, MAX_PAUSE)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_760_000_000_000;

    #[test]
    fn the_pause_after_a_429_is_retry_after_or_else_the_rest_of_the_window() {
        let budget = Some(Budget { limit: 500, remaining: 0, resets_at: NOW + 90_000, window: Some(3600) });
        let mut headers = HeaderMap::new();
        assert_eq!(pause(&headers, budget, NOW), Some(90));
        headers.insert("retry-after", "7".parse().unwrap());
        assert_eq!(pause(&headers, budget, NOW), Some(7));
        headers.insert("retry-after", "0".parse().unwrap());
        assert_eq!(pause(&headers, budget, NOW), Some(1));
        assert_eq!(pause(&HeaderMap::new(), None, NOW), None);
    }
}
