//! Nonces for proofs (RFC 9449 sections 8 and 9): proofs cannot be made ahead of time, and none that
//! an earlier process has seen is good for this one, although what was used is forgotten with it.
//!
//! Nothing is kept: a nonce is a function of the time and of a key that each process makes for itself.

use super::jws::encode;
use crate::clock::Dice;
use ring::hmac;

/// A nonce is handed out for so many seconds, and good for as many more.
const ROTATION_SECONDS: i64 = 300;
/// How much of the function's value is handed out: 128 bits.
const BYTES: usize = 16;

/// Makes nonces and knows them again.
pub(super) struct Nonces {
    key: hmac::Key,
}

impl Nonces {
    /// With a key of its own.
    pub(super) fn new(dice: &dyn Dice) -> Self {
        let mut key = [0; 32];
        dice.fill(&mut key);
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, &key) }
    }

    /// The one to hand out at this time, in seconds since 1970.
    pub(super) fn current(&self, now: i64) -> String {
        self.of(now.div_euclid(ROTATION_SECONDS))
    }

    /// Whether it is the one handed out now or the one before. Everybody is given it for the asking,
    /// so how long the comparison takes tells nothing.
    pub(super) fn accepts(&self, unverified_nonce: &str, now: i64) -> bool {
        let period = now.div_euclid(ROTATION_SECONDS);
        [period, period - 1].into_iter().any(|period| self.of(period) == unverified_nonce)
    }

    fn of(&self, period: i64) -> String {
        encode(&hmac::sign(&self.key, &period.to_be_bytes()).as_ref()[..BYTES])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::LoadedDice;

    #[test]
    fn a_nonce_is_good_from_five_to_ten_minutes_and_only_where_it_was_made() {
        let (mine, other) = (Nonces::new(&LoadedDice::seeded(1)), Nonces::new(&LoadedDice::seeded(2)));
        let nonce = mine.current(3000);
        assert_eq!(nonce, mine.current(3299));
        assert_ne!(nonce, mine.current(3300));
        for (now, good) in [(2999, false), (3000, true), (3299, true), (3300, true), (3599, true), (3600, false)] {
            assert_eq!(mine.accepts(&nonce, now), good, "{now}");
        }
        assert!(!other.accepts(&nonce, 3000));
        assert!(!mine.accepts("", 3000));
        assert!(nonce.len() == 22 && nonce.is_ascii());
    }
}
