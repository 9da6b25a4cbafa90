//! How much one visitor, or one address, may do. One token bucket for each, in memory.
//!
//! A subject comes from a checked token and an address from the connection, so nothing a client
//! sends can move it to another bucket. Deliberately absent: the upstream's own budget.
//!
//! | file | holds |
//! |---|---|
//! | `mod` | how often: [`Limiter`] |
//! | `slots` | how many at once: [`Slots`] |

mod slots;

pub use slots::{Slot, Slots};

use crate::clock::Clock;
use crate::subject::Subject;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// The most buckets kept; what bounds the memory, whoever calls from however many addresses.
const MOST_BUCKETS: usize = 100_000;

/// A limit on how often each subject (or whatever the key is) may do something.
#[derive(Debug)]
pub struct Limiter<K = Subject> {
    policy: &'static str,
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

/// The caller's own view of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// The limit's name.
    pub policy: &'static str,
    /// The most at once.
    pub limit: u32,
    /// What is left now.
    pub remaining: u32,
    /// When all of it is there again, in seconds since 1970.
    pub resets_at: i64,
    /// Seconds until there is one more; 0 when all of it is there.
    pub next_in: u32,
    /// Seconds in which a whole limit grows back, at least 1.
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
    pub fn new(policy: &'static str, clock: Arc<dyn Clock>, per_minute: u32, burst: u32) -> Self {
        let every = (60_000 / i64::from(per_minute.max(1))).max(1);
        Self { policy, clock, burst: burst.max(1), every, buckets: Mutex::default() }
    }

    /// Takes one.
    ///
    /// # Errors
    /// When there is none left.
    pub fn take(&self, key: &K) -> Result<Quota, Exhausted> {
        let now = self.clock.now_millis();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MOST_BUCKETS && !buckets.contains_key(key) {
            drop_the_fuller_half(&mut buckets);
        }
        let bucket = buckets.entry(key.clone()).or_insert(Bucket { full_at: now });
        let room = now + self.window();
        // Held within what is possible, should the clock have been put back.
        bucket.full_at = bucket.full_at.clamp(now, room);
        if bucket.full_at + self.every > room {
            let quota = self.quota(bucket.full_at, now);
            return Err(Exhausted { retry_after: quota.next_in.max(1), quota });
        }
        bucket.full_at += self.every;
        Ok(self.quota(bucket.full_at, now))
    }

    /// Whether one could be taken, without taking it.
    ///
    /// # Errors
    /// When there is none left.
    pub fn look(&self, key: &K) -> Result<(), Exhausted> {
        let now = self.clock.now_millis();
        let buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let room = now + self.window();
        match buckets.get(key).map(|bucket| bucket.full_at.clamp(now, room)) {
            Some(full_at) if full_at + self.every > room => {
                let quota = self.quota(full_at, now);
                Err(Exhausted { retry_after: quota.next_in.max(1), quota })
            }
            _ => Ok(()),
        }
    }

    /// Milliseconds in which an empty bucket becomes full.
    fn window(&self) -> i64 {
        i64::from(self.burst) * self.every
    }

    fn quota(&self, full_at: i64, now: i64) -> Quota {
        let free = now + self.window() - full_at;
        let remaining = free / self.every;
        let next_in = if full_at > now { (remaining + 1) * self.every - free } else { 0 };
        Quota {
            policy: self.policy,
            limit: self.burst,
            remaining: u32::try_from(remaining).unwrap_or(0),
            resets_at: (full_at + 999) / 1000,
            next_in: seconds(next_in),
            window: seconds(self.window()).max(1),
        }
    }
}

/// Makes room without forgetting those who are at their limit: who loses a bucket had used least.
fn drop_the_fuller_half<K: Hash + Eq>(buckets: &mut HashMap<K, Bucket>) {
    let mut times: Vec<i64> = buckets.values().map(|bucket| bucket.full_at).collect();
    let middle = times.len() / 2;
    let (_, median, _) = times.select_nth_unstable(middle);
    let (median, most) = (*median, buckets.len() / 2);
    let mut kept = 0;
    buckets.retain(|_, bucket| {
        // Where many are alike, half of them go all the same.
        let stays = bucket.full_at > median || (bucket.full_at == median && kept < most);
        kept += usize::from(stays && bucket.full_at == median);
        stays
    });
}

/// Rounded up.
fn seconds(milliseconds: i64) -> u32 {
    u32::try_from((milliseconds + 999) / 1000).unwrap_or(u32::MAX)
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
        let limiter = Limiter::new("messages", clock.clone(), 20, 5);
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
        let limiter = Limiter::new("messages", clock.clone(), 60, 2);
        let ann = visitor("annannann");
        limiter.take(&ann).unwrap();
        clock.advance_seconds(-3600);
        assert_eq!(limiter.take(&ann).unwrap_err().retry_after, 1);
        clock.advance_seconds(1);
        assert!(limiter.take(&ann).is_ok());
    }

    #[test]
    fn what_is_left_and_when_there_is_more_can_be_read_off() {
        let clock = Arc::new(ManualClock::at_millis(1_700_000_000_000));
        let limiter = Limiter::new("messages", clock.clone(), 20, 10);
        let ann = visitor("annannann");
        let first = limiter.take(&ann).unwrap();
        let expected = Quota { policy: "messages", limit: 10, remaining: 9, resets_at: 1_700_000_003, next_in: 3, window: 30 };
        assert_eq!(first, expected);
        clock.advance_seconds(2);
        let second = limiter.take(&ann).unwrap();
        assert_eq!((second.remaining, second.next_in, second.resets_at), (8, 1, 1_700_000_006));
    }

    #[test]
    fn a_million_addresses_cost_bounded_memory_and_free_nobody_who_is_at_the_limit() {
        let clock = Arc::new(ManualClock::at_millis(1_700_000_000_000));
        let limiter = Limiter::new("address", clock, 60, 3);
        let greedy = u32::MAX;
        for _ in 0..3 {
            limiter.take(&greedy).unwrap();
        }
        for address in 0..1_000_000_u32 {
            limiter.take(&address).unwrap();
        }
        assert!(limiter.buckets.lock().unwrap().len() <= MOST_BUCKETS);
        assert!(limiter.take(&greedy).is_err());
    }
}
