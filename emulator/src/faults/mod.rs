//! What goes wrong, by seed.
//!
//! A [`Rule`] says what ([`Fault`]), to which requests and how often. Faults on bytes (`body`) work
//! on any answer; faults on events are carried out where the events are written.
//! Deliberately absent: HTTP and the text of error bodies.

mod body;
mod leak;
mod manner;

pub(crate) use body::Faulty;
pub use leak::Leak;
pub use manner::Manner;

use crate::clock::{Clock, Dice};
use serde::{Deserialize, Serialize};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// One thing that can go wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Fault {
    /// The body ends after so many bytes. An answer shorter than that is not cut.
    Cut {
        /// Bytes of the body that still arrive. Absent: 1 to 2000, by seed.
        #[serde(default)]
        after_bytes: Option<u64>,
        /// How it ends.
        #[serde(default)]
        ending: CutEnding,
    },
    /// The body pauses after so many bytes, until released or until the time is over.
    Stall {
        /// Bytes of the body that arrive before the pause.
        #[serde(default)]
        after_bytes: u64,
        /// How long. Absent: until released.
        #[serde(default)]
        millis: Option<u64>,
    },
    /// No answer at all, until released or until the time is over; then the usual one.
    Hang {
        /// How long. Absent: until released.
        #[serde(default)]
        millis: Option<u64>,
    },
    /// HTTP 429 with `Retry-After`.
    RateLimit {
        /// Seconds. Default 30.
        #[serde(default = "thirty")]
        retry_after: u64,
    },
    /// An HTTP error, or a redirect to `/elsewhere` on the same port.
    ServerError {
        /// 300 to 599. Default 500.
        #[serde(default = "five_hundred")]
        status: u16,
        /// In which words.
        #[serde(default)]
        body: ErrorStyle,
    },
    /// One frame of the stream is broken. TwinExpert and OpenAI.
    Malformed {
        /// In which way.
        what: Malformation,
        /// Which frame, from 0. Absent: by seed.
        #[serde(default)]
        at_event: Option<usize>,
    },
    /// Every character of several bytes is split over two chunks.
    SplitUtf8,
    /// No `event:` fields; the name stands in the data, as `type`.
    NameInData,
    /// Data is the bare text in place of JSON. OpenAI: the answer comes at once, though a stream was asked for.
    PlainText,
    /// `data: [DONE]` ends the stream. OpenAI: it does not.
    Done,
    /// `complete` comes without the whole text. OpenAI: the end is `[DONE]` alone.
    BareComplete,
    /// The stream ends in order, but without `complete`.
    NoComplete,
    /// An `error` event in place of the rest.
    ErrorEvent {
        /// How many deltas come before it. Default 3.
        #[serde(default = "three")]
        after_deltas: usize,
    },
    /// The stream never ends: its last delta comes again and again. KamiMind and OpenAI.
    Endless,
    /// One piece of the stream never ends: text without a line's or a value's end. KamiMind.
    EndlessFrame,
    /// `Content-Length` is wrong by so many bytes: the body is cut, or breaks off before its end. Any API.
    LyingLength {
        /// Bytes too many, or too few when negative.
        by: i64,
    },
    /// The model thinks aloud before it answers, in `reasoning_content`. OpenAI.
    Thinks,
    /// The answer has a second choice, with other words. OpenAI.
    Choices,
    /// `success: false` under HTTP 200. KamiMind.
    Refused,
    /// KamiMind's answer names another conversation than it was asked in; Teams' messages have other ids each time.
    ChangedIds,
    /// Everybody's messages are listed, whatever the filters say. Teams.
    IgnoredFilters,
    /// Messages say that they stand in other rooms. Teams.
    WrongRooms,
    /// Messages do not say in which room they stand. Teams.
    NoRooms,
    /// A person does something else than answer once and soon. Strikes what is posted. Teams.
    Person {
        /// What.
        does: Manner,
        /// For [`Manner::Late`]: how much later the answer is written.
        #[serde(default)]
        millis: u64,
    },
    /// What follows from a message is noticed so much later. Teams.
    LateSync {
        /// How much.
        millis: u64,
    },
    /// The answer holds what others of the account said.
    Everybody {
        /// Where.
        what: Leak,
    },
}

