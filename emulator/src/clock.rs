//! Time and dice, handed in, so that a test needs no waiting and a seed repeats a run.

use futures_util::future::BoxFuture;
use std::fmt::Debug;
use std::ops::RangeInclusive;
use std::time::Duration;
use time::OffsetDateTime;
use time::macros::format_description;
use tokio::sync::watch;

/// Where the emulator reads the time and waits.
pub trait Clock: Debug + Send + Sync + 'static {
    /// Milliseconds since 1970 (UTC).
    fn now_millis(&self) -> u64;

    /// Waits. Zero is over at once.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// The computer's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that is handed in")]
    fn now_millis(&self) -> u64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        if duration.is_zero() { Box::pin(std::future::ready(())) } else { Box::pin(tokio::time::sleep(duration)) }
    }
}

/// A clock that stands still until a test moves it. Clones are the same clock.
#[derive(Debug, Clone)]
pub struct ManualClock {
    now: watch::Sender<u64>,
}

impl ManualClock {
    /// A clock that shows this many milliseconds since 1970 (UTC).
    pub fn at(millis: u64) -> Self {
        Self { now: watch::Sender::new(millis) }
    }

    /// Moves it on; whoever waited for a time up to the new one goes on.
    pub fn advance(&self, duration: Duration) {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        self.now.send_modify(|now| *now = now.saturating_add(millis));
    }
}

impl Default for ManualClock {
    /// The minute of the documents' own example: 2024-01-15T10:30:00Z.
    fn default() -> Self {
        Self::at(1_705_314_600_000)
    }
}

impl Clock for ManualClock {
    fn now_millis(&self) -> u64 {
        *self.now.borrow()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let until = self.now_millis().saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX));
        let mut seen = self.now.subscribe();
        Box::pin(async move {
            let _ = seen.wait_for(|now| *now >= until).await;
        })
    }
}

/// RFC 3339 in UTC with milliseconds, as in the documents: `2025-07-23T17:06:03.675Z`.
pub fn iso(millis: u64) -> String {
    let nanos = i128::from(millis) * 1_000_000;
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    OffsetDateTime::from_unix_timestamp_nanos(nanos).ok().and_then(|at| at.format(&format).ok()).unwrap_or_default()
}

/// `Date` as HTTP writes it (RFC 9110 section 5.6.7).
pub(crate) fn http_date(millis: u64) -> String {
    let format = format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
    let seconds = i64::try_from(millis / 1000).unwrap_or_default();
    OffsetDateTime::from_unix_timestamp(seconds).ok().and_then(|at| at.format(&format).ok()).unwrap_or_default()
}

/// Seeded dice (SplitMix64): the same numbers on every machine and with every release.
#[derive(Debug, Clone)]
pub struct Dice {
    state: u64,
}

impl Dice {
    /// Dice with this seed.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Other dice, decided by these dice's seed and a name, whatever was thrown in between elsewhere.
    pub fn named(seed: u64, name: &str) -> Self {
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        let mut dice = Self::new(seed ^ hash);
        dice.throw();
        dice
    }

    /// The next 64 bits.
    pub fn throw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in this range.
    pub fn within(&mut self, range: &RangeInclusive<u64>) -> u64 {
        let width = range.end().saturating_sub(*range.start()).saturating_add(1).max(1);
        range.start() + self.throw() % width
    }

    /// Whether something with this probability (0 to 1) happens.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    pub fn chance(&mut self, probability: f64) -> bool {
        ((self.throw() >> 11) as f64) / ((1_u64 << 53) as f64) < probability
    }

    /// This many of `[A-Za-z0-9]`.
    pub fn alphanumeric(&mut self, count: usize) -> String {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        (0..count).map(|_| char::from(LETTERS[usize::try_from(self.throw() % 62).unwrap_or_default()])).collect()
    }
}

/// A UUID (version 4) of these dice.
pub(crate) fn uuid(dice: &mut Dice) -> String {
    let (a, b) = (dice.throw(), dice.throw());
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        a >> 32,
        (a >> 16) & 0xffff,
        a & 0xfff,
        0x8000 | (b >> 48) & 0x3fff,
        b & 0xffff_ffff_ffff
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_in_the_documents() {
        assert_eq!(iso(1_753_290_363_675), "2025-07-23T17:06:03.675Z");
    }

    #[test]
    fn http_dates_are_as_in_the_rfc() {
        assert_eq!(http_date(784_111_777_000), "Sun, 06 Nov 1994 08:49:37 GMT");
    }

    #[test]
    fn the_same_seed_throws_the_same_numbers() {
        let throw = |seed| (0..5).map(|_| 0).scan(Dice::named(seed, "a"), |dice, _| Some(dice.throw())).collect::<Vec<_>>();
        assert_eq!(throw(7), throw(7));
        assert_ne!(throw(7), throw(8));
        assert_ne!(Dice::named(7, "a").throw(), Dice::named(7, "b").throw());
    }

    #[tokio::test]
    async fn a_manual_clock_wakes_whoever_waited_long_enough() {
        let clock = ManualClock::default();
        let mut waiting = clock.sleep(Duration::from_millis(20));
        clock.advance(Duration::from_millis(19));
        assert!(futures_util::poll!(&mut waiting).is_pending());
        clock.advance(Duration::from_millis(1));
        waiting.await;
    }
}
