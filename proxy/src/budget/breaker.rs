//! Whether an upstream is asked at all. Pure: time is handed in.
//!
//! Two things can be wrong. It fails: then it is left alone for 5 s, twice as long each time, up to a
//! minute. It refuses the key: then nothing is sent for half a minute, up to ten; lists of twins, which a
//! key that may only read can have, are still asked for. Either way one request on trial decides.

use super::refusal::{Refusal, seconds};
use std::collections::VecDeque;

/// Outcomes are looked at for so long, in milliseconds.
const LOOKED_AT: i64 = 30_000;
/// So many there must be.
const ENOUGH: usize = 10;
/// The pause after failures, from and to.
const PAUSE: (i64, i64) = (5_000, 60_000);
/// The pause after a refused key, from and to.
const KEY_PAUSE: (i64, i64) = (30_000, 600_000);

/// What a request came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Whatever it said, it said it.
    Fine,
    /// No connection, no answer in time, or a 5xx.
    Failed,
    /// 401, or 403.
    KeyRefused,
}

/// What a request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Only asks.
    Read,
    /// Changes something: a key that may only read cannot.
    Write,
}

/// What the operator should hear of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    LeftAlone,
    Recovered,
    KeyRefused,
    KeyAccepted,
}

/// A pause that is ended by one request on trial.
#[derive(Debug, Clone, Copy)]
struct Pause {
    until: i64,
    in_row: u32,
    on_trial: bool,
}

impl Pause {
    fn new(now: i64, in_row: u32, (from, to): (i64, i64)) -> Self {
        Self { until: now + (from << in_row.min(10)).min(to), in_row, on_trial: false }
    }

    /// Milliseconds until a trial may begin; none when it may now.
    fn left(&self, now: i64) -> Option<i64> {
        match self.until - now {
            // One is under way: it will be known soon.
            _ if self.on_trial => Some((self.until - now).max(1000)),
            left if left > 0 => Some(left),
            _ => None,
        }
    }
}

/// Which trials a request is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Trial {
    failing: bool,
    key: bool,
}

#[derive(Debug, Default)]
pub(super) struct Breaker {
    outcomes: VecDeque<(i64, bool)>,
    failing: Option<Pause>,
    key: Option<Pause>,
}

impl Breaker {
    /// Whether a request may go now.
    pub(super) fn check(&self, kind: Kind, now: i64) -> Result<(), Refusal> {
        if let Some(left) = self.key.as_ref().filter(|_| kind == Kind::Write).and_then(|pause| pause.left(now)) {
            return Err(Refusal::KeyRefused { retry_after: seconds(left) });
        }
        match self.failing.as_ref().and_then(|pause| pause.left(now)) {
            Some(left) => Err(Refusal::Failing { retry_after: seconds(left) }),
            None => Ok(()),
        }
    }

    /// The same, for one that goes at once.
    pub(super) fn admit(&mut self, kind: Kind, now: i64) -> Result<Trial, Refusal> {
        self.check(kind, now)?;
        let on_trial = |pause: &mut Option<Pause>| pause.as_mut().map(|pause| pause.on_trial = true).is_some();
        Ok(Trial { failing: on_trial(&mut self.failing), key: kind == Kind::Write && on_trial(&mut self.key) })
    }

    /// It was given up before anything was known of it.
    pub(super) fn forget(&mut self, trial: Trial) {
        if let Some(pause) = self.failing.as_mut().filter(|_| trial.failing) {
            pause.on_trial = false;
        }
        if let Some(pause) = self.key.as_mut().filter(|_| trial.key) {
            pause.on_trial = false;
        }
    }

    /// What it came to.
    pub(super) fn record(&mut self, (kind, trial): (Kind, Trial), outcome: Outcome, now: i64) -> Option<News> {
        self.forget(trial);
        let key = self.record_key((kind, trial), outcome, now);
        self.record_failing(trial, outcome, now).or(key)
    }

    fn record_key(&mut self, (kind, trial): (Kind, Trial), outcome: Outcome, now: i64) -> Option<News> {
        match (outcome, &self.key) {
            (Outcome::KeyRefused, None) => {
                self.key = Some(Pause::new(now, 0, KEY_PAUSE));
                Some(News::KeyRefused)
            }
            (Outcome::KeyRefused, Some(pause)) if trial.key => {
                self.key = Some(Pause::new(now, pause.in_row + 1, KEY_PAUSE));
                None
            }
            (Outcome::Fine, Some(_)) if kind == Kind::Write => {
                self.key = None;
                Some(News::KeyAccepted)
            }
            _ => None,
        }
    }