impl Fault {
    /// Its `kind`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Cut { .. } => "cut",
            Self::Stall { .. } => "stall",
            Self::Hang { .. } => "hang",
            Self::RateLimit { .. } => "rate_limit",
            Self::ServerError { .. } => "server_error",
            Self::Malformed { .. } => "malformed",
            Self::SplitUtf8 => "split_utf8",
            Self::NameInData => "name_in_data",
            Self::PlainText => "plain_text",
            Self::Done => "done",
            Self::BareComplete => "bare_complete",
            Self::NoComplete => "no_complete",
            Self::ErrorEvent { .. } => "error_event",
            Self::Endless => "endless",
            Self::EndlessFrame => "endless_frame",
            Self::LyingLength { .. } => "lying_length",
            Self::Thinks => "thinks",
            Self::Choices => "choices",
            Self::Refused => "refused",
            Self::ChangedIds => "changed_ids",
            Self::IgnoredFilters => "ignored_filters",
            Self::WrongRooms => "wrong_rooms",
            Self::NoRooms => "no_rooms",
            Self::Person { .. } => "person",
            Self::LateSync { .. } => "late_sync",
            Self::Everybody { .. } => "everybody",
        }
    }
}

fn thirty() -> u64 {
    30
}

fn five_hundred() -> u16 {
    500
}

fn three() -> usize {
    3
}

fn one() -> Option<u32> {
    Some(1)
}

fn always() -> f64 {
    1.0
}

/// How a cut body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CutEnding {
    /// A TCP reset.
    #[default]
    Reset,
    /// The connection closes in the middle of the chunked body.
    Truncate,
    /// The body ends as if it were whole.
    Eof,
}

/// The body of an injected HTTP error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorStyle {
    /// The documented one.
    #[default]
    Documented,
    /// The framework's own, as the documents show it for 401.
    Nest,
    /// A gateway's HTML page.
    Html,
    /// Nothing.
    Empty,
}

/// How a frame is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Malformation {
    /// Its data is JSON that breaks off.
    BadJson,
    /// It has an `event:` field and no data.
    MissingData,
    /// An event of an unknown name comes before it.
    UnknownEvent,
    /// Bytes that are no UTF-8 stand in a line before it.
    BadUtf8,
}

/// A fault, and what it applies to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// What goes wrong.
    #[serde(flatten)]
    pub fault: Fault,
    /// How many matching requests it strikes; `null`: all. Default 1.
    #[serde(default = "one")]
    pub times: Option<u32>,
    /// With which probability (0 to 1) it strikes a matching request, by seed. Default 1.
    #[serde(default = "always")]
    pub probability: f64,
    /// Only this method. Default: any.
    #[serde(default)]
    pub method: Option<String>,
    /// Only paths like this, `*` stands for anything. Default: any under `/api/`.
    #[serde(default)]
    pub path: Option<String>,
}

impl Rule {
    /// The next request on a path like this (`*` stands for anything) meets this fault.
    pub fn once(fault: Fault, path: &str) -> Self {
        Self { fault, times: Some(1), probability: 1.0, method: None, path: Some(path.to_owned()) }
    }

    /// What is wrong with the rule itself.
    ///
    /// # Errors
    /// A sentence that names the field.
    pub fn check(&self) -> Result<(), String> {
        if !(0.0..=1.0).contains(&self.probability) {
            return Err(format!("probability is {}, it must be between 0 and 1", self.probability));
        }
        match self.fault {
            Fault::ServerError { status, .. } if !(300..600).contains(&status) => Err(format!("status is {status}, it must be 300 to 599")),
            _ => Ok(()),
        }
    }

    fn matches(&self, method: &str, path: &str) -> bool {
        self.times != Some(0)
            && self.method.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && self.path.as_ref().is_none_or(|pattern| like(pattern.as_bytes(), path.as_bytes()))
    }
}

/// Whether the text is like the pattern, where `*` stands for anything.
fn like(pattern: &[u8], text: &[u8]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) => (0..=text.len()).any(|skipped| like(rest, &text[skipped..])),
        Some((letter, rest)) => text.first() == Some(letter) && like(rest, &text[1..]),
    }
}

/// The rules in force.
#[derive(Debug)]
pub struct Faults {
    inner: Mutex<Inner>,
    released: watch::Sender<u64>,
}

#[derive(Debug)]
struct Inner {
    dice: Dice,
    rules: Vec<Rule>,
}

impl Faults {
    /// None yet; chances are decided by this seed.
    pub fn new(seed: u64) -> Self {
        Self { inner: Mutex::new(Inner { dice: Dice::named(seed, "faults"), rules: Vec::new() }), released: watch::Sender::new(0) }
    }

    /// Adds a rule.
    ///
    /// # Errors
    /// As [`Rule::check`].
    pub fn add(&self, rule: Rule) -> Result<(), String> {
        rule.check()?;
        self.lock().rules.push(rule);
        Ok(())
    }

