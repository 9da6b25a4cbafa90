//! Time and randomness, handed in so that tests decide both.
//!
//! Timeouts and intervals are tokio's, whose clock tests can pause; here is only an [`Alarm`] that is set anew
//! with every event.

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use tokio::time::{Instant, Sleep, sleep_until};

/// What time it is.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Milliseconds since 1970 (UTC).
    fn now_millis(&self) -> i64;

    /// Seconds since 1970 (UTC).
    fn now_seconds(&self) -> i64 {
        self.now_millis().div_euclid(1000)
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where time comes from")]
    fn now_millis(&self) -> i64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }
}

/// A clock that stands still until it is moved, for tests.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows this many milliseconds since 1970.
    pub fn at_millis(millis: i64) -> Self {
        Self(AtomicI64::new(millis))
    }

    /// Moves it by so many seconds, also back.
    pub fn advance_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now_millis(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Where random bytes come from.
pub trait Dice: fmt::Debug + Send + Sync + 'static {
    /// Fills the buffer.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's generator, fit for keys and secrets.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemDice;

impl Dice for SystemDice {
    #[expect(clippy::disallowed_methods, reason = "the one place where randomness comes from")]
    fn fill(&self, bytes: &mut [u8]) {
        rand::Rng::fill_bytes(&mut rand::rng(), bytes);
    }
}

/// Dice that always roll the same sequence, for tests. Never for secrets.
#[derive(Debug)]
pub struct LoadedDice(AtomicU64);

impl LoadedDice {
    /// The sequence with this number.
    pub fn seeded(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Dice for LoadedDice {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let mut word = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(word ^ (word >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

/// A deadline that is put off again and again, at no cost: the timer behind it is set anew only when it rings too early.
#[derive(Debug)]
pub(crate) struct Alarm {
    due: Instant,
    /// Once somebody has waited.
    timer: Option<Pin<Box<Sleep>>>,
}

impl Alarm {
    /// Rings then.
    pub(crate) fn at(due: Instant) -> Self {
        Self { due, timer: None }
    }

    /// Rings then instead.
    pub(crate) fn set(&mut self, due: Instant) {
        self.due = due;
        self.timer.take_if(|timer| due < timer.deadline());
    }

    /// Ready when it is time.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(self.due)));
        loop {
            ready!(timer.as_mut().poll(context));
            if self.due <= timer.deadline() {
                return Poll::Ready(());
            }
            timer.as_mut().reset(self.due);
        }
    }
}

/// The random part of a new id: 128 bits as 26 characters of `[a-z2-7]`.
pub fn random_id_part(dice: &dyn Dice) -> String {
    let mut bytes = [0; 16];
    dice.fill(&mut bytes);
    base32_lower(&bytes)
}

/// Lower-case base32 (RFC 4648 section 6) without padding.
pub fn base32_lower(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut pending, mut bits) = (0_u32, 0);
    for byte in bytes {
        pending = (pending << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(ALPHABET[(pending >> bits) as usize & 31]));
        }
        pending &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.push(char::from(ALPHABET[(pending << (5 - bits)) as usize & 31]));
    }
    text
}

const RFC_3339: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// Milliseconds since 1970 as RFC 3339 in UTC with milliseconds, as the wire has it.
pub fn rfc3339(millis: i64) -> String {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000)
        .ok()
        .and_then(|at| at.format(RFC_3339).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;

    #[tokio::test(start_paused = true)]
    async fn an_alarm_rings_when_it_was_set_for_last() {
        let begun = Instant::now();
        let seconds = |seconds| begun + std::time::Duration::from_secs(seconds);
        let mut alarm = Alarm::at(seconds(5));
        alarm.set(seconds(20));
        assert!(tokio::time::timeout_at(seconds(10), poll_fn(|context| alarm.poll(context))).await.is_err());
        poll_fn(|context| alarm.poll(context)).await;
        assert_eq!(begun.elapsed().as_secs(), 20);
        alarm.set(seconds(60));
        alarm.set(seconds(30));
        poll_fn(|context| alarm.poll(context)).await;
        assert_eq!(begun.elapsed().as_secs(), 30);
    }

    #[test]
    fn base32_has_the_vectors_of_rfc_4648_in_lower_case() {
        for (bytes, text) in
            [("", ""), ("f", "my"), ("fo", "mzxq"), ("foo", "mzxw6"), ("foob", "mzxw6yq"), ("fooba", "mzxw6ytb"), ("foobar", "mzxw6ytboi")]
        {
            assert_eq!(base32_lower(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn times_are_written_in_utc_with_milliseconds() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(1_700_000_000_007), "2023-11-14T22:13:20.007Z");
    }

    #[test]
    fn two_ids_of_one_pair_of_dice_differ() {
        let dice = LoadedDice::seeded(7);
        assert_ne!(random_id_part(&dice), random_id_part(&dice));
        assert_eq!(random_id_part(&dice).len(), 26);
    }
}
