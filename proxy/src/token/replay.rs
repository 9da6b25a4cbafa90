//! Proofs are good once.
//!
//! What was used is never forgotten while it could be used again. Where there is no room, proofs are
//! refused instead: first those of whoever sends the most. One key has room for as many as its visitor
//! may make requests; when half of all room is taken, for a few only; when all is taken, for none.

use super::proof::WINDOW_SECONDS;
use ring::digest::{Context, SHA256};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

/// How many proofs are remembered in all; about 100 bytes each.
const CAPACITY: usize = 200_000;
/// How many of one key's, however little its visitor may do, and when there are too many keys.
const LEAST_PER_KEY: usize = 64;
/// A proof from the far end of the future is good for twice the window.
pub(super) const KEPT_SECONDS: i64 = 2 * WINDOW_SECONDS;

/// What became of a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// It was not used before; now it is.
    First,
    /// It was used before.
    Again,
    /// Nobody can say so in two minutes' time: there is no room for it.
    NoRoom,
}

/// Which proofs were used, for as long as they could be used again. Bounded.
#[derive(Debug)]
pub(super) struct ReplayMemory {
    seen: Mutex<Seen>,
    capacity: usize,
    per_key: usize,
}

type Mark = [u8; 16];

#[derive(Debug, Default)]
struct Seen {
    proofs: HashSet<Mark>,
    per_key: HashMap<Mark, usize>,
    oldest_first: VecDeque<Entry>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    proof: Mark,
    key: Mark,
    until: i64,
}

impl Seen {
    /// Forgets what can no longer be used, and what is from a future that the clock has left again.
    fn forget_old(&mut self, now: i64) {
        let is_old = |entry: &Entry| entry.until < now || entry.until > now + KEPT_SECONDS;
        while let Some(Entry { proof, key, .. }) = self.oldest_first.pop_front_if(|entry| is_old(entry)) {
            self.proofs.remove(&proof);
            match self.per_key.get_mut(&key) {
                Some(count) if *count > 1 => *count -= 1,
                _ => drop(self.per_key.remove(&key)),
            }
        }
    }
}

impl ReplayMemory {
    /// A memory for visitors who may make so many requests per minute.
    pub(super) fn new(requests_per_minute: u32) -> Self {
        // A whole allowance at once, and what grows back in the two minutes that a proof is kept.
        Self::with_room(CAPACITY, (requests_per_minute as usize).saturating_mul(3).clamp(LEAST_PER_KEY, CAPACITY / 4))
    }

    /// A memory for so many proofs in all, and of one key.
    pub(super) fn with_room(capacity: usize, per_key: usize) -> Self {
        Self { seen: Mutex::default(), capacity, per_key }
    }

    /// Uses this key's proof with this `jti`, at this time in seconds since 1970.
    pub(super) fn remember(&self, jkt: &str, jti: &str, now: i64) -> Use {
        let (key, proof) = (mark(&[jkt]), mark(&[jkt, jti]));
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.forget_old(now);
        if seen.proofs.contains(&proof) {
            return Use::Again;
        }
        let of_key = seen.per_key.get(&key).copied().unwrap_or(0);
        let crowded = seen.proofs.len() >= self.capacity / 2;
        let room = if crowded { LEAST_PER_KEY.min(self.per_key) } else { self.per_key };
        if of_key >= room || seen.proofs.len() >= self.capacity {
            return Use::NoRoom;
        }
        seen.proofs.insert(proof);
        seen.per_key.insert(key, of_key + 1);
        seen.oldest_first.push_back(Entry { proof, key, until: now + KEPT_SECONDS });
        Use::First
    }
}

fn mark(parts: &[&str]) -> Mark {
    let mut hash = Context::new(&SHA256);
    for part in parts {
        hash.update(part.as_bytes());
        hash.update(&[0]);
    }
    let mut mark = [0; 16];
    mark.copy_from_slice(&hash.finish().as_ref()[..16]);
    mark
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(memory: &ReplayMemory, key: &str, from: usize, count: usize) -> Vec<Use> {
        (from..from + count).map(|jti| memory.remember(key, &jti.to_string(), 0)).collect()
    }

    #[test]
    fn a_jti_is_good_once_per_key_until_no_proof_with_it_can_be_good() {
        let memory = ReplayMemory::new(240);
        assert_eq!(memory.remember("key", "a", 1000), Use::First);
        assert_eq!(memory.remember("key", "a", 1000 + KEPT_SECONDS), Use::Again);
        assert_eq!(memory.remember("other key", "a", 1000), Use::First);
        assert_eq!(memory.remember("key", "a", 1001 + KEPT_SECONDS), Use::First);
    }

    #[test]
    fn who_floods_the_memory_is_refused_and_nobodys_proofs_are_forgotten() {
        let memory = ReplayMemory::with_room(1000, 100);
        assert_eq!(memory.remember("visitor", "a", 0), Use::First);
        let flood = used(&memory, "flooder", 0, 5000);
        assert!(flood[..100].iter().all(|used| *used == Use::First));
        assert!(flood[100..].iter().all(|used| *used == Use::NoRoom));
        assert_eq!(memory.remember("flooder", "0", 0), Use::Again, "what was used stays used");
        assert_eq!(memory.remember("visitor", "a", 0), Use::Again);
        assert_eq!(memory.remember("visitor", "b", 0), Use::First);
        assert_eq!(memory.remember("flooder", "x", 1 + KEPT_SECONDS), Use::First, "two minutes later there is room again");
    }

    #[test]
    fn in_a_crowd_there_is_room_for_a_few_of_everybodys() {
        let memory = ReplayMemory::with_room(1000, 100);
        for flooder in 0..5 {
            used(&memory, &format!("flooder {flooder}"), 0, 100);
        }
        let sixth = used(&memory, "flooder 5", 0, 100);
        assert_eq!(sixth.iter().filter(|used| **used == Use::First).count(), LEAST_PER_KEY);
        assert_eq!(memory.remember("flooder 0", "x", 0), Use::NoRoom);
        assert_eq!(memory.remember("visitor", "a", 0), Use::First);
    }

    #[test]
    fn a_full_memory_refuses_everything_new_grows_no_further_and_empties_itself() {
        let memory = ReplayMemory::with_room(100, 100);
        for key in 0..300 {
            memory.remember(&key.to_string(), "a", 0);
        }
        assert_eq!(memory.remember("visitor", "a", 0), Use::NoRoom);
        assert_eq!(memory.remember("0", "a", 0), Use::Again);
        {
            let seen = memory.seen.lock().unwrap();
            assert_eq!((seen.proofs.len(), seen.per_key.len(), seen.oldest_first.len()), (100, 100, 100));
        }
        assert_eq!(memory.remember("visitor", "a", 1 + KEPT_SECONDS), Use::First);
        let seen = memory.seen.lock().unwrap();
        assert_eq!((seen.proofs.len(), seen.per_key.len(), seen.oldest_first.len()), (1, 1, 1));
    }

    #[test]
    fn a_clock_that_was_set_to_the_future_and_back_leaves_room() {
        let memory = ReplayMemory::with_room(2, 2);
        memory.remember("key", "a", 1_000_000);
        memory.remember("key", "b", 1_000_000);
        assert_eq!(memory.remember("key", "c", 0), Use::First);
    }
}