    /// The rules that can still strike.
    pub fn rules(&self) -> Vec<Rule> {
        self.lock().rules.clone()
    }

    /// Takes every rule away.
    pub fn clear(&self) {
        self.lock().rules.clear();
    }

    /// Takes every rule away and throws the dice anew; whoever is stalled goes on.
    pub fn reset(&self, seed: u64) {
        *self.lock() = Inner { dice: Dice::named(seed, "faults"), rules: Vec::new() };
        self.release();
    }

    /// Lets every request that came before now go on, whether it stalls already or would later.
    pub fn release(&self) {
        self.released.send_modify(|count| *count += 1);
    }

    /// What this request meets. Uses up the rules that strike.
    pub fn strike(&self, method: &str, path: &str) -> Vec<Fault> {
        let mut inner = self.lock();
        let Inner { dice, rules } = &mut *inner;
        let mut struck = Vec::new();
        for rule in rules.iter_mut().filter(|rule| rule.matches(method, path)) {
            if rule.probability < 1.0 && !dice.chance(rule.probability) {
                continue;
            }
            rule.times = rule.times.map(|left| left - 1);
            struck.push(decided(&rule.fault, dice));
        }
        rules.retain(|rule| rule.times != Some(0));
        struck
    }

    /// To be taken when a request comes in, so that no release after that is missed.
    pub(crate) fn releases(&self) -> Released {
        Released(self.released.subscribe())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells one request when it is released.
#[derive(Debug, Clone)]
pub(crate) struct Released(watch::Receiver<u64>);

impl Released {
    /// Waits for a release, or until so many milliseconds have passed.
    pub(crate) async fn or_after(&self, millis: Option<u64>, clock: &dyn Clock) {
        let mut seen = self.0.clone();
        let Some(millis) = millis else {
            let _ = seen.changed().await;
            return;
        };
        tokio::select! {
            _ = seen.changed() => {}
            () = clock.sleep(Duration::from_millis(millis)) => {}
        }
    }
}

/// Fills in what a rule leaves to the seed.
fn decided(fault: &Fault, dice: &mut Dice) -> Fault {
    match fault {
        Fault::Cut { after_bytes: None, ending } => Fault::Cut { after_bytes: Some(dice.within(&(1..=2000))), ending: *ending },
        Fault::Malformed { what, at_event: None } => {
            let at = usize::try_from(dice.within(&(0..=9))).unwrap_or_default();
            Fault::Malformed { what: *what, at_event: Some(at) }
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(json: &str) -> Rule {
        serde_json::from_str(json).expect("a rule")
    }

    #[test]
    fn a_rule_strikes_once_unless_told_otherwise() {
        let faults = Faults::new(1);
        faults.add(rule(r#"{"kind":"rate_limit"}"#)).unwrap();
        assert_eq!(faults.strike("GET", "/a"), [Fault::RateLimit { retry_after: 30 }]);
        assert_eq!(faults.strike("GET", "/a"), []);
        faults.add(rule(r#"{"kind":"done","times":null}"#)).unwrap();
        assert!((0..9).all(|_| faults.strike("GET", "/a").len() == 1));
    }

    #[test]
    fn a_rule_strikes_only_the_paths_and_methods_it_names() {
        let faults = Faults::new(1);
        faults.add(rule(r#"{"kind":"split_utf8","path":"/api/*/stream","method":"post","times":null}"#)).unwrap();
        assert_eq!(faults.strike("GET", "/api/x/stream"), []);
        assert_eq!(faults.strike("POST", "/api/x/streams"), []);
        assert_eq!(faults.strike("POST", "/api/x/y/stream").len(), 1);
    }

    #[test]
    fn chances_are_the_same_for_the_same_seed() {
        let strikes = |seed| {
            let faults = Faults::new(seed);
            faults.add(rule(r#"{"kind":"cut","probability":0.5,"times":null}"#)).unwrap();
            (0..40).map(|_| faults.strike("GET", "/")).collect::<Vec<_>>()
        };
        assert_eq!(strikes(3), strikes(3));
        assert_ne!(strikes(3), strikes(4));
        assert!((10..30).contains(&strikes(3).iter().filter(|struck| !struck.is_empty()).count()));
    }

    #[test]
    fn a_rule_that_makes_no_sense_is_refused() {
        let faults = Faults::new(1);
        assert!(faults.add(rule(r#"{"kind":"done","probability":2}"#)).unwrap_err().contains("probability"));
        assert!(faults.add(rule(r#"{"kind":"server_error","status":200}"#)).unwrap_err().contains("status"));
        assert!(serde_json::from_str::<Rule>(r#"{"kind":"explode"}"#).is_err());
    }
}
