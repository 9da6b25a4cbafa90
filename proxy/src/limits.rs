//! How much one visitor, or one address, may do. One token bucket for each, in memory.
//!
//! A subject comes from a checked token and an address from the connection, so nothing a client
//! sends can move it to another bucket. Deliberately absent: the upstream's own budget.

use crate::clock::Clock;
use crate::subject::Subject;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// Buckets kept before full ones are dropped.
const SWEEP_AT: usize = 10_000;

/// A limit on how often each subject (or whatever the key is) may do something.
#[derive(Debug)]
pub struct Limiter<K = Subject> {
    clock: Arc<dyn Clock>,
    /// The most at once.
    burst: u32,
    /// Milliseconds until one more is allowed.
    every: i64,
    buckets: Mutex<HashMap<K, Bucket>>,
}

/// Emptiness, as the time at which it will be over.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    /// When the bucket will be full again, in milliseconds since 1970.
    full_at: i64,
}

/// The visitor's own view of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// The most at once.
    pub limit: u32,
    /// What is left now.
    pub remaining: u32,
    /// When all of it is there again, in seconds since 1970.
    pub resets_at: i64,
    /// Seconds in which a whole limit grows back.
    pub window: u32,
}

/// There is nothing left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("nothing is left for {retry_after} s")]
pub struct Exhausted {
    /// Seconds until one more is allowed, at least 1.
    pub retry_after: u32,
    /// The view that goes with it.
    pub quota: Quota,
}

impl<K: Hash + Eq + Clone> Limiter<K> {
    /// Allows `per_minute` on average and `burst` at once.
    pub fn new(clock: Arc<dyn Clock>, per_minute: u32, burst: u32) -> Self {
        let every = (60_000 / i64::from(per_minute.max(1))).max(1);
        Self { clock, burst: burst.max(1), every, buckets: Mutex::default() }
    }

    /// Takes one.
    ///
    /// # Errors
    /// When there is none left.
    pub fn take(&self, key: &K) -> Result<Quota, Exhausted> {
        let now = self.clock.now_millis();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= SWEEP_AT {
            buckets.retain(|_, bucket| bucket.full_at > now);
        }
        let bucket = buckets.entry(key.clone()).or_insert(Bucket { full_at: now });
        let room = now + i64::from(self.burst) * self.every;
        // Held within what is possible, should the clock have been put back.
        bucket.full_at = bucket.full_at.clamp(now, room);
        let full_at = bucket.full_at + self.every;
        if full_at > room {
            let retry_after = u32::try_from((full_at - room + 999) / 1000).unwrap_or(u32::MAX).max(1);
            return Err(Exhausted { retry_after, quota: self.quota(bucket.full_at, now) });
        }
        bucket.full_at = full_at;
        Ok(self.quota(full_at, now))
    }

    fn quota(&self, full_at: i64, now: i64) -> Quota {
        let window = i64::from(self.burst) * self.every;
        let remaining = ((now + window - full_at.max(now)) / self.every).max(0);
        Quota {
            limit: self.burst,
            remaining: u32::try_from(remaining).unwrap_or(0),
            resets_at: (full_at.max(now) + 999) / 1000,
            window: u32::try_from((window + 999) / 1000).unwrap_or(u32::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use twinchat_protocol::id::VisitorId;

    fn visitor(name: &str) -> Subject {
        Subject::proven(VisitorId::from_random(name))
    }

    #[test]
    fn a_burst_is_allowed_then_as_much_as_grows_back_and_each_visitor_has_an_own_bucket() {
        let clock = Arc::new(ManualClock::at_millis(1_700_000_000_000));
        let limiter = Limiter::new(clock.clone(), 20, 5);
        let (ann, binh) = (visitor("annannann"), visitor("binhbinhb"));
        let left: Vec<u32> = (0..5).map(|_| limiter.take(&ann).unwrap().remaining).collect();
        assert_eq!(left, [4, 3, 2, 1, 0]);
        let refused = limiter.take(&ann).unwrap_err();
        assert_eq!((refused.retry_after, refused.quota.remaining), (3, 0));
        assert_eq!(limiter.take(&binh).unwrap().remaining, 4);
        clock.advance_seconds(2);
        assert_eq!(limiter.take(&ann).unwrap_err().retry_after, 1);
        clock.advance_seconds(1);
        assert_eq!(limiter.take(&ann).unwrap().remaining, 0);
        clock.advance_seconds(3600);
        assert_eq!(limiter.take(&ann).unwrap().remaining, 4);
    }

    #[test]
    fn a_clock_that_goes_back_locks_nobody_out_for_long() {
        let clock = Arc::new(ManualClock::at_millis(1_700_000_000_000));
        let limiter = Limiter::new(clock.clone(), 60, 2);
        let ann = visitor("annannann");
        limiter.take(&ann).unwrap();
        clock.advance_seconds(-3600);
        assert_eq!(limiter.take(&ann).unwrap_err().retry_after, 1);
        clock.advance_seconds(1);
        assert!(limiter.take(&ann).is_ok());
    }
}
