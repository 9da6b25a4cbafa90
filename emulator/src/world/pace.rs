//! How quickly answers come, and the pieces they come in.

use crate::clock::{Clock, Dice};
use axum::body::Body;
use bytes::Bytes;
use futures_util::StreamExt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// How quickly answers come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// The most characters a delta has; each has 1 to this many, by seed.
    pub chars: u32,
    /// The time between two deltas on average; each varies by half of it, by seed.
    pub interval: Duration,
    /// The most time before the first delta; half to all of it, by seed.
    pub thinking: Duration,
}

impl Pace {
    /// About as a large model writes: 30 deltas and 270 characters a second after a second of thought.
    pub const REAL: Self = Self { chars: 18, interval: Duration::from_millis(33), thinking: Duration::from_millis(1200) };
    /// Everything at once, for tests.
    pub const INSTANT: Self = Self { chars: 18, interval: Duration::ZERO, thinking: Duration::ZERO };

    pub(crate) fn thinking(self, dice: &mut Dice) -> Duration {
        self.thinking / 2 + fraction(self.thinking / 2, dice)
    }

    pub(crate) fn next_delta(self, dice: &mut Dice) -> Duration {
        self.interval / 2 + fraction(self.interval, dice)
    }
}

fn fraction(duration: Duration, dice: &mut Dice) -> Duration {
    let thousandths = u32::try_from(dice.within(&(0..=1000))).unwrap_or_default();
    duration * thousandths / 1000
}

/// Bytes, and how long to wait before them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) wait: Duration,
    pub(crate) bytes: Bytes,
}

/// A body that sends each frame when its wait is over. `endless`: the last but one comes again and again.
pub(crate) fn paced(frames: Vec<Frame>, endless: bool, clock: Arc<dyn Clock>) -> Body {
    let again = if endless { frames.get(frames.len().saturating_sub(2)).cloned() } else { None };
    let last = if again.is_some() { frames.len() - 1 } else { frames.len() };
    let told = futures_util::stream::iter(frames.into_iter().take(last));
    let again = futures_util::stream::iter(again.into_iter().flat_map(|frame| std::iter::repeat_with(move || frame.clone())));
    Body::from_stream(told.chain(again).then(move |frame| {
        let wait = clock.sleep(frame.wait);
        async move {
            wait.await;
            // So that an endless body without waits lets others have their turn.
            tokio::task::yield_now().await;
            Ok::<_, io::Error>(frame.bytes)
        }
    }))
}

/// The text in pieces of 1 to `most` characters: in the middle of words and of Markdown.
pub(crate) fn cut<'a>(text: &'a str, most: u32, dice: &mut Dice) -> Vec<&'a str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let count = usize::try_from(dice.within(&(1..=u64::from(most.max(1))))).unwrap_or(1);
        let end = rest.char_indices().nth(count).map_or(rest.len(), |(at, _)| at);
        let (piece, after) = rest.split_at(end);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pieces_are_the_text() {
        let text = "Xin chào 👋🏽, **đậm** `mã`";
        for seed in 0..50 {
            assert_eq!(cut(text, 7, &mut Dice::new(seed)).concat(), text);
        }
    }
}
