//! Which of many messages are drawn: those in sight and some around them. The others are two empty
//! stretches, as high as the messages were when they were drawn, or else as high as they are on average.

use std::collections::HashMap;
use std::ops::Range;

/// Up to so many messages are all drawn.
const ALL: usize = 60;
/// So far beyond what is in sight (in pixels) messages are drawn.
const AROUND: f64 = 900.0;
/// So near to the end of what is drawn, more is.
const NEAR: f64 = 400.0;
/// How high a message is before any was measured.
const GUESS: f64 = 96.0;

/// How high each message is, as far as that is known.
#[derive(Debug, Default)]
pub(crate) struct Heights {
    known: HashMap<String, f64>,
    sum: f64,
    rows: Vec<f64>,
}

impl Heights {
    /// These are the messages now.
    pub(crate) fn set_rows<'a>(&mut self, keys: impl Iterator<Item = &'a str>) {
        let average = if self.known.is_empty() { GUESS } else { self.sum / self.known.len() as f64 };
        self.rows = keys.map(|key| self.known.get(key).copied().unwrap_or(average)).collect();
    }

    /// The message at this place is so high.
    pub(crate) fn measured(&mut self, at: usize, key: &str, height: f64) {
        let before = self.known.insert(key.to_owned(), height).unwrap_or_default();
        self.sum += height - before;
        if let Some(row) = self.rows.get_mut(at) {
            *row = height;
        }
    }

    /// How high these are together.
    pub(crate) fn of(&self, range: Range<usize>) -> f64 {
        self.rows.get(range).map_or(0.0, |rows| rows.iter().sum())
    }

    /// The messages to draw, when what is between `top` and `bottom` is in sight and `drawn` is drawn now.
    pub(crate) fn wanted(&self, drawn: &Range<usize>, top: f64, bottom: f64) -> Range<usize> {
        if self.rows.len() <= ALL {
            return 0..self.rows.len();
        }
        let needed = self.between(top - NEAR, bottom + NEAR);
        let covered = drawn.start <= needed.start && needed.end <= drawn.end && drawn.end <= self.rows.len();
        let wide = self.between(top - AROUND * 2.0, bottom + AROUND * 2.0);
        let roomy = drawn.start >= wide.start && drawn.end <= wide.end;
        if covered && roomy { drawn.clone() } else { self.between(top - AROUND, bottom + AROUND) }
    }

    /// The last messages, as many as fit into this height and some more.
    pub(crate) fn last(&self, height: f64) -> Range<usize> {
        let whole = self.of(0..self.rows.len());
        self.wanted(&(0..0), whole - height, whole)
    }

    /// The messages around this one.
    pub(crate) fn around(&self, at: usize, height: f64) -> Range<usize> {
        let top = self.of(0..at);
        self.wanted(&(0..0), top - height, top + height)
    }

    fn between(&self, top: f64, bottom: f64) -> Range<usize> {
        let mut end_of_row = 0.0;
        let mut start = self.rows.len();
        for (at, height) in self.rows.iter().enumerate() {
            let start_of_row = end_of_row;
            end_of_row += height;
            if start == self.rows.len() && end_of_row > top {
                start = at;
            }
            if start_of_row > bottom {
                return start.min(at)..at.max(1);
            }
        }
        // Beyond the end: the last one at least.
        start.min(self.rows.len().saturating_sub(1))..self.rows.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heights(count: usize) -> Heights {
        let mut heights = Heights::default();
        let keys: Vec<String> = (0..count).map(|at| at.to_string()).collect();
        heights.set_rows(keys.iter().map(String::as_str));
        heights
    }

    #[test]
    fn few_messages_are_all_drawn_and_of_many_those_in_sight_and_around_it() {
        assert_eq!(heights(60).wanted(&(0..0), 0.0, 600.0), 0..60);
        let many = heights(10_000);
        let drawn = many.wanted(&(0..0), 480_000.0, 480_600.0);
        assert!(drawn.len() < 30 && drawn.contains(&5000) && drawn.contains(&5006), "{drawn:?}");
        assert_eq!(many.last(600.0).end, 10_000);
        assert!(many.around(17, 600.0).contains(&17));
    }

    #[test]
    fn a_little_scrolling_draws_nothing_anew_and_much_does() {
        let many = heights(10_000);
        let drawn = many.wanted(&(0..0), 480_000.0, 480_600.0);
        assert_eq!(many.wanted(&drawn, 480_300.0, 480_900.0), drawn);
        assert_ne!(many.wanted(&drawn, 481_000.0, 481_600.0), drawn);
    }

    #[test]
    fn what_was_measured_is_kept_when_older_messages_come_in_above() {
        let mut heights = heights(100);
        heights.measured(0, "0", 500.0);
        let keys: Vec<String> = ["older".to_owned()].into_iter().chain((0..100).map(|at| at.to_string())).collect();
        heights.set_rows(keys.iter().map(String::as_str));
        assert_eq!(heights.of(1..2).round(), 500.0);
        assert_eq!(heights.of(0..1).round(), 500.0, "the average of what is known");
    }

    #[test]
    fn no_place_is_beyond_the_end() {
        for count in [0, 1, 61, 1000] {
            let heights = heights(count);
            for top in [-5000.0, 0.0, 96_000.0, 1e9] {
                let drawn = heights.wanted(&(0..count), top, top + 600.0);
                assert!(drawn.start <= drawn.end && drawn.end <= count && (count == 0 || !drawn.is_empty()), "{count} {top} {drawn:?}");
            }
        }
    }
}
