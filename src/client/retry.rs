//! When to try again.

/// The first wait, unless the server says otherwise.
pub(super) const BASE_MILLIS: u32 = 500;

/// Waiting times that double from try to try, up to a cap, each shortened by chance to between
/// half and all of it, so that the visitors of a restarted proxy do not come back all at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Backoff {
    base: u32,
    cap: u32,
    tries: u32,
}

impl Default for Backoff {
    /// From half a second to 20 seconds.
    fn default() -> Self {
        Self { base: BASE_MILLIS, cap: 20_000, tries: 0 }
    }
}

impl Backoff {
    /// How often it failed since the last success.
    pub(super) fn tries(&self) -> u32 {
        self.tries
    }

    /// The server's own word for the first wait (`retry:`), in milliseconds.
    pub(super) fn set_base(&mut self, millis: u32) {
        self.base = millis.clamp(100, self.cap);
    }

    /// It worked.
    pub(super) fn reset(&mut self) {
        self.tries = 0;
    }

    /// How long to wait before the next try, in milliseconds. `chance` is even over all values;
    /// `at_least` is what the server asked for (`Retry-After`), which even the cap does not shorten.
    pub(super) fn next_delay(&mut self, chance: u32, at_least: u32) -> u32 {
        let full = self.base.saturating_mul(1 << self.tries.min(16)).min(self.cap);
        self.tries = self.tries.saturating_add(1);
        let half = full / 2;
        (half + (u64::from(chance) * u64::from(half) / u64::from(u32::MAX)) as u32).max(at_least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn waits_double_up_to_the_cap_and_begin_anew_after_a_success() {
        let mut backoff = Backoff::default();
        let delays: Vec<u32> = (0..8).map(|_| backoff.next_delay(u32::MAX, 0)).collect();
        assert_eq!(delays, [500, 1000, 2000, 4000, 8000, 16_000, 20_000, 20_000]);
        backoff.reset();
        assert_eq!(backoff.next_delay(0, 0), 250);
        assert_eq!(backoff.next_delay(0, 60_000), 60_000);
    }

    proptest! {
        #[test]
        fn a_wait_is_never_nothing_and_never_beyond_the_cap(chances in prop::collection::vec(any::<u32>(), 1..100), base in any::<u32>()) {
            let mut backoff = Backoff::default();
            backoff.set_base(base);
            for chance in chances {
                prop_assert!((50..=20_000).contains(&backoff.next_delay(chance, 0)));
            }
        }
    }
}
