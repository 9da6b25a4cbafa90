//! Proofs are good once.

use super::proof::WINDOW_SECONDS;
use ring::digest::{Context, SHA256};
use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

/// How many proofs are remembered; 16 bytes each, twice.
const CAPACITY: usize = 200_000;

/// Which proofs were used, for as long as they could be used again.
///
/// Bounded: whoever sends more than the capacity within two minutes makes it forget the oldest,
/// which shortens the time in which a stolen proof is noticed, never the checks on it.
#[derive(Debug)]
pub(super) struct ReplayMemory {
    seen: Mutex<Seen>,
    capacity: usize,
}

#[derive(Debug, Default)]
struct Seen {
    marks: HashSet<[u8; 16]>,
    oldest_first: VecDeque<([u8; 16], i64)>,
}

impl Seen {
    fn forget_oldest(&mut self) {
        if let Some((oldest, _)) = self.oldest_first.pop_front() {
            self.marks.remove(&oldest);
        }
    }
}

impl Default for ReplayMemory {
    fn default() -> Self {
        Self::with_capacity(CAPACITY)
    }
}

impl ReplayMemory {
    /// A memory for so many proofs.
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self { seen: Mutex::default(), capacity }
    }

    /// Whether this key did not use this `jti` before; now it has.
    pub(super) fn remember(&self, jkt: &str, jti: &str, now: i64) -> bool {
        let mark = mark(jkt, jti);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        while seen.oldest_first.front().is_some_and(|(_, until)| *until < now) {
            seen.forget_oldest();
        }
        if seen.marks.contains(&mark) {
            return false;
        }
        if seen.marks.len() >= self.capacity {
            seen.forget_oldest();
        }
        seen.marks.insert(mark);
        // A proof from the far end of the future is good for twice the window.
        seen.oldest_first.push_back((mark, now + 2 * WINDOW_SECONDS));
        true
    }
}

fn mark(jkt: &str, jti: &str) -> [u8; 16] {
    let mut hash = Context::new(&SHA256);
    hash.update(jkt.as_bytes());
    hash.update(&[0]);
    hash.update(jti.as_bytes());
    let mut mark = [0; 16];
    mark.copy_from_slice(&hash.finish().as_ref()[..16]);
    mark
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jti_is_good_once_per_key_until_no_proof_with_it_can_be_good() {
        let memory = ReplayMemory::default();
        assert!(memory.remember("key", "a", 1000));
        assert!(!memory.remember("key", "a", 1000 + 2 * WINDOW_SECONDS));
        assert!(memory.remember("other key", "a", 1000));
        assert!(memory.remember("key", "a", 1001 + 2 * WINDOW_SECONDS));
    }

    #[test]
    fn a_full_memory_forgets_the_oldest_and_grows_no_further() {
        let memory = ReplayMemory::with_capacity(3);
        for jti in ["a", "b", "c", "d"] {
            assert!(memory.remember("key", jti, 0));
        }
        assert!(!memory.remember("key", "d", 0));
        let seen = memory.seen.lock().unwrap();
        assert_eq!((seen.marks.len(), seen.oldest_first.len()), (3, 3));
    }
}
