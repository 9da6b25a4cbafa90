//! KamiMind's public API: one call, `POST /public/v1/response`, that says something to a bot and may take files
//! along. Its document says neither how a stream looks nor what an error is, so all likely forms are understood.
//!
//! Two secrets go out and never come back: the bot's token, and the story's id, which opens somebody's history to
//! whoever has it.
//!
//! | file | holds |
//! |---|---|
//! | `form` | the question as a form, its files read from the disk as they are sent |
//! | `answer` | what the pieces of an answer mean, whatever their format |
//! | `format` | which format an answer has, and its pieces |
//! | `story` | which story an answer says it is of |
//! | `habits` | what was learned of this service |
//! | `probe` | looking at an account, and recording what it answers |

mod answer;
mod form;
mod format;
mod habits;
mod probe;
mod story;
#[cfg(test)]
mod tests;

pub(super) use probe::replay;

use super::capture::Capture;
use super::client::ask::Call;
use super::client::{Client, ClientError, Dialect, Timeouts, content_type, page_in_place_of_answer, reading};
use super::{Budget, EventStream, Picture, Probe, Question, Upstream, UpstreamError, UpstreamTwin, configured};
use crate::budget::{Fare, Gate};
use crate::clock::{Clock, Dice, random_id_part};
use crate::config::{self, KamiMindTwin};
use answer::Answer;
use form::Form;
use format::Reader;
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use habits::Habits;
use http::Method;
use std::fmt;
use std::sync::Arc;
use story::Story;
use twinchat_protocol::twin::Capabilities;

/// The one path there is.
const RESPONSE: &str = "/response";

const DIALECT: Dialect = Dialect { budget: |_, _| None, error_code: answer::error_code };

/// One KamiMind account.
pub struct KamiMind {
    client: Client,
    bots: Vec<KamiMindTwin>,
    habits: Arc<Habits>,
    dice: Arc<dyn Dice>,
}

impl KamiMind {
    /// A client for this account and these bots of it, all of whose requests go through this gate.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(
        settings: &config::Upstream,
        bots: &[KamiMindTwin],
        gate: Gate,
        (clock, dice): (Arc<dyn Clock>, Arc<dyn Dice>),
        timeouts: Timeouts,
    ) -> Result<Self, ClientError> {
        let mut client = Client::new(settings, DIALECT, gate, (clock, dice.clone()), timeouts)?;
        bots.iter().for_each(|bot| client.hide(&bot.bot_token));
        let habits = Arc::new(Habits::new(settings.name.as_str(), settings.first_turn));
        Ok(Self { client, bots: bots.to_vec(), habits, dice })
    }

    fn bot(&self, twin: &str) -> Result<&KamiMindTwin, UpstreamError> {
        let unknown = || UpstreamError::NotFound("a bot that is no longer in the settings".to_owned());
        self.bots.iter().find(|bot| bot.listed.id == twin).ok_or_else(unknown)
    }

    /// Asks in a story of before, or in a new one. A service that has lost the story is asked in a new one: better a
    /// twin without memory than a dead conversation.
    async fn answer<'a>(&'a self, question: Question<'a>, fare: &'a Fare) -> Result<EventStream<'a>, UpstreamError> {
        if question.conversation.is_none() {
            return self.ask_once(&question, fare).await;
        }
        // What it has lost it says at once, so the first word tells.
        let begun = async {
            let mut events = self.ask_once(&question, fare).await?;
            let first = events.next().await.transpose()?;
            Ok(stream::iter(first.map(Ok)).chain(events).boxed())
        };
        match begun.await {
            Err(UpstreamError::NotFound(note)) => {
                tracing::warn!(%note, "the upstream has lost a conversation; a new one is begun");
                self.ask_once(&Question { conversation: None, ..question }, fare).await
            }
            begun => begun,
        }
    }

    async fn ask_once(&self, question: &Question<'_>, fare: &Fare) -> Result<EventStream<'static>, UpstreamError> {
        let bot = self.bot(question.twin)?;
        let address = self.client.address(RESPONSE, &[])?;
        let streaming = question.conversation.is_some() || self.habits.first_turn_streams();
        let timeouts = self.client.timeouts;
        // Until the header, files have to be sent, and an answer that is not streamed has to be thought out.
        let patience = if streaming && question.files.is_empty() { timeouts.header } else { timeouts.first_event };
        let form = Form { question, bot_token: Some(&bot.bot_token), streaming, boundary: random_id_part(self.dice.as_ref()) };
        let call = Call { method: Method::POST, address: &address, patience, fare, streamed: streaming };
        let response = self.client.send(&call, || form.fill(self.client.request(&call))).await?;
        let kind = content_type(response.headers());
        if kind.starts_with("text/html") {
            return Err(page_in_place_of_answer());
        }
        let story = Story::new(self.client.name(), question.conversation);
        let answer = Answer::new(story, self.habits.clone(), streaming);
        let events = reading::read(response.into_body(), timeouts, Reader::new(&kind, answer));
        Ok(self.without_ids(events, question.conversation))
    }

    /// The answer without the owner's secrets and without the story's id, should it be repeated in the text.
    fn without_ids(&self, events: EventStream<'static>, story: Option<&str>) -> EventStream<'static> {
        match story {
            Some(story) => self.client.redactor().and(story).stream(events),
            None => story::hidden_once_known(self.client.redactor().stream(events)),
        }
    }
}

impl Upstream for KamiMind {
    fn name(&self) -> &str {
        self.client.name()
    }

    fn capabilities(&self, _: &str) -> Capabilities {
        Capabilities { stream: self.habits.streams(), files: true, stop: true, ..Capabilities::default() }
    }

    fn twins(&self) -> BoxFuture<'_, Result<Vec<UpstreamTwin>, UpstreamError>> {
        let twins = self.bots.iter().map(|bot| configured::twin(&bot.listed)).collect();
        async { Ok(twins) }.boxed()
    }

    /// The first message makes the story.
    fn cost(&self, _: bool) -> u32 {
        1
    }

    fn ask<'a>(&'a self, question: Question<'a>, fare: &'a Fare) -> EventStream<'a> {
        stream::once(self.answer(question, fare).boxed()).try_flatten().boxed()
    }

    fn picture<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Picture, UpstreamError>> {
        configured::picture(&self.client, self.bots.iter().map(|bot| &bot.listed), url).boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Result<Probe, UpstreamError>> {
        self.look().boxed()
    }

    fn capture<'a>(&'a self, twin: &'a str, message: &'a str) -> BoxFuture<'a, Result<Capture, UpstreamError>> {
        self.recorded(twin, message).boxed()
    }

    fn gate(&self) -> &Gate {
        &self.client.gate
    }

    fn budget(&self) -> Option<Budget> {
        self.client.budget()
    }
}

impl fmt::Debug for KamiMind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KamiMind").field("name", &self.name()).finish_non_exhaustive()
    }
}
