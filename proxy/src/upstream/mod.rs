//! The services where the twins live, behind one trait.
//!
//! The owner's key stops here: it goes into one header of requests to one configured origin.
//! What an upstream says is data to be checked, never passed on as it is. Deliberately absent:
//! who is asking, what is kept, and any way to read an upstream's list of conversations.
//!
//! | file | holds |
//! |---|---|
//! | `capture` | what an upstream really sends, as a file to test with |
//! | `client` | what asking any service takes |
//! | `configured` | the twins that the owner names, where the service lists none |
//! | `directory` | all upstreams' twins as one cached list, and their pictures |
//! | `kamimind` | KamiMind's public API |
//! | `kinds` | from the settings to the adapters: the one place that names them all |
//! | `openai` | Chat Completions |
//! | `picture` | what may pass as a picture |
//! | `redact` | takes the owner's key out of what an upstream says |
//! | `teams` | the Teams bridge: people in threads |
//! | `twinexpert` | TwinExpert's Public API |

pub mod capture;
mod client;
mod configured;
mod directory;
mod error;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
pub mod kamimind;
mod kinds;
pub mod openai;
mod picture;
mod redact;
pub mod teams;
pub mod twinexpert;

pub use crate::budget::Budget;
pub use client::{ClientError, Probe, Timeouts};
pub use directory::{Directory, Listed};
pub use error::UpstreamError;
pub use kinds::{open, replay};
pub use picture::Picture;

use crate::budget::{Fare, Gate};
use crate::files::Attachment;
use crate::store::RoomPool;
use capture::Capture;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use std::fmt;
use twinchat_protocol::twin::Capabilities;

/// A twin as its upstream describes it, with everything unknown left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamTwin {
    /// The upstream's id for it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is for; may be empty.
    pub description: String,
    /// Where its picture is, absolute, if the upstream names one.
    pub picture: Option<String>,
    /// Whether it can answer now.
    pub available: bool,
    /// Questions to start with.
    pub starters: Vec<String>,
}

/// What is asked of a twin, and all that its upstream may need to know for that.
#[derive(Debug, Clone, Copy, Default)]
pub struct Question<'a> {
    /// The upstream's id of the twin.
    pub twin: &'a str,
    /// The upstream's id of the conversation; none before it has given one.
    pub conversation: Option<&'a str>,
    /// The conversation's title, for an upstream that keeps one; may be empty.
    pub title: &'a str,
    /// What the visitor says; may be empty when there are files.
    pub content: &'a str,
    /// What was said before, oldest first; as much as [`Upstream::memory`] asks for.
    pub history: &'a [Said],
    /// What is sent along; only to twins that take files.
    pub files: &'a [Attachment],
    /// The message that it answers, for an upstream that can say so.
    pub reply_to: Option<Answered<'a>>,
}

/// A question of before, and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// What the visitor said.
    pub question: String,
    /// What the twin answered; not empty.
    pub answer: String,
}

/// How much of what was said before has to come with a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// The most messages.
    pub messages: u32,
    /// The most characters of them.
    pub chars: usize,
}

impl Memory {
    /// Nothing: the upstream keeps its conversations itself.
    pub const NONE: Self = Self { messages: 0, chars: 0 };
}

/// A message that is answered.
#[derive(Debug, Clone, Copy)]
pub struct Answered<'a> {
    /// When it was written in the conversation's room, exact, in milliseconds since 1970; none when it does not
    /// stand there.
    pub time: Option<i64>,
    /// The beginning of its text.
    pub excerpt: &'a str,
}

/// Something that an account shows and its owner should hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// What it is about, in a word.
    pub topic: &'static str,
    /// What was seen.
    pub seen: String,
    /// What to do, where there is something.
    pub advice: Option<String>,
}

/// What an upstream says while it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpstreamEvent {
    /// It has begun a conversation, with this id of its own. Whoever reads this makes sure that the id is
    /// nobody else's before reading on.
    Began(String),
    /// Something other than text, in its own words.
    Progress(String),
    /// Text to append.
    Delta(String),
    /// The end; with the whole text if the upstream repeats it, which then counts.
    Complete(Option<String>),
    /// The end, where people answer: they have it, and answer when they do.
    Delivered,
}

