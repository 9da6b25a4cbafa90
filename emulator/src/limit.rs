//! Counts requests as TwinExpert documents it ("5.5. Rate Limiting").
//!
//! Two limits hold at once: so many requests in a window of an hour, and a burst. The burst is a
//! bucket that refills at the hourly rate, so 50 at once and then one every 18 s for 200 an hour.

use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Mutex;

/// `X-RateLimit-Window`, in seconds.
pub(crate) const WINDOW_SECONDS: u64 = 3600;
const WINDOW: u64 = WINDOW_SECONDS * 1000;

/// How much one credential may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// Requests in a window of an hour.
    pub per_hour: u32,
    /// Requests at once.
    pub burst: u32,
}

impl Quota {
    /// The documented limits of a `read_only` key.
    pub const READ_ONLY: Self = Self { per_hour: 200, burst: 50 };
    /// The documented limits of a `full_access` key.
    pub const FULL_ACCESS: Self = Self { per_hour: 500, burst: 100 };
}

/// What the four headers say, and whether the request may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Seconds until another try can succeed; `None` when this one may go on.
    pub retry_after: Option<u64>,
    /// `X-RateLimit-Limit`.
    pub limit: u32,
    /// `X-RateLimit-Remaining`: what is left of the window, 0 when refused.
    pub remaining: u32,
    /// `X-RateLimit-Reset`: seconds since 1970 when the window ends; when refused for the burst, when the next request may come.
    pub reset: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    /// End of the window, in milliseconds.
    ends: u64,
    used: u32,
    /// When the bucket will be full again, in milliseconds (the theoretical arrival time of GCRA, in 1/limit ms).
    full_at: u128,
}

/// One counter for each credential.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    counts: Mutex<HashMap<String, Count>>,
}

impl Counters {
    /// Counts a request of this credential at this time (milliseconds since 1970).
    pub(crate) fn hit(&self, who: &str, quota: Quota, now: u64) -> Verdict {
        let mut counts = self.counts.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let count = counts.entry(who.to_owned()).or_default();
        if now >= count.ends {
            *count = Count { ends: now + WINDOW, used: 0, full_at: count.full_at };
        }
        // Times the limit, so that the time one request takes to refill is a whole number.
        let rate = u128::from(quota.per_hour.max(1));
        let (scaled_now, refill) = (u128::from(now) * rate, u128::from(WINDOW));
        let full_at = count.full_at.max(scaled_now) + refill;
        let over = full_at.saturating_sub(scaled_now + refill * u128::from(quota.burst));
        let wait = if count.used >= quota.per_hour { count.ends - now } else { u64::try_from(over.div_ceil(rate)).unwrap_or(u64::MAX) };
        if wait > 0 {
            let seconds = wait.div_ceil(1000);
            return Verdict { retry_after: Some(seconds), limit: quota.per_hour, remaining: 0, reset: (now + wait).div_ceil(1000) };
        }
        count.used += 1;
        count.full_at = full_at;
        let remaining = quota.per_hour.saturating_sub(count.used);
        Verdict { retry_after: None, limit: quota.per_hour, remaining, reset: count.ends.div_ceil(1000) }
    }

    /// Forgets every count.
    pub(crate) fn reset(&self) {
        self.counts.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(counters: &Counters, quota: Quota, now: u64) -> usize {
        (0..1000).take_while(|_| counters.hit("key", quota, now).retry_after.is_none()).count()
    }

    #[test]
    fn a_burst_is_as_long_as_documented() {
        assert_eq!(allowed(&Counters::default(), Quota::READ_ONLY, 5), 50);
        assert_eq!(allowed(&Counters::default(), Quota::FULL_ACCESS, 5), 100);
    }

    #[test]
    fn the_bucket_refills_at_the_hourly_rate() {
        let counters = Counters::default();
        allowed(&counters, Quota::READ_ONLY, 1000);
        let refused = counters.hit("key", Quota::READ_ONLY, 1000);
        assert_eq!((refused.retry_after, refused.remaining, refused.reset), (Some(18), 0, 19));
        assert_eq!(allowed(&counters, Quota::READ_ONLY, 18_999), 0);
        assert_eq!(allowed(&counters, Quota::READ_ONLY, 19_000), 1);
        assert_eq!(allowed(&counters, Quota::READ_ONLY, 19_000 + 10 * 18_000), 10);
    }

    #[test]
    fn a_window_holds_no_more_than_its_limit_and_then_starts_again() {
        let counters = Counters::default();
        let first = counters.hit("key", Quota::READ_ONLY, 0);
        assert_eq!((first.limit, first.remaining, first.reset), (200, 199, 3600));
        let in_the_hour = 1 + (1..3600).map(|second| allowed(&counters, Quota::READ_ONLY, second * 1000)).sum::<usize>();
        assert_eq!(in_the_hour, 200);
        assert_eq!(counters.hit("key", Quota::READ_ONLY, 3_599_000).retry_after, Some(1));
        assert_eq!(counters.hit("key", Quota::READ_ONLY, 3_600_000).remaining, 199);
    }

    #[test]
    fn every_credential_has_its_own_count() {
        let counters = Counters::default();
        allowed(&counters, Quota::READ_ONLY, 0);
        assert_eq!(counters.hit("other", Quota::READ_ONLY, 0).remaining, 199);
    }
}
