//! The four `X-RateLimit-*` headers, whose units TwinExpert does not document.

use crate::upstream::Budget;
use http::HeaderMap;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The longest pause that is believed, in seconds: a day.
const MAX_PAUSE: i64 = 86_400;

/// What the headers of an answer say, if they can be understood.
pub(super) fn budget(headers: &HeaderMap, now_millis: i64) -> Option<Budget> {
    let limit = number(headers, "x-ratelimit-limit")?;
    let remaining = number(headers, "x-ratelimit-remaining")?;
    let window = number(headers, "x-ratelimit-window").filter(|window| *window > 0);
    let longest = i64::from(window.unwrap_or(3600)).min(MAX_PAUSE) * 1000;
    let resets_at = text(headers, "x-ratelimit-reset")
        .and_then(|reset| instant(reset, now_millis))
        .map_or(now_millis + longest, |at| at.clamp(now_millis, now_millis + longest));
    Some(Budget { limit, remaining: remaining.min(limit), resets_at, window })
}

/// A point in time, in milliseconds since 1970, out of milliseconds, seconds, a pause in seconds
/// or RFC 3339. Which it is shows in its size.
fn instant(value: &str, now_millis: i64) -> Option<i64> {
    match value.parse::<f64>() {
        Ok(number) if !number.is_finite() || number < 0.0 => None,
        Ok(number) if number > 1e12 => Some(number as i64),
        Ok(number) if number > 1e9 => Some((number * 1000.0) as i64),
        Ok(number) if number <= MAX_PAUSE as f64 => Some(now_millis + (number * 1000.0) as i64),
        Ok(_) => None,
        Err(_) => {
            let at = OffsetDateTime::parse(value, &Rfc3339).ok()?;
            i64::try_from(at.unix_timestamp_nanos() / 1_000_000).ok()
        }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn number(headers: &HeaderMap, name: &str) -> Option<u32> {
    text(headers, name)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_760_000_000_000;

    fn headers(reset: &str) -> HeaderMap {
        [("x-ratelimit-limit", "500"), ("x-ratelimit-remaining", "499"), ("x-ratelimit-reset", reset), ("x-ratelimit-window", "3600")]
            .into_iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect::<Vec<(http::HeaderName, http::HeaderValue)>>()
            .into_iter()
            .collect()
    }

    #[test]
    fn a_reset_is_understood_as_seconds_milliseconds_a_pause_or_rfc_3339() {
        for reset in ["1760000600", "1760000600000", "600", "2025-10-09T09:03:20Z", "2025-10-09T16:03:20+07:00"] {
            assert_eq!(budget(&headers(reset), NOW).unwrap().resets_at, NOW + 600_000, "{reset}");
        }
    }

    #[test]
    fn a_reset_that_cannot_be_is_held_within_the_window() {
        for reset in ["", "soon", "NaN", "-5", "1e99", "9999999999999", "200000"] {
            let at = budget(&headers(reset), NOW).unwrap().resets_at;
            assert!((NOW..=NOW + 3_600_000).contains(&at), "{reset}: {at}");
        }
        assert_eq!(budget(&HeaderMap::new(), NOW), None);
    }
}