    fn record_failing(&mut self, trial: Trial, outcome: Outcome, now: i64) -> Option<News> {
        let failed = outcome == Outcome::Failed;
        match &self.failing {
            Some(pause) if trial.failing && failed => {
                self.failing = Some(Pause::new(now, pause.in_row + 1, PAUSE));
                None
            }
            Some(_) if trial.failing => {
                self.failing = None;
                self.outcomes.clear();
                Some(News::Recovered)
            }
            // Asked before the pause began: it says nothing about now.
            Some(_) => None,
            None => {
                self.outcomes.retain(|(at, _)| at + LOOKED_AT > now && *at <= now);
                self.outcomes.push_back((now, failed));
                let failures = self.outcomes.iter().filter(|(_, failed)| *failed).count();
                if self.outcomes.len() < ENOUGH || failures * 2 < self.outcomes.len() {
                    return None;
                }
                self.failing = Some(Pause::new(now, 0, PAUSE));
                self.outcomes.clear();
                Some(News::LeftAlone)
            }
        }
    }

    /// 0 asks, 1 on trial, 2 does not ask.
    pub(super) fn state(&self, now: i64) -> f64 {
        match [self.failing, self.key].iter().flatten().map(|pause| pause.until > now).max() {
            None => 0.0,
            Some(false) => 1.0,
            Some(true) => 2.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GO: (Kind, Trial) = (Kind::Write, Trial { failing: false, key: false });

    fn failing(now: i64) -> Breaker {
        let mut breaker = Breaker::default();
        for index in 0..10 {
            let outcome = if index % 2 == 0 { Outcome::Fine } else { Outcome::Failed };
            let news = breaker.record(GO, outcome, now);
            assert_eq!(news, (index == 9).then_some(News::LeftAlone));
        }
        breaker
    }

    #[test]
    fn half_of_ten_failures_in_half_a_minute_leave_it_alone_and_less_do_not() {
        let mut breaker = Breaker::default();
        for index in 0..9 {
            assert_eq!(breaker.record(GO, Outcome::Failed, index), None);
        }
        assert_eq!(breaker.record(GO, Outcome::Failed, 31_000), None, "the others are too long ago");
        assert_eq!(failing(0).check(Kind::Read, 1), Err(Refusal::Failing { retry_after: 5 }));
        let mut breaker = Breaker::default();
        for index in 0..100 {
            let outcome = if index % 3 == 0 { Outcome::Failed } else { Outcome::Fine };
            assert_eq!(breaker.record(GO, outcome, index), None);
        }
    }

    #[test]
    fn one_request_on_trial_decides_and_the_pause_doubles_up_to_a_minute() {
        let mut now = 0;
        let mut breaker = failing(now);
        for pause in [5_000, 10_000, 20_000, 40_000, 60_000, 60_000] {
            assert!(breaker.check(Kind::Read, now + pause - 1).is_err());
            now += pause;
            let trial = breaker.admit(Kind::Write, now).unwrap();
            assert!(breaker.admit(Kind::Write, now).is_err(), "one at a time");
            assert_eq!(breaker.record((Kind::Write, trial), Outcome::Failed, now), None);
        }
        now += 60_000;
        let trial = breaker.admit(Kind::Write, now).unwrap();
        breaker.forget(trial);
        let trial = breaker.admit(Kind::Write, now).unwrap();
        assert_eq!(breaker.state(now), 1.0);
        assert_eq!(breaker.record(GO, Outcome::Fine, now), None, "an answer to an older request decides nothing");
        assert_eq!(breaker.record((Kind::Write, trial), Outcome::Fine, now), Some(News::Recovered));
        assert_eq!((breaker.check(Kind::Write, now), breaker.state(now)), (Ok(()), 0.0));
    }

    #[test]
    fn a_refused_key_stops_sends_and_not_lists_and_is_told_once() {
        let mut breaker = Breaker::default();
        assert_eq!(breaker.record(GO, Outcome::KeyRefused, 0), Some(News::KeyRefused));
        assert_eq!(breaker.check(Kind::Write, 1), Err(Refusal::KeyRefused { retry_after: 30 }));
        let list = breaker.admit(Kind::Read, 1).unwrap();
        assert_eq!(breaker.record((Kind::Read, list), Outcome::Fine, 1), None, "a list proves nothing about sends");
        assert!(breaker.check(Kind::Write, 2).is_err());
        let trial = breaker.admit(Kind::Write, 30_000).unwrap();
        assert_eq!(breaker.record((Kind::Write, trial), Outcome::KeyRefused, 30_000), None);
        assert_eq!(breaker.check(Kind::Write, 30_000), Err(Refusal::KeyRefused { retry_after: 60 }));
        let trial = breaker.admit(Kind::Write, 90_000).unwrap();
        assert_eq!(breaker.record((Kind::Write, trial), Outcome::Fine, 90_000), Some(News::KeyAccepted));
        assert!(breaker.check(Kind::Write, 90_000).is_ok());
    }
}