/// An answer as it comes: nothing is asked before it is read. Ends after `Complete` or an error; an end
/// without either means that the upstream broke off. Dropping it closes the connection.
pub type EventStream<'a> = BoxStream<'a, Result<UpstreamEvent, UpstreamError>>;

/// One account at one service.
pub trait Upstream: fmt::Debug + Send + Sync {
    /// The owner's name for it.
    fn name(&self) -> &str;

    /// What can be done with this twin.
    fn capabilities(&self, twin: &str) -> Capabilities;

    /// All its twins.
    fn twins(&self) -> BoxFuture<'_, Result<Vec<UpstreamTwin>, UpstreamError>>;

    /// How many requests a question takes; `first`: in a conversation that the upstream does not know yet.
    fn cost(&self, first: bool) -> u32;

    /// How much of what was said before this twin has to be told with a question.
    fn memory(&self, twin: &str) -> Memory {
        let _ = twin;
        Memory::NONE
    }

    /// Says something to a twin and gives the answer as it comes.
    fn ask<'a>(&'a self, question: Question<'a>, fare: &'a Fare) -> EventStream<'a>;

    /// Fetches a picture one of its twins names, without the key.
    fn picture<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Picture, UpstreamError>>;

    /// Looks at the account without the tolerance of everyday use, in one request.
    fn probe(&self) -> BoxFuture<'_, Result<Probe, UpstreamError>>;

    /// Says something to a twin in a new conversation and records what comes back, whatever it is.
    fn capture<'a>(&'a self, twin: &'a str, message: &'a str) -> BoxFuture<'a, Result<Capture, UpstreamError>>;

    /// Looks at what is documented nowhere or contradicts itself, in a few requests that change nothing.
    /// `conversation`: one that was just made there, if there is one.
    fn remarks<'a>(&'a self, conversation: Option<&'a str>) -> BoxFuture<'a, Result<Vec<Remark>, UpstreamError>> {
        let _ = conversation;
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    /// Through which whoever wants to ask it has to go first.
    fn gate(&self) -> &Gate;

    /// What is left of its budget, once it has said.
    fn budget(&self) -> Option<Budget>;

    /// Its rooms, where the twins are people in threads. A question's conversation is a room then.
    fn rooms(&self) -> Option<&dyn Rooms> {
        None
    }
}

/// An upstream whose twins are people who talk in threads ("rooms") and answer whenever they do.
pub trait Rooms: fmt::Debug + Send + Sync {
    /// The rooms of a twin, and how they are lent; none for a twin that is no longer in the settings.
    fn pool(&self, twin: &str) -> Option<RoomPool<'_>>;

    /// What was said in these rooms of its own, the latest first, a page of it. One request.
    fn page<'a>(&'a self, rooms: &'a [String], page: u32, fare: &'a Fare) -> BoxFuture<'a, Result<RoomRows, UpstreamError>>;
}

/// A page of what was said in rooms.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoomRows {
    /// What was said in the rooms that were asked for; whatever else came is dropped.
    pub rows: Vec<RoomRow>,
    /// When the oldest of it was written, milliseconds since 1970; none when nothing could be read.
    pub oldest: Option<i64>,
    /// Whether there is another page.
    pub more: bool,
}

/// Something that was said in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomRow {
    /// The upstream's id for it.
    pub id: String,
    /// The room, as it was asked for.
    pub room: String,
    /// When it was written, exact, in milliseconds since 1970.
    pub time: i64,
    /// Under which name.
    pub name: String,
    /// What was said, without what it quotes.
    pub content: String,
    /// What it quotes.
    pub quoted: Option<String>,
    /// Fingerprint of the text as it came.
    pub digest: String,
    /// Whether it may be what was said through us, coming back.
    pub may_be_echo: bool,
}
